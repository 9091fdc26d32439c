-- name: record_key
INSERT INTO broker.api_key (digest, prefix, tenant, title, valid_until)
VALUES ($1, $2, $3, $4, $5);

-- name: find_key_tenant
SELECT tenant
FROM broker.api_key
WHERE digest = $1 AND revoked_at IS NULL AND (valid_until IS NULL OR valid_until > $2);

-- name: list_valid_keys
SELECT digest, tenant
FROM broker.api_key
WHERE revoked_at IS NULL AND (valid_until IS NULL OR valid_until > $1)
ORDER BY digest
LIMIT 100000;

-- name: revoke_key
UPDATE broker.api_key SET revoked_at = $3
WHERE tenant = $1 AND prefix = $2 AND revoked_at IS NULL
RETURNING prefix;

-- name: list_keys
SELECT prefix, title, valid_until, revoked_at
FROM broker.api_key
WHERE tenant = $1
ORDER BY created_at DESC, prefix
LIMIT 1000;
