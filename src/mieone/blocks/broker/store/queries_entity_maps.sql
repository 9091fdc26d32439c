-- name: delete_old_maps
-- The expired, and the oldest beyond the $2 made last.
DELETE FROM broker.entity_map
WHERE
    tenant = $1
    AND (
        expires_at <= now()
        OR created_at < (
            SELECT made.created_at
            FROM broker.entity_map AS made
            WHERE made.tenant = $1
            ORDER BY made.created_at DESC
            LIMIT
                1
                OFFSET $2
        )
    );

-- name: record_map
INSERT INTO broker.entity_map (tenant, id, entries, expires_at)
VALUES ($1, $2, $3, $4);

-- name: find_map
SELECT entries, expires_at
FROM broker.entity_map
WHERE tenant = $1 AND id = $2 AND expires_at > now();

-- name: change_expiry
UPDATE broker.entity_map
SET expires_at = $3
WHERE tenant = $1 AND id = $2 AND expires_at > now()
RETURNING id;

-- name: delete_map
DELETE FROM broker.entity_map
WHERE tenant = $1 AND id = $2
RETURNING id;
