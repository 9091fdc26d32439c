-- name: find_last_digest
SELECT digest
FROM broker.import_run
WHERE tenant = $1 AND dataset = $2 AND origin = $3 AND ended_at IS NOT NULL AND failure IS NULL
ORDER BY started_at DESC
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
    findings = $6,
    failure = $7
WHERE run_id = $1;

-- name: record_imported
INSERT INTO broker.imported AS i (tenant, dataset, entity_id, run_id)
SELECT DISTINCT $1::text, $2::text, brought.entity_id, $4::uuid
FROM unnest($3::text[]) AS brought (entity_id)
-- Runs are numbered in time: one that started earlier and writes later takes nothing from the newer.
ON CONFLICT (tenant, dataset, entity_id)
DO UPDATE SET run_id = greatest(i.run_id, excluded.run_id);

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
    read_rows, written_entities, removed_entities, findings, failure
FROM broker.import_run
WHERE tenant = any($1::text[]) AND dataset = $2
ORDER BY started_at DESC
LIMIT $3;

-- name: list_latest
SELECT
    dataset,
    max(ended_at) AS ended_at
FROM broker.import_run
WHERE tenant = any($1::text[]) AND failure IS NULL AND written_entities > 0
GROUP BY dataset;

-- name: list_imported
SELECT entity_id
FROM broker.imported
WHERE tenant = $1 AND dataset = $2 AND entity_id > $3
ORDER BY entity_id
LIMIT $4;

-- name: declare_feed
INSERT INTO broker.feed_turn (feed) VALUES ($1)
ON CONFLICT DO NOTHING;

-- name: claim_feed
UPDATE broker.feed_turn SET next_at = clock_timestamp() + $2
WHERE feed = $1 AND next_at <= clock_timestamp()
RETURNING feed;
