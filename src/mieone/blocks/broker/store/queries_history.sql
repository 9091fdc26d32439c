-- name: record_instances
-- A series that is new comes back with its entity: that entity's row must be there too.
WITH given AS (
    SELECT
        u.series,
        u.entity_id,
        u.name,
        u.dataset,
        u.instance_id,
        u.recorded_at,
        u.observed_at,
        u.is_deletion,
        u.sort,
        u.number,
        u.fingerprint,
        u.document
    FROM unnest(
        $2::uuid[],
        $3::text[],
        $4::text[],
        $5::text[],
        $6::uuid[],
        $7::timestamptz[],
        $8::timestamptz[],
        $9::boolean[],
        $10::text[],
        $11::double precision[],
        $12::bigint[],
        $13::text[]
    ) AS u (
        series,
        entity_id,
        name,
        dataset,
        instance_id,
        recorded_at,
        observed_at,
        is_deletion,
        sort,
        number,
        fingerprint,
        document
    )
),

-- Asked for by their keys: a plan made while the table is small must not read all of a tenant's.
known AS MATERIALIZED (
    SELECT s.key
    FROM broker.series AS s
    WHERE s.tenant = $1 AND s.key = ANY($2::uuid[])
),

fresh AS (
    INSERT INTO broker.series (tenant, key, entity_id, name, dataset)
    SELECT DISTINCT
        $1::text,
        g.series,
        g.entity_id,
        g.name,
        g.dataset
    FROM given AS g
    WHERE NOT EXISTS (SELECT FROM known WHERE known.key = g.series)
    ON CONFLICT DO NOTHING
    RETURNING entity_id
),

recorded AS (
    INSERT INTO broker.history (
        tenant,
        series,
        instance_id,
        recorded_at,
        observed_at,
        modified_at,
        moment,
        is_deletion,
        sort,
        number,
        fingerprint,
        document
    )
    SELECT
        $1,
        g.series,
        g.instance_id,
        g.recorded_at,
        g.observed_at,
        g.recorded_at AS modified_at,
        coalesce(g.observed_at, g.recorded_at) AS moment,
        g.is_deletion,
        g.sort,
        g.number,
        g.fingerprint,
        g.document
    FROM given AS g
)

SELECT DISTINCT entity_id
FROM fresh;

-- name: declare_temporal_entities
-- What is already there keeps its beginning; an entity that is back is no longer deleted.
INSERT INTO broker.temporal_entity
(tenant, id, types, scopes, created_at, modified_at, deleted_at)
SELECT
    $1,
    u.id,
    u.types,
    u.scopes,
    u.created_at,
    u.modified_at,
    u.deleted_at
FROM
    jsonb_to_recordset($2::jsonb)
        AS u (
            id text,
            types text[],
            scopes text[],
            created_at timestamptz,
            modified_at timestamptz,
            deleted_at timestamptz
        )
ON CONFLICT (tenant, id) DO UPDATE SET
    types = excluded.types,
    scopes = excluded.scopes,
    modified_at = greatest(temporal_entity.modified_at, excluded.modified_at),
    deleted_at = excluded.deleted_at;

-- name: make_temporal_entity
-- Whoever makes the same one at the same time waits here, and finds it there.
INSERT INTO broker.temporal_entity (tenant, id, types, created_at, modified_at)
VALUES ($1, $2, $3, $4, $4)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: lock_temporal_entity
SELECT
    id,
    sequence,
    types,
    scopes,
    created_at,
    modified_at,
    deleted_at
FROM broker.temporal_entity
WHERE tenant = $1 AND id = $2
FOR UPDATE;

-- name: lock_pasts
-- Whoever looks through what an entity was and whoever adds to it by the temporal API take turns; a tenant's
-- entities share a few locks, taken in order.
SELECT pg_advisory_xact_lock(hashtextextended('broker.past ' || $1, turns.turn))
FROM (
    SELECT DISTINCT abs(hashtextextended(u.id, 0) % 64) AS turn
    FROM unnest($2::text[]) AS u (id)
    ORDER BY turn
) AS turns;

-- name: list_past
-- Every attribute that these entities ever had; with it those documents in which more names may stand.
SELECT
    s.entity_id,
    s.name,
    h.document
FROM broker.series AS s
LEFT JOIN
    LATERAL (
        SELECT i.document
        FROM broker.history AS i
        WHERE
            i.tenant = $1
            AND i.series = s.key
            AND i.document ~ '"(subs|remembered)":|"value":[{[]'
        OFFSET 0
    ) AS h
    ON true
WHERE s.tenant = $1 AND s.entity_id = ANY($2::text[]);

-- name: find_temporal_entity
SELECT
    id,
    sequence,
    types,
    scopes,
    created_at,
    modified_at,
    deleted_at
FROM broker.temporal_entity
WHERE tenant = $1 AND id = $2;

-- name: list_series
SELECT
    s.key,
    s.entity_id,
    s.name,
    s.dataset
FROM broker.series AS s
WHERE
    s.tenant = $1
    AND s.entity_id = ANY($2::text[])
    AND ($3::text[] IS NULL OR s.name = ANY($3))
    AND ($4::text[] IS NULL OR s.dataset = ANY($4))
ORDER BY s.entity_id, s.name, s.dataset
LIMIT 20001;

-- name: find_instance
SELECT
    h.series,
    s.dataset,
    h.recorded_at,
    h.document
FROM broker.series AS s
INNER JOIN broker.history AS h ON s.tenant = h.tenant AND s.key = h.series
WHERE
    s.tenant = $1
    AND s.entity_id = $2
    AND s.name = $3
    AND h.recorded_at = $4
    AND h.instance_id = $5
    AND NOT h.is_deletion
FOR UPDATE OF h;

-- name: correct_instance
UPDATE broker.history
SET
    observed_at = $5,
    modified_at = $6,
    moment = coalesce($5, recorded_at),
    sort = $7,
    number = $8,
    fingerprint = $9,
    document = $10
WHERE tenant = $1 AND series = $2 AND recorded_at = $3 AND instance_id = $4;

-- name: has_current_entity
SELECT exists(
    SELECT FROM broker.entity
    WHERE tenant = $1 AND id = $2
);

-- name: list_policies
SELECT
    tenant,
    type,
    keeps_history,
    retention_days,
    valid_from,
    valid_until,
    reason
FROM broker.history_policy
ORDER BY valid_from
LIMIT 1000;

-- name: declare_policy
INSERT INTO broker.history_policy
(tenant, type, keeps_history, retention_days, valid_from, valid_until, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (tenant, type, valid_from) DO UPDATE SET
    keeps_history = excluded.keeps_history,
    retention_days = excluded.retention_days,
    valid_until = excluded.valid_until,
    reason = excluded.reason;
