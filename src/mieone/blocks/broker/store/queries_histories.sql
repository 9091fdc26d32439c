-- Each question once, by the moment of an instance. By another of its times it is asked of told_by_other_time
-- instead, which the module puts in: $4 is, in the first, whether instances without observedAt are left out; in the
-- second, the name of the time. OFFSET 0 keeps the planner from joining all of the history with a few series: each
-- is looked up by itself.

-- name: list_candidates
SELECT
    e.id,
    e.sequence,
    e.types,
    e.scopes,
    e.created_at,
    e.modified_at,
    e.deleted_at
FROM broker.temporal_entity AS e
WHERE
    e.tenant = $1
    AND e.sequence > $5
    AND ($6::text[] IS NULL OR e.types && $6)
    AND ($7::text[] IS NULL OR e.id = ANY($7))
    AND EXISTS (
        SELECT FROM broker.series AS s
        WHERE
            s.tenant = $1
            AND s.entity_id = e.id
            AND ($8::text[] IS NULL OR s.name = ANY($8))
            AND ($9::text[] IS NULL OR s.dataset = ANY($9))
            AND EXISTS (
                SELECT FROM broker.told_by_moment($1, s.key, $2, $3, $4)
                OFFSET 0
            )
        OFFSET 0
    )
ORDER BY e.sequence
LIMIT $10;

-- name: count_candidates
SELECT count(*)
FROM broker.temporal_entity AS e
WHERE
    e.tenant = $1
    AND ($5::text[] IS NULL OR e.types && $5)
    AND ($6::text[] IS NULL OR e.id = ANY($6))
    AND EXISTS (
        SELECT FROM broker.series AS s
        WHERE
            s.tenant = $1
            AND s.entity_id = e.id
            AND ($7::text[] IS NULL OR s.name = ANY($7))
            AND ($8::text[] IS NULL OR s.dataset = ANY($8))
            AND EXISTS (
                SELECT FROM broker.told_by_moment($1, s.key, $2, $3, $4)
                OFFSET 0
            )
        OFFSET 0
    );

-- name: list_oldest
SELECT
    w.place,
    i.instance_id,
    i.recorded_at,
    i.modified_at,
    i.at,
    i.is_deletion,
    i.document
FROM unnest($5::uuid[]) WITH ORDINALITY AS w (series, place)
CROSS JOIN
    LATERAL (
        SELECT
            h.instance_id,
            h.recorded_at,
            h.modified_at,
            h.is_deletion,
            h.document,
            h.at
        FROM broker.told_by_moment($1, w.series, $2, $3, $4) AS h
        ORDER BY h.at
        FETCH FIRST $6 ROWS WITH TIES
    ) AS i
ORDER BY i.at
FETCH FIRST $7 ROWS WITH TIES;

-- name: list_newest
SELECT
    r.place,
    r.instance_id,
    r.recorded_at,
    r.modified_at,
    r.at,
    r.is_deletion,
    r.document
FROM (
    SELECT
        w.place,
        i.instance_id,
        i.recorded_at,
        i.modified_at,
        i.at,
        i.is_deletion,
        i.document,
        row_number() OVER (PARTITION BY w.place ORDER BY i.at DESC, i.instance_id DESC) AS rank
    FROM unnest($5::uuid[]) WITH ORDINALITY AS w (series, place)
    CROSS JOIN
        LATERAL (
            SELECT
                h.instance_id,
                h.recorded_at,
                h.modified_at,
                h.is_deletion,
                h.document,
                h.at
            FROM broker.told_by_moment($1, w.series, $2, $3, $4) AS h
            ORDER BY h.at DESC
            FETCH FIRST $6 ROWS WITH TIES
        ) AS i
) AS r
WHERE r.rank <= $8
ORDER BY r.at DESC
FETCH FIRST $7 ROWS WITH TIES;

-- name: list_bounds
SELECT
    w.place,
    i.at,
    i.instance_id
FROM unnest($5::uuid[]) WITH ORDINALITY AS w (series, place)
CROSS JOIN LATERAL (
    SELECT
        h.instance_id,
        h.at
    FROM broker.told_by_moment($1, w.series, $2, $3, $4) AS h
    ORDER BY h.at DESC, h.instance_id DESC
    LIMIT 1 OFFSET $6::bigint - 1
) AS i;

-- name: list_extents
SELECT
    w.place,
    i.first_at,
    j.last_at
FROM
    unnest($5::uuid[], $6::timestamptz[])
    WITH ORDINALITY AS w (series, bound_at, place)
CROSS JOIN
    LATERAL (
        SELECT h.at AS first_at
        FROM broker.told_by_moment($1, w.series, $2, $3, $4) AS h
        WHERE h.at >= w.bound_at
        ORDER BY first_at
        LIMIT 1
    ) AS i
CROSS JOIN LATERAL (
    SELECT h.at AS last_at
    FROM broker.told_by_moment($1, w.series, $2, $3, $4) AS h
    ORDER BY last_at DESC
    LIMIT 1
) AS j;

-- name: aggregate
-- Squares of the smallest numbers are nothing to a double, and an underflow to PostgreSQL.
SELECT
    w.place,
    CASE
        WHEN $9::interval IS NOT NULL THEN date_bin($9, h.at, w.anchor)
        ELSE ($10::timestamptz[])[width_bucket(h.at, $10)]
    END AS start,
    count(*) AS total,
    count(h.number) AS numbers,
    sum(h.number) AS sum,
    avg(h.number) AS average,
    min(h.number) AS minimum,
    max(h.number) AS maximum,
    count(h.number) FILTER (WHERE h.sort <> 'a') AS spread,
    stddev_samp(h.number) FILTER (WHERE h.sort <> 'a') AS deviation,
    sum(h.number * h.number)
    FILTER (WHERE h.sort <> 'a' AND abs(h.number) > 1e-150) AS squares,
    count(*) FILTER (WHERE h.sort IN ('s', 't', 'd', 'h')) AS texts
FROM
    unnest($5::uuid[], $6::timestamptz[], $7::uuid[], $8::timestamptz[])
    WITH ORDINALITY AS w (series, bound_at, bound_id, anchor, place)
CROSS JOIN
    LATERAL (
        SELECT
            h.number,
            h.sort,
            h.at
        FROM broker.told_by_moment($1, w.series, $2, $3, $4) AS h
        WHERE (h.at, h.instance_id) >= (w.bound_at, w.bound_id)
        OFFSET 0
    ) AS h
GROUP BY w.place, start
LIMIT $11;

-- name: count_distinct
SELECT
    d.place,
    d.start,
    count(*) AS total
FROM (
    SELECT DISTINCT
        w.place,
        h.fingerprint,
        CASE
            WHEN $9::interval IS NOT NULL THEN date_bin($9, h.at, w.anchor)
            ELSE ($10::timestamptz[])[width_bucket(h.at, $10)]
        END AS start
    FROM
        unnest($5::uuid[], $6::timestamptz[], $7::uuid[], $8::timestamptz[])
        WITH ORDINALITY AS w (series, bound_at, bound_id, anchor, place)
    CROSS JOIN LATERAL (
        SELECT
            h.fingerprint,
            h.at
        FROM broker.told_by_moment($1, w.series, $2, $3, $4) AS h
        WHERE (h.at, h.instance_id) >= (w.bound_at, w.bound_id)
        OFFSET 0
    ) AS h
) AS d
GROUP BY d.place, d.start
LIMIT $11;

-- name: list_texts
SELECT
    w.place,
    h.sort,
    h.document,
    CASE
        WHEN $9::interval IS NOT NULL THEN date_bin($9, h.at, w.anchor)
        ELSE ($10::timestamptz[])[width_bucket(h.at, $10)]
    END AS start
FROM
    unnest($5::uuid[], $6::timestamptz[], $7::uuid[], $8::timestamptz[])
    WITH ORDINALITY AS w (series, bound_at, bound_id, anchor, place)
CROSS JOIN
    LATERAL (
        SELECT
            h.sort,
            h.document,
            h.at
        FROM broker.told_by_moment($1, w.series, $2, $3, $4) AS h
        WHERE
            (h.at, h.instance_id) >= (w.bound_at, w.bound_id)
            AND h.sort IN ('s', 't', 'd', 'h')
        OFFSET 0
    ) AS h
LIMIT $11;

-- name: prefer_indexes
-- Until the transaction ends: a month that has just begun has no statistics that say how much is in it.
SELECT set_config('enable_seqscan', 'off', true);

-- name: list_newest_documents
-- One of each series, to tell what kind of attribute it is.
SELECT
    w.place,
    i.document
FROM unnest($2::uuid[]) WITH ORDINALITY AS w (series, place)
CROSS JOIN LATERAL (
    SELECT h.document
    FROM broker.history AS h
    WHERE h.tenant = $1 AND h.series = w.series
    ORDER BY h.moment DESC
    LIMIT 1
) AS i;
