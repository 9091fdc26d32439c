-- name: lock_entities
-- Held until the transaction ends, taken in id order by everybody.
SELECT id, sequence, document
FROM broker.entity
WHERE tenant = $1 AND id = ANY($2::text[])
ORDER BY id
FOR UPDATE;

-- name: add_entities
-- An id that somebody else has just made does not come back.
-- Arrays do not nest: types and scopes come joined by the unit separator.
INSERT INTO broker.entity (
    tenant, id, types, scopes, document, created_at, modified_at, expires_at,
    ends_at, v2_id, v2_type, v2_path
)
SELECT
    $1,
    made.id,
    string_to_array(made.types, chr(31)),
    string_to_array(made.scopes, chr(31)),
    made.document,
    made.created_at,
    made.modified_at,
    made.expires_at,
    made.ends_at,
    made.v2_id,
    made.v2_type,
    made.v2_path
FROM
    unnest(
        $2::text[],
        $3::text[],
        $4::text[],
        $5::text[],
        $6::timestamptz[],
        $7::timestamptz[],
        $8::timestamptz[],
        $9::timestamptz[],
        $10::text[],
        $11::text[],
        $12::text[]
    )
        AS made (
            id,
            types,
            scopes,
            document,
            created_at,
            modified_at,
            expires_at,
            ends_at,
            v2_id,
            v2_type,
            v2_path
        )
ON CONFLICT (tenant, id) DO NOTHING
RETURNING id, sequence;

-- name: change_entities
-- Here and below the rows are named twice: joined alone, a plan that was made while the table was
-- small would go through all of a tenant's.
UPDATE broker.entity AS kept
SET
    types = string_to_array(changed.types, chr(31)),
    scopes = string_to_array(changed.scopes, chr(31)),
    document = changed.document,
    created_at = changed.created_at,
    modified_at = changed.modified_at,
    expires_at = changed.expires_at,
    ends_at = changed.ends_at,
    v2_id = changed.v2_id,
    v2_type = changed.v2_type,
    v2_path = changed.v2_path
FROM
    unnest(
        $2::bigint[],
        $3::text[],
        $4::text[],
        $5::text[],
        $6::timestamptz[],
        $7::timestamptz[],
        $8::timestamptz[],
        $9::timestamptz[],
        $10::text[],
        $11::text[],
        $12::text[]
    )
        AS changed (
            sequence,
            types,
            scopes,
            document,
            created_at,
            modified_at,
            expires_at,
            ends_at,
            v2_id,
            v2_type,
            v2_path
        )
WHERE
    kept.tenant = $1
    AND kept.sequence = ANY($2::bigint[])
    AND kept.sequence = changed.sequence;

-- name: delete_entities
DELETE FROM broker.entity
WHERE tenant = $1 AND sequence = ANY($2::bigint[]);

-- name: delete_all_types
DELETE FROM broker.entity_type
WHERE tenant = $1 AND sequence = ANY($2::bigint[]);

-- name: delete_all_attributes
DELETE FROM broker.attribute
WHERE tenant = $1 AND sequence = ANY($2::bigint[]);

-- name: delete_types
DELETE FROM broker.entity_type AS kept
USING unnest($2::bigint[], $3::text[]) AS gone (sequence, type)
WHERE
    kept.tenant = $1
    AND kept.type = ANY($3::text[])
    AND kept.sequence = ANY($2::bigint[])
    AND kept.sequence = gone.sequence
    AND kept.type = gone.type;

-- name: add_types
INSERT INTO broker.entity_type (tenant, type, sequence)
SELECT
    $1,
    made.type,
    made.sequence
FROM unnest($2::bigint[], $3::text[]) AS made (sequence, type)
ON CONFLICT DO NOTHING;

-- name: delete_scopes
DELETE FROM broker.entity_scope AS kept
USING unnest($2::bigint[], $3::text[]) AS gone (sequence, key)
WHERE
    kept.tenant = $1
    AND kept.key = ANY($3::text[])
    AND kept.sequence = ANY($2::bigint[])
    AND kept.sequence = gone.sequence
    AND kept.key = gone.key;

-- name: add_scopes
INSERT INTO broker.entity_scope (tenant, key, sequence)
SELECT
    $1,
    made.key,
    made.sequence
FROM unnest($2::bigint[], $3::text[]) AS made (sequence, key)
ON CONFLICT DO NOTHING;

-- name: delete_attributes
DELETE FROM broker.attribute AS kept
USING
    unnest($2::bigint[], $3::text[], $4::text[], $5::smallint[])
        AS gone (sequence, name, dataset, place)
WHERE
    kept.tenant = $1
    AND kept.sequence = ANY($2::bigint[])
    AND kept.name = ANY($3::text[])
    AND kept.sequence = gone.sequence
    AND kept.name = gone.name
    AND kept.dataset = gone.dataset
    AND kept.place = gone.place;

-- name: put_attributes
INSERT INTO broker.attribute (
    tenant, sequence, name, dataset, place, number, words, instant, bounds, is_opaque
)
SELECT
    $1,
    made.sequence,
    made.name,
    made.dataset,
    made.place,
    made.number,
    made.words,
    made.instant,
    CASE
        WHEN made.west IS NOT NULL
            THEN box(point(made.west, made.south), point(made.east, made.north))
    END,
    made.is_opaque
FROM
    unnest(
        $2::bigint[],
        $3::text[],
        $4::text[],
        $5::smallint[],
        $6::double precision[],
        $7::text[],
        $8::timestamptz[],
        $9::double precision[],
        $10::double precision[],
        $11::double precision[],
        $12::double precision[],
        $13::boolean[]
    )
        AS made (
            sequence,
            name,
            dataset,
            place,
            number,
            words,
            instant,
            west,
            south,
            east,
            north,
            is_opaque
        )
ON CONFLICT (tenant, sequence, name, dataset, place) DO UPDATE
    SET
        number = excluded.number,
        words = excluded.words,
        instant = excluded.instant,
        bounds = excluded.bounds,
        is_opaque = excluded.is_opaque;

-- name: list_ended
-- Of a tenant that is no more nothing is told to anybody, and it holds up nobody else.
SELECT e.tenant, e.id
FROM broker.entity AS e
WHERE e.ends_at <= $1 AND EXISTS (SELECT FROM broker.tenant AS t WHERE t.name = e.tenant)
ORDER BY e.ends_at
LIMIT $2;

-- name: count_entities
-- No further than the quota: what lies beyond it is of no interest.
SELECT count(*) FROM (
    SELECT 1 FROM broker.entity WHERE tenant = $1 LIMIT $2
) AS held;
