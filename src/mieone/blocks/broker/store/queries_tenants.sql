-- name: list_tenants
SELECT name, title, is_default, quota, context_url
FROM broker.tenant
ORDER BY is_default DESC, name
LIMIT 1000;

-- name: find_tenant
SELECT name, title, is_default, quota, context_url
FROM broker.tenant
WHERE name = $1
FOR UPDATE;

-- name: declare_tenant
INSERT INTO broker.tenant (name, title, is_default, quota, context_url)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (name) DO UPDATE SET title = excluded.title;

-- name: set_quota
UPDATE broker.tenant
SET quota = $2
WHERE name = $1;
