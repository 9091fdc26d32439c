-- name: see_courier
INSERT INTO broker.courier (holder, seen_at)
VALUES ($1, clock_timestamp())
ON CONFLICT (holder) DO UPDATE SET seen_at = excluded.seen_at;

-- name: forget_couriers
DELETE FROM broker.courier
WHERE holder = $1 OR seen_at < clock_timestamp() - interval '1 minute';

-- name: count_couriers
-- Whoever was seen in the future was seen before the clock was set back.
SELECT count(*)
FROM broker.courier
WHERE
    seen_at BETWEEN clock_timestamp() - $1::interval AND clock_timestamp() + $1::interval;

-- name: renew_leases
UPDATE broker.delivery_lease
SET leased_until = clock_timestamp() + $2::interval
WHERE holder = $1 AND leased_until > clock_timestamp()
RETURNING bucket;

-- name: take_leases
-- One that is longer than any was given before the clock was set back.
UPDATE broker.delivery_lease
SET holder = $1, leased_until = clock_timestamp() + $2::interval
WHERE
    bucket IN (
        SELECT l.bucket
        FROM broker.delivery_lease AS l
        WHERE
            l.leased_until <= clock_timestamp()
            OR l.leased_until > clock_timestamp() + 2 * $2::interval
        ORDER BY l.bucket
        LIMIT $3
        FOR UPDATE SKIP LOCKED
    )
RETURNING bucket;

-- name: release_leases
UPDATE broker.delivery_lease
SET holder = NULL, leased_until = '-infinity'
WHERE holder = $1 AND bucket = ANY($2::smallint[]);

-- name: list_new
-- Everything of transactions that were not all over when we looked last; a row of nothing tells
-- how far that is now.
SELECT
    h.horizon::text::bigint AS horizon,
    d.delivery_id,
    d.tenant,
    d.subscription,
    d.bucket,
    d.order_key,
    d.event,
    d.body,
    d.notification_id,
    d.attempts,
    d.next_at
FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS horizon) AS h
LEFT JOIN broker.delivery AS d
    ON
        d.xact_id >= $1::text::xid8
        AND d.bucket = ANY($2::smallint[])
        AND d.state = 'due'
ORDER BY d.delivery_id
LIMIT $3;

-- name: list_waiting_subscriptions
SELECT DISTINCT tenant, subscription, bucket
FROM broker.delivery
WHERE bucket = ANY($1::smallint[]) AND state = 'due'
LIMIT 100000;

-- name: list_due
SELECT
    delivery_id,
    tenant,
    subscription,
    bucket,
    order_key,
    event,
    body,
    notification_id,
    attempts,
    next_at
FROM broker.delivery
WHERE tenant = $1 AND subscription = $2 AND state = 'due'
ORDER BY delivery_id
LIMIT $3;

-- name: claim
-- Only while the lease is ours; a row that is gone was dropped with its subscription.
UPDATE broker.delivery AS d
SET attempts = d.attempts + 1, notification_id = c.notification_id
FROM unnest($2::bigint[], $3::uuid[]) AS c (delivery_id, notification_id)
WHERE
    d.delivery_id = c.delivery_id AND d.state = 'due'
    AND EXISTS (
        SELECT FROM broker.delivery_lease AS l
        WHERE l.bucket = d.bucket AND l.holder = $1 AND l.leased_until > clock_timestamp()
    )
RETURNING d.delivery_id, d.attempts;

-- name: list_events
SELECT sequence, document
FROM broker.event
WHERE sequence = ANY($1::bigint[]);

-- name: settle
-- Done with, delivered or dropped; counted by the rows that were really there.
WITH told AS (
    SELECT t.delivery_id, t.is_delivered
    FROM unnest($1::bigint[], $2::boolean[]) AS t (delivery_id, is_delivered)
),

gone AS (
    DELETE FROM broker.delivery AS d
    USING told AS t
    WHERE d.delivery_id = t.delivery_id
    RETURNING d.tenant, d.subscription, t.is_delivered
),

counted AS (
    SELECT
        g.tenant,
        g.subscription,
        count(*) FILTER (WHERE g.is_delivered) AS delivered,
        count(*) FILTER (WHERE NOT g.is_delivered) AS dropped,
        exists(
            SELECT FROM broker.subscription AS s
            WHERE s.tenant = g.tenant AND s.id = g.subscription
        ) AS is_there
    FROM gone AS g
    GROUP BY g.tenant, g.subscription
),

orphaned AS (
    INSERT INTO broker.delivery_total AS k (tenant, delivered, dropped)
    SELECT c.tenant, sum(c.delivered), sum(c.dropped)
    FROM counted AS c
    WHERE NOT c.is_there
    GROUP BY c.tenant
    ON CONFLICT (tenant) DO UPDATE SET
        delivered = k.delivered + excluded.delivered, dropped = k.dropped + excluded.dropped
)

INSERT INTO broker.subscription_total AS t (tenant, subscription, delivered, dropped)
SELECT c.tenant, c.subscription, c.delivered, c.dropped
FROM counted AS c
WHERE c.is_there
ORDER BY c.tenant, c.subscription
ON CONFLICT (tenant, subscription) DO UPDATE SET
    delivered = t.delivered + excluded.delivered, dropped = t.dropped + excluded.dropped;

-- name: postpone
UPDATE broker.delivery AS d
SET
    next_at = p.next_at,
    last_error = p.reason,
    state = CASE WHEN p.is_dead THEN 'dead' ELSE 'due' END
FROM
    unnest($1::bigint[], $2::timestamptz[], $3::text[], $4::boolean[])
        AS p (delivery_id, next_at, reason, is_dead)
WHERE d.delivery_id = p.delivery_id AND d.state = 'due';

-- name: record_attempts
-- Failures in a row begin anew where one succeeded since they were last recorded.
INSERT INTO broker.subscription_total AS t (
    tenant, subscription, times_sent, times_failed, notified, notified_failed, fails_in_a_row,
    last_notification, last_success, last_success_code, last_failure, last_error, is_failing
)
SELECT
    a.tenant, a.subscription, a.sent, a.failed, a.notified, a.notified_failed, a.fails_in_a_row,
    a.last_notification, a.last_success, a.code, a.last_failure, a.reason, a.is_failing
FROM
    unnest(
        $1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::int[],
        $8::timestamptz[], $9::timestamptz[], $10::smallint[], $11::timestamptz[], $12::text[],
        $13::boolean[]
    ) AS a (
        tenant, subscription, sent, failed, notified, notified_failed, fails_in_a_row,
        last_notification, last_success, code, last_failure, reason, is_failing
    )
WHERE
    EXISTS (
        SELECT FROM broker.subscription AS s
        WHERE s.tenant = a.tenant AND s.id = a.subscription
    )
ORDER BY a.tenant, a.subscription
ON CONFLICT (tenant, subscription) DO UPDATE
    SET
        times_sent = t.times_sent + excluded.times_sent,
        times_failed = t.times_failed + excluded.times_failed,
        notified = t.notified + excluded.notified,
        notified_failed = t.notified_failed + excluded.notified_failed,
        fails_in_a_row = CASE
            WHEN excluded.last_success IS NULL THEN t.fails_in_a_row + excluded.fails_in_a_row
            ELSE excluded.fails_in_a_row
        END,
        last_notification = excluded.last_notification,
        last_success = coalesce(excluded.last_success, t.last_success),
        last_success_code = coalesce(excluded.last_success_code, t.last_success_code),
        last_failure = coalesce(excluded.last_failure, t.last_failure),
        last_error = coalesce(excluded.last_error, t.last_error),
        is_failing = excluded.is_failing
RETURNING t.tenant, t.subscription, t.fails_in_a_row;

-- name: list_last_notifications
SELECT t.tenant, t.subscription, t.last_notification
FROM broker.subscription_total AS t
INNER JOIN unnest($1::text[], $2::text[]) AS a (tenant, subscription)
    ON t.tenant = a.tenant AND t.subscription = a.subscription
WHERE t.last_notification IS NOT NULL;

-- name: lock_due_intervals
SELECT tenant, id, document
FROM broker.subscription
WHERE next_interval_at <= $1 AND bucket = ANY($2::smallint[])
ORDER BY next_interval_at
LIMIT $3
FOR UPDATE SKIP LOCKED;

-- name: shift_intervals
UPDATE broker.subscription
SET next_interval_at = next_interval_at - $2::interval
WHERE next_interval_at IS NOT NULL AND bucket = ANY($1::smallint[]);

-- name: set_next_interval
UPDATE broker.subscription
SET next_interval_at = $3
WHERE tenant = $1 AND id = $2;

-- name: remove_old_events
-- What nobody is to be told of any more; streams have had their time to catch up.
DELETE FROM broker.event
WHERE sequence IN (
    SELECT e.sequence
    FROM broker.event AS e
    WHERE
        e.recorded_at < $1
        AND NOT EXISTS (SELECT FROM broker.delivery AS d WHERE d.event = e.sequence)
    ORDER BY e.sequence
    LIMIT $2
);

-- name: list_old_dead
SELECT delivery_id
FROM broker.delivery
WHERE state = 'dead' AND recorded_at < $1
ORDER BY delivery_id
LIMIT $2;

-- name: revive
-- In bounded parts; with the same notification id and the count of attempts, so marked as repeats.
UPDATE broker.delivery
SET state = 'due', next_at = $3, xact_id = pg_current_xact_id()
WHERE
    delivery_id IN (
        SELECT d.delivery_id
        FROM broker.delivery AS d
        WHERE d.state = 'dead' AND d.tenant = $1 AND ($2::text IS NULL OR d.subscription = $2)
        ORDER BY d.delivery_id
        LIMIT $4
        FOR UPDATE SKIP LOCKED
    )
RETURNING delivery_id;

-- name: count_deliveries
SELECT
    x.tenant,
    sum(x.delivered)::bigint AS delivered,
    sum(x.dropped)::bigint AS dropped,
    sum(x.times_sent)::bigint AS times_sent,
    sum(x.times_failed)::bigint AS times_failed,
    sum(x.waiting)::bigint AS waiting,
    sum(x.retrying)::bigint AS retrying,
    sum(x.dead)::bigint AS dead
FROM (
    SELECT
        tenant, delivered, dropped, times_sent, times_failed, 0 AS waiting, 0 AS retrying, 0 AS dead
    FROM broker.delivery_total
    UNION ALL
    SELECT tenant, delivered, dropped, times_sent, times_failed, 0, 0, 0
    FROM broker.subscription_total
    UNION ALL
    SELECT
        tenant, 0, 0, 0, 0,
        count(*) FILTER (WHERE state = 'due' AND attempts = 0),
        count(*) FILTER (WHERE state = 'due' AND attempts > 0),
        count(*) FILTER (WHERE state = 'dead')
    FROM broker.delivery
    GROUP BY tenant
) AS x
GROUP BY x.tenant
ORDER BY x.tenant
LIMIT 1000;

-- name: find_oldest_due
SELECT min(recorded_at)
FROM broker.delivery
WHERE state = 'due';
