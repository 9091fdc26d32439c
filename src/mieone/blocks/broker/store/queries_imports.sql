-- name: find_last_run
SELECT
    digest,
    is_settled AND ended_at IS NOT NULL AND failure IS NULL AS is_settled
FROM broker.import_run
WHERE tenant = $1 AND dataset = $2 AND origin = $3
ORDER BY started_at DESC, run_id DESC
LIMIT 1;

-- name: record_run
INSERT INTO broker.import_run (tenant, dataset, origin, digest, started_at)
VALUES ($1, $2, $3, $4, $5)
RETURNING run_id;

-- name: record_end
UPDATE broker.import_run
SET
    ended_at = $2,
    read_rows = $3,
    written_entities = $4,
    removed_entities = $5,
    unchanged_entities = $6,
    findings = $7,
    failure = $8,
    is_settled = $9
WHERE run_id = $1;

-- name: forget_attempts
DELETE FROM broker.import_run AS old
USING broker.import_run AS new
WHERE
    new.run_id = $1
    AND old.tenant = new.tenant
    AND old.dataset = new.dataset
    AND old.origin = new.origin
    AND old.digest = new.digest
    AND old.run_id < new.run_id
    AND (NOT old.is_settled OR old.failure IS NOT NULL);

-- name: find_brought
SELECT
    i.entity_id,
    i.digests,
    coalesce(e.modified_at = i.written_at, false) AS is_untouched
FROM broker.imported AS i
LEFT JOIN broker.entity AS e ON i.tenant = e.tenant AND i.entity_id = e.id
WHERE i.tenant = $1 AND i.dataset = $2 AND i.entity_id = any($3::text[]);

-- name: record_imported
-- Arrays do not nest: the digests of an entity come as one text of bytes, 16 each.
INSERT INTO broker.imported AS i (tenant, dataset, entity_id, run_id, digests, written_at)
SELECT
    $1,
    $2,
    brought.entity_id,
    $3,
    array(
        SELECT substring(brought.digests FROM at FOR 16)
        FROM generate_series(1, length(brought.digests), 16) AS at
        ORDER BY at
    ) AS digests,
    brought.written_at
FROM unnest($4::text[], $5::bytea[], $6::timestamptz[]) AS brought (entity_id, digests, written_at)
-- Runs are numbered in time: one that started earlier and writes later takes nothing from the newer.
ON CONFLICT (tenant, dataset, entity_id)
DO UPDATE SET
    run_id = greatest(i.run_id, excluded.run_id),
    digests = excluded.digests,
    written_at = coalesce(excluded.written_at, i.written_at);

-- name: touch_imported
UPDATE broker.imported
SET run_id = greatest(run_id, $3::uuid)
WHERE tenant = $1 AND dataset = $2 AND entity_id = any($4::text[]) AND run_id < $3;

-- name: list_tenants_of
SELECT DISTINCT tenant
FROM broker.imported
WHERE dataset = $1
ORDER BY tenant
LIMIT 1000;

-- name: list_vanished
SELECT entity_id
FROM broker.imported
WHERE tenant = $1 AND dataset = $2 AND run_id < $3
ORDER BY entity_id
LIMIT $4;

-- name: count_imported
SELECT count(*) FROM broker.imported
WHERE tenant = $1 AND dataset = $2;

-- name: void_imported
DELETE FROM broker.imported
WHERE tenant = $1 AND dataset = $2 AND entity_id = any($3::text[]);

-- name: list_runs
SELECT
    run_id, tenant, dataset, origin, started_at, ended_at,
    read_rows, written_entities, removed_entities, unchanged_entities, findings, failure, is_settled
FROM broker.import_run
WHERE tenant = any($1::text[]) AND dataset = $2
ORDER BY started_at DESC
LIMIT $3;

-- name: list_latest
SELECT
    dataset,
    max(ended_at) AS ended_at
FROM broker.import_run
WHERE tenant = any($1::text[]) AND failure IS NULL AND written_entities + unchanged_entities > 0
GROUP BY dataset;

-- name: list_imported
SELECT entity_id
FROM broker.imported
WHERE tenant = $1 AND dataset = $2 AND entity_id > $3
ORDER BY entity_id
LIMIT $4;
