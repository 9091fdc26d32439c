-- name: forget_same_moments
-- An instance that is sent again with its observedAt stands in the place of the one before.
DELETE FROM broker.history AS h
USING
    unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[])
        AS u (series, observed_at, recorded_at)
WHERE
    h.tenant = $1
    AND h.series = u.series
    AND h.moment = u.observed_at
    AND h.observed_at = u.observed_at
    AND (u.recorded_at IS NULL OR h.recorded_at < u.recorded_at)
    AND NOT h.is_deletion;

-- name: forget_instance
DELETE FROM broker.history
WHERE tenant = $1 AND series = $2 AND recorded_at = $3 AND instance_id = $4;

-- name: forget_instances
DELETE FROM broker.history
WHERE tenant = $1 AND series = ANY($2::uuid[]);

-- name: forget_series
DELETE FROM broker.series
WHERE tenant = $1 AND key = ANY($2::uuid[]);

-- name: forget_temporal_entity
DELETE FROM broker.temporal_entity
WHERE tenant = $1 AND id = $2;

-- name: open_history_months
SELECT broker.open_history_months($1, $2);

-- name: drop_history_months
SELECT broker.drop_history_months($1);

-- name: list_entities_after
-- For jobs that walk through all histories of a tenant.
SELECT
    id,
    sequence,
    types,
    scopes,
    created_at,
    modified_at,
    deleted_at
FROM broker.temporal_entity
WHERE tenant = $1 AND sequence > $2
ORDER BY sequence
LIMIT $3;

-- name: forget_older
-- At most so many of each series a call: no lock is held for long.
WITH old AS (
    SELECT
        h.series,
        h.recorded_at,
        h.instance_id
    FROM unnest($2::uuid[], $3::timestamptz[]) AS u (series, before)
    CROSS JOIN
        LATERAL (
            SELECT
                i.series,
                i.recorded_at,
                i.instance_id
            FROM broker.history AS i
            WHERE i.tenant = $1 AND i.series = u.series AND i.recorded_at < u.before
            ORDER BY i.recorded_at
            LIMIT $4
        ) AS h
    LIMIT $4
)

DELETE FROM broker.history AS h
USING old
WHERE
    h.tenant = $1
    AND h.series = old.series
    AND h.recorded_at = old.recorded_at
    AND h.instance_id = old.instance_id;
