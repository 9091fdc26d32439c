-- name: find_document
-- A list of one: for a single id a plan made while the table is empty takes the other index.
SELECT document
FROM broker.entity
WHERE tenant = $1 AND id = ANY($2::text[]) AND (expires_at IS NULL OR expires_at > now());

-- name: list_documents_by_id
-- In the order of their ids first: else the index that stands in order of making may be read as a whole.
WITH found AS MATERIALIZED (
    SELECT sequence, document
    FROM broker.entity
    WHERE tenant = $1 AND id = ANY($2::text[]) AND (expires_at IS NULL OR expires_at > now())
    ORDER BY id
)

SELECT document
FROM found
ORDER BY sequence
LIMIT 1000;

-- name: list_documents
SELECT sequence, document
FROM broker.entity
WHERE
    tenant = $1
    AND sequence = ANY($2::bigint[])
    AND (expires_at IS NULL OR expires_at > now())
ORDER BY sequence;

-- name: list_expired_sequences
-- Those that no job has cleared away yet.
SELECT sequence
FROM broker.entity
WHERE tenant = $1 AND expires_at <= now()
LIMIT 100000;

-- name: walk_everything
SELECT sequence
FROM broker.entity
WHERE tenant = $1 AND sequence > $2
ORDER BY sequence
LIMIT $3;

-- name: count_everything
SELECT count(*)
FROM broker.entity
WHERE tenant = $1 AND (expires_at IS NULL OR expires_at > now());

-- name: probe_ids
SELECT sequence
FROM broker.entity
WHERE tenant = $1 AND sequence > $2 AND id = ANY($4::text[])
LIMIT $3;

-- name: probe_v2_ids
-- Two indexes, each asked for itself and in its order: else another may be read as a whole.
WITH by_id AS MATERIALIZED (
    SELECT sequence
    FROM broker.entity
    WHERE tenant = $1 AND id = ANY($4::text[])
    ORDER BY id
),

by_v2_id AS MATERIALIZED (
    SELECT sequence
    FROM broker.entity
    WHERE tenant = $1 AND v2_id = ANY($4::text[])
    ORDER BY v2_id
)

SELECT named.sequence
FROM (
    SELECT sequence FROM by_id
    UNION
    SELECT sequence FROM by_v2_id
) AS named
WHERE named.sequence > $2
LIMIT $3;

-- name: list_ids
SELECT
    sequence,
    id,
    v2_id
FROM broker.entity
WHERE tenant = $1 AND sequence = ANY($2::bigint[]);

-- name: walk_types
-- The first of each type, merged: a list of types alone would have to be sorted as a whole.
SELECT DISTINCT found.sequence
FROM unnest($4::text[]) AS wanted (type)
CROSS JOIN
    LATERAL (
        SELECT kept.sequence
        FROM broker.entity_type AS kept
        WHERE kept.tenant = $1 AND kept.type = wanted.type AND kept.sequence > $2
        ORDER BY kept.sequence
        LIMIT $3
    ) AS found
ORDER BY found.sequence
LIMIT $3;

-- name: filter_types
SELECT DISTINCT sequence
FROM broker.entity_type
WHERE tenant = $1 AND sequence = ANY($2::bigint[]) AND type = ANY($3::text[]);

-- name: walk_scopes
-- What stands under one of these keys.
SELECT DISTINCT found.sequence
FROM unnest($4::text[]) AS wanted (key)
CROSS JOIN
    LATERAL (
        SELECT kept.sequence
        FROM broker.entity_scope AS kept
        WHERE kept.tenant = $1 AND kept.key = wanted.key AND kept.sequence > $2
        ORDER BY kept.sequence
        LIMIT $3
    ) AS found
ORDER BY found.sequence
LIMIT $3;

-- name: filter_scopes
SELECT DISTINCT sequence
FROM broker.entity_scope
WHERE tenant = $1 AND sequence = ANY($2::bigint[]) AND key = ANY($3::text[]);

-- name: walk_names
-- Distinct inside: an attribute with several instances must not shorten what was asked for.
SELECT DISTINCT found.sequence
FROM unnest($4::text[]) AS wanted (name)
CROSS JOIN
    LATERAL (
        SELECT DISTINCT kept.sequence
        FROM broker.attribute AS kept
        WHERE
            kept.tenant = $1
            AND kept.name = wanted.name
            AND kept.place = 0
            AND kept.sequence > $2
        ORDER BY kept.sequence
        LIMIT $3
    ) AS found
ORDER BY found.sequence
LIMIT $3;

-- name: filter_names
SELECT DISTINCT sequence
FROM broker.attribute
WHERE
    tenant = $1
    AND sequence = ANY($2::bigint[])
    AND name = ANY($3::text[])
    AND place = 0;

-- name: walk_values
-- Equal values, and what only the document knows, in their order of making.
SELECT DISTINCT found.sequence
FROM (
    SELECT one.sequence
    FROM unnest($5::double precision[]) AS wanted (number)
    CROSS JOIN
        LATERAL (
            SELECT DISTINCT kept.sequence
            FROM broker.attribute AS kept
            WHERE
                kept.tenant = $1
                AND kept.name = $4
                AND kept.number = wanted.number
                AND kept.sequence > $2
            ORDER BY kept.sequence
            LIMIT $3
        ) AS one
    UNION ALL
    SELECT one.sequence
    FROM unnest($6::text[]) AS wanted (words)
    CROSS JOIN
        LATERAL (
            SELECT DISTINCT kept.sequence
            FROM broker.attribute AS kept
            WHERE
                kept.tenant = $1
                AND kept.name = $4
                AND kept.words = wanted.words
                AND kept.sequence > $2
            ORDER BY kept.sequence
            LIMIT $3
        ) AS one
    UNION ALL
    SELECT one.sequence
    FROM unnest($7::timestamptz[]) AS wanted (instant)
    CROSS JOIN
        LATERAL (
            SELECT DISTINCT kept.sequence
            FROM broker.attribute AS kept
            WHERE
                kept.tenant = $1
                AND kept.name = $4
                AND kept.instant = wanted.instant
                AND kept.sequence > $2
            ORDER BY kept.sequence
            LIMIT $3
        ) AS one
    UNION ALL
    SELECT one.sequence
    FROM (
        SELECT DISTINCT kept.sequence
        FROM broker.attribute AS kept
        WHERE kept.tenant = $1 AND kept.name = $4 AND kept.is_opaque AND kept.sequence > $2
        ORDER BY kept.sequence
        LIMIT $3
    ) AS one
) AS found
ORDER BY found.sequence
LIMIT $3;

-- name: probe_values
-- Some $3 of them in no order: who gets fewer has them all. With $12 those of several values too.
SELECT
    found.sequence,
    found.is_opaque
FROM (
    SELECT
        one.sequence,
        false AS is_opaque
    FROM unnest($5::double precision[]) AS wanted (number)
    CROSS JOIN
        LATERAL (
            SELECT kept.sequence
            FROM broker.attribute AS kept
            WHERE
                kept.tenant = $1
                AND kept.name = $4
                AND kept.number = wanted.number
                AND kept.sequence > $2
            LIMIT $3
        ) AS one
    UNION ALL
    SELECT
        one.sequence,
        false AS is_opaque
    FROM unnest($6::text[]) AS wanted (words)
    CROSS JOIN
        LATERAL (
            SELECT kept.sequence
            FROM broker.attribute AS kept
            WHERE
                kept.tenant = $1
                AND kept.name = $4
                AND kept.words = wanted.words
                AND kept.sequence > $2
            LIMIT $3
        ) AS one
    UNION ALL
    SELECT
        one.sequence,
        false AS is_opaque
    FROM unnest($7::timestamptz[]) AS wanted (instant)
    CROSS JOIN
        LATERAL (
            SELECT kept.sequence
            FROM broker.attribute AS kept
            WHERE
                kept.tenant = $1
                AND kept.name = $4
                AND kept.instant = wanted.instant
                AND kept.sequence > $2
            LIMIT $3
        ) AS one
    UNION ALL
    SELECT
        one.sequence,
        false AS is_opaque
    FROM unnest($8::double precision[], $9::double precision[]) AS wanted (low, high)
    CROSS JOIN
        LATERAL (
            SELECT kept.sequence
            FROM broker.attribute AS kept
            WHERE
                kept.tenant = $1
                AND kept.name = $4
                AND kept.number BETWEEN wanted.low AND wanted.high
                AND kept.sequence > $2
            LIMIT $3
        ) AS one
    UNION ALL
    SELECT
        one.sequence,
        false AS is_opaque
    FROM unnest($10::timestamptz[], $11::timestamptz[]) AS wanted (low, high)
    CROSS JOIN
        LATERAL (
            SELECT kept.sequence
            FROM broker.attribute AS kept
            WHERE
                kept.tenant = $1
                AND kept.name = $4
                AND kept.instant BETWEEN wanted.low AND wanted.high
                AND kept.sequence > $2
            LIMIT $3
        ) AS one
    UNION ALL
    SELECT
        one.sequence,
        true AS is_opaque
    FROM (
        SELECT kept.sequence
        FROM broker.attribute AS kept
        WHERE kept.tenant = $1 AND kept.name = $4 AND kept.is_opaque AND kept.sequence > $2
        LIMIT $3
    ) AS one
    UNION ALL
    SELECT
        one.sequence,
        true AS is_opaque
    FROM (
        SELECT kept.sequence
        FROM broker.attribute AS kept
        WHERE
            $12::boolean
            AND kept.tenant = $1
            AND kept.name = $4
            AND (kept.place > 0 OR kept.dataset <> '@none')
            AND kept.sequence > $2
        LIMIT $3
    ) AS one
) AS found
LIMIT $3;

-- name: filter_values
SELECT DISTINCT kept.sequence
FROM broker.attribute AS kept
WHERE
    kept.tenant = $1
    AND kept.sequence = ANY($2::bigint[])
    AND kept.name = $3
    AND (
        kept.is_opaque
        OR kept.number = ANY($4::double precision[])
        OR kept.words = ANY($5::text[])
        OR kept.instant = ANY($6::timestamptz[])
        OR EXISTS (
            SELECT 1
            FROM unnest($7::double precision[], $8::double precision[]) AS wanted (low, high)
            WHERE kept.number BETWEEN wanted.low AND wanted.high
        )
        OR EXISTS (
            SELECT 1
            FROM unnest($9::timestamptz[], $10::timestamptz[]) AS wanted (low, high)
            WHERE kept.instant BETWEEN wanted.low AND wanted.high
        )
        OR ($11::boolean AND (kept.place > 0 OR kept.dataset <> '@none'))
    );

-- name: probe_bounds
-- OFFSET 0: by tenant alone, which another index could give, everything of it would be read.
SELECT found.sequence
FROM
    unnest(
        $5::double precision[],
        $6::double precision[],
        $7::double precision[],
        $8::double precision[]
    ) AS wanted (west, south, east, north)
CROSS JOIN
    LATERAL (
        SELECT kept.sequence
        FROM (
            SELECT
                held.tenant,
                held.sequence,
                held.name
            FROM broker.attribute AS held
            WHERE
                held.bounds
                && box(point(wanted.west, wanted.south), point(wanted.east, wanted.north))
            OFFSET 0
        ) AS kept
        WHERE
            kept.tenant = $1
            AND ($4::text IS NULL OR kept.name = $4)
            AND kept.sequence > $2
        LIMIT $3
    ) AS found
LIMIT $3;

-- name: filter_bounds
SELECT DISTINCT kept.sequence
FROM broker.attribute AS kept
WHERE
    kept.tenant = $1
    AND kept.sequence = ANY($2::bigint[])
    AND ($3::text IS NULL OR kept.name = $3)
    AND EXISTS (
        SELECT 1
        FROM
            unnest(
                $4::double precision[],
                $5::double precision[],
                $6::double precision[],
                $7::double precision[]
            ) AS wanted (west, south, east, north)
        WHERE
            kept.bounds
            && box(point(wanted.west, wanted.south), point(wanted.east, wanted.north))
    );

-- name: count_types
SELECT count(DISTINCT sequence)
FROM broker.entity_type
WHERE tenant = $1 AND type = ANY($2::text[]);
