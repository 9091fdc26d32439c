-- name: record_events
-- The numbers come back in the order of the arrays.
INSERT INTO broker.event (tenant, entity_id, recorded_at, document)
SELECT $1, e.entity_id, $2, e.document
FROM unnest($3::text[], $4::text[]) WITH ORDINALITY AS e (entity_id, document, place)
ORDER BY e.place
RETURNING sequence;

-- name: record_deliveries
INSERT INTO broker.delivery
(tenant, subscription, bucket, order_key, event, next_at, recorded_at)
SELECT $1, d.subscription, d.bucket, d.order_key, d.event, $2, $2
FROM
    unnest($3::text[], $4::smallint[], $5::text[], $6::bigint[]) WITH ORDINALITY
        AS d (subscription, bucket, order_key, event, place)
ORDER BY d.place;

-- name: record_body
INSERT INTO broker.delivery
(tenant, subscription, bucket, order_key, body, next_at, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $6);

-- name: supersede_bodies
-- Those never tried, of one subscription and key: a newer whole state is on its way.
WITH gone AS (
    DELETE FROM broker.delivery
    WHERE
        tenant = $1 AND subscription = $2 AND order_key = $3
        AND state = 'due' AND attempts = 0 AND body IS NOT NULL
    RETURNING delivery_id
)

INSERT INTO broker.subscription_total AS t (tenant, subscription, dropped)
SELECT $1, $2, count(*)
FROM gone
HAVING count(*) > 0
ON CONFLICT (tenant, subscription) DO UPDATE SET dropped = t.dropped + excluded.dropped;
