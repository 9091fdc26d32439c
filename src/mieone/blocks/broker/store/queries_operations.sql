-- name: count_held
SELECT
    t.name AS tenant,
    t.title,
    t.quota,
    coalesce(e.n, 0)::bigint AS entities,
    coalesce(s.n, 0)::bigint AS subscriptions,
    coalesce(r.n, 0)::bigint AS registrations
FROM broker.tenant AS t
LEFT JOIN (SELECT tenant, count(*) AS n FROM broker.entity GROUP BY tenant) AS e
    ON t.name = e.tenant
LEFT JOIN (SELECT tenant, count(*) AS n FROM broker.subscription GROUP BY tenant) AS s
    ON t.name = s.tenant
LEFT JOIN (SELECT tenant, count(*) AS n FROM broker.registration GROUP BY tenant) AS r
    ON t.name = r.tenant
ORDER BY t.is_default DESC, t.name
LIMIT 1000;

-- name: list_dead_subscriptions
SELECT
    d.tenant,
    d.subscription,
    d.deliveries,
    d.oldest_at,
    d.last_error,
    s.document
FROM (
    SELECT
        tenant,
        subscription,
        count(*) AS deliveries,
        min(recorded_at) AS oldest_at,
        max(last_error) AS last_error
    FROM broker.delivery
    WHERE state = 'dead'
    GROUP BY tenant, subscription
    ORDER BY min(recorded_at)
    LIMIT 200
) AS d
LEFT JOIN broker.subscription AS s ON d.tenant = s.tenant AND d.subscription = s.id
ORDER BY d.oldest_at;

-- name: count_workers
-- Those that deliver, and the parts of the subscriptions that nobody delivers for.
SELECT
    (
        SELECT count(*)
        FROM broker.courier
        WHERE seen_at > clock_timestamp() - interval '30 seconds'
    ) AS workers,
    (
        SELECT count(*)
        FROM broker.delivery_lease
        WHERE leased_until < clock_timestamp()
    ) AS unheld;
