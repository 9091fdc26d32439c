-- name: insert_subscription
-- Nothing comes back when the id is taken.
INSERT INTO broker.subscription
(tenant, id, kind, api, bucket, document, next_interval_at, created_at, modified_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
ON CONFLICT (tenant, id) DO NOTHING
RETURNING sequence;

-- name: lock_subscription
SELECT document
FROM broker.subscription
WHERE tenant = $1 AND id = $2 AND kind = $3 AND api = $4
FOR UPDATE;

-- name: update_subscription
UPDATE broker.subscription
SET document = $3, next_interval_at = $4, modified_at = $5
WHERE tenant = $1 AND id = $2;

-- name: delete_subscription
DELETE FROM broker.subscription
WHERE tenant = $1 AND id = $2 AND kind = $3 AND api = $4
RETURNING id;

-- name: count_subscriptions
SELECT count(*)
FROM broker.subscription
WHERE tenant = $1 AND kind = $2 AND api = $3;

-- name: count_all_subscriptions
SELECT count(*)
FROM broker.subscription
WHERE tenant = $1;

-- name: list_subscriptions
SELECT
    s.document,
    coalesce(t.delivered, 0) AS delivered,
    coalesce(t.dropped, 0) AS dropped,
    coalesce(t.times_sent, 0) AS times_sent,
    coalesce(t.times_failed, 0) AS times_failed,
    coalesce(t.notified, 0) AS notified,
    coalesce(t.notified_failed, 0) AS notified_failed,
    coalesce(t.fails_in_a_row, 0) AS fails_in_a_row,
    t.last_notification,
    t.last_success,
    t.last_success_code,
    t.last_failure,
    t.last_error,
    t.is_failing,
    due.waiting,
    due.retrying,
    due.under_way,
    dead.dead
FROM broker.subscription AS s
LEFT JOIN broker.subscription_total AS t ON t.tenant = s.tenant AND t.subscription = s.id
CROSS JOIN
    LATERAL (
        SELECT
            count(*) FILTER (WHERE d.attempts = 0) AS waiting,
            count(*) FILTER (WHERE d.attempts > 0) AS retrying,
            count(*) FILTER (WHERE d.attempts > 0 AND d.last_error IS NULL) AS under_way
        FROM broker.delivery AS d
        WHERE d.tenant = s.tenant AND d.subscription = s.id AND d.state = 'due'
    ) AS due
CROSS JOIN
    LATERAL (
        SELECT count(*) AS dead
        FROM broker.delivery AS d
        WHERE d.tenant = s.tenant AND d.subscription = s.id AND d.state = 'dead'
    ) AS dead
WHERE
    s.tenant = $1 AND s.kind = $2 AND s.api = $3
    AND ($4::text IS NULL OR s.id = $4)
ORDER BY s.sequence
LIMIT $5 OFFSET $6;

-- name: forgive_failures
UPDATE broker.subscription_total
SET fails_in_a_row = 0
WHERE tenant = $1 AND subscription = $2;

-- name: list_all_subscriptions
SELECT document
FROM broker.subscription
WHERE tenant = $1
ORDER BY sequence
LIMIT 100000;

-- name: raise_epoch
UPDATE broker.tenant
SET subscriptions_epoch = subscriptions_epoch + 1
WHERE name = $1;

-- name: find_epoch
SELECT
    t.subscriptions_epoch,
    coalesce(a.listens_until > $2, false) AS is_heard
FROM broker.tenant AS t
LEFT JOIN broker.audience AS a ON a.tenant = t.name
WHERE t.name = $1;

-- name: list_epochs
SELECT name, subscriptions_epoch
FROM broker.tenant
ORDER BY name
LIMIT 1000;

-- name: drop_deliveries
-- Of a subscription that is deleted: what was still to come counts as dropped.
WITH gone AS (
    DELETE FROM broker.delivery
    WHERE tenant = $1 AND subscription = $2 AND state IN ('due', 'dead')
    RETURNING delivery_id
),

total AS (
    DELETE FROM broker.subscription_total
    WHERE tenant = $1 AND subscription = $2
    RETURNING delivered, dropped, times_sent, times_failed
)

INSERT INTO broker.delivery_total AS kept (tenant, delivered, dropped, times_sent, times_failed)
SELECT
    $1,
    coalesce(sum(t.delivered), 0),
    coalesce(sum(t.dropped), 0) + (SELECT count(*) FROM gone),
    coalesce(sum(t.times_sent), 0),
    coalesce(sum(t.times_failed), 0)
FROM total AS t
ON CONFLICT (tenant) DO UPDATE SET
    delivered = kept.delivered + excluded.delivered,
    dropped = kept.dropped + excluded.dropped,
    times_sent = kept.times_sent + excluded.times_sent,
    times_failed = kept.times_failed + excluded.times_failed;
