-- name: find_context
SELECT
    context.id,
    context.tenant,
    context.kind,
    context.url,
    context.body,
    context.etag,
    context.created_at,
    context.fetched_at,
    coalesce(context_use.hits, 0) AS hits,
    context_use.used_at
FROM broker.context
LEFT JOIN broker.context_use ON context_use.key = context.id
WHERE context.id = $1 OR context.url = $1;

-- name: list_contexts
SELECT
    context.id,
    context.tenant,
    context.kind,
    context.url,
    '' AS body,
    context.etag,
    context.created_at,
    context.fetched_at,
    coalesce(context_use.hits, 0) AS hits,
    context_use.used_at
FROM broker.context
LEFT JOIN broker.context_use ON context_use.key = context.id
WHERE
    (context.tenant = $1 OR context.tenant IS NULL)
    AND ($2::text IS NULL OR context.kind = $2)
ORDER BY context.created_at DESC, context.id
LIMIT 2000;

-- name: count_contexts
SELECT count(*) FROM broker.context
WHERE tenant = $1;

-- name: record_context
-- An implicit one has an id that follows from its content: it may be there already.
INSERT INTO broker.context (id, tenant, kind, body, created_at, fetched_at)
VALUES ($1, $2, $3, $4, $5, $5)
ON CONFLICT (id) DO NOTHING;

-- name: record_cached
INSERT INTO broker.context (id, kind, url, body, etag, created_at, fetched_at)
VALUES ($1, 'Cached', $2, $3, $4, $5, $5)
ON CONFLICT (url) DO UPDATE
    SET body = excluded.body, etag = excluded.etag, fetched_at = excluded.fetched_at
RETURNING id;

-- name: record_fetched
UPDATE broker.context SET fetched_at = $2
WHERE url = $1;

-- name: remove_context
DELETE FROM broker.context
WHERE id = $1;

-- name: remove_unused
DELETE FROM broker.context
WHERE id IN (
    SELECT context.id FROM broker.context
    LEFT JOIN broker.context_use ON context_use.key = context.id
    WHERE context.kind = $1
    ORDER BY coalesce(context_use.used_at, context.fetched_at) DESC
    OFFSET $2
);

-- name: remove_use
DELETE FROM broker.context_use
WHERE key = $1;

-- name: record_use
INSERT INTO broker.context_use (key, hits, used_at)
SELECT
    used.key,
    used.hits,
    used.used_at
FROM unnest($1::text[], $2::bigint[], $3::timestamptz[]) AS used (key, hits, used_at)
ORDER BY used.key
ON CONFLICT (key) DO UPDATE
    SET
        hits = context_use.hits + excluded.hits,
        used_at = greatest(context_use.used_at, excluded.used_at);

-- name: find_use
SELECT
    hits,
    used_at
FROM broker.context_use
WHERE key = $1;

-- name: get_epoch
SELECT epoch FROM broker.context_epoch;

-- name: raise_epoch
UPDATE broker.context_epoch SET epoch = epoch + 1;
