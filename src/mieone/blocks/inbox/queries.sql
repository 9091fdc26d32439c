-- name: record_message
-- Nothing comes back when the key is taken: the same note is delivered once.
INSERT INTO inbox.message (message_id, key, person_id, sealed, arrived_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (key) DO NOTHING
RETURNING message_id;

-- name: record_delivery
INSERT INTO inbox.delivery (delivery_id, message_id, channel, state, changed_at, changed_by)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: list_messages
SELECT m.message_id, m.person_id, m.sealed, m.arrived_at, m.read_at FROM inbox.message AS m
WHERE m.person_id = $1 AND ($2::uuid IS NULL OR m.message_id < $2)
ORDER BY m.message_id DESC
LIMIT $3;

-- name: list_unread
SELECT m.message_id, m.person_id, m.sealed, m.arrived_at, m.read_at FROM inbox.message AS m
WHERE m.person_id = $1 AND m.read_at IS NULL
ORDER BY m.message_id DESC
LIMIT $2;

-- name: find_message
SELECT m.message_id, m.person_id, m.sealed, m.arrived_at, m.read_at FROM inbox.message AS m
WHERE m.message_id = $1 AND m.person_id = $2;

-- name: mark_read
UPDATE inbox.message SET read_at = $3
WHERE message_id = $1 AND person_id = $2 AND read_at IS NULL
RETURNING message_id;

-- name: find_delivery_state
SELECT state FROM inbox.delivery
WHERE message_id = $1 AND channel = $2
ORDER BY delivery_id DESC
LIMIT 1;

-- name: list_print_queue
SELECT latest.message_id, latest.changed_at FROM (
    SELECT DISTINCT ON (d.message_id) d.message_id, d.state, d.changed_at
    FROM inbox.delivery AS d
    WHERE d.channel = 'print'
    ORDER BY d.message_id, d.delivery_id DESC
) AS latest
WHERE latest.state = 'created'
ORDER BY latest.changed_at
LIMIT $1;

-- name: delete_messages_of
DELETE FROM inbox.message
WHERE person_id = $1;
