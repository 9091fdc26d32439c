-- name: keep_audience
-- Where nobody listened for a while there is a gap: what was before cannot be made up for.
INSERT INTO broker.audience AS a (tenant, since_sequence, xact_id, listens_until)
SELECT t.name, 0, pg_current_xact_id(), $2
FROM unnest($1::text[]) AS t (name)
ORDER BY t.name
ON CONFLICT (tenant) DO UPDATE
    SET
        xact_id = CASE WHEN a.listens_until < $3 THEN excluded.xact_id ELSE a.xact_id END,
        listens_until = excluded.listens_until
RETURNING tenant, xact_id::text::bigint AS xact_id;

-- name: find_horizon
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon;

-- name: list_between
SELECT sequence, tenant, document
FROM broker.event
WHERE
    xact_id >= $1::text::xid8 AND xact_id < $2::text::xid8
    AND sequence > $3 AND tenant = ANY($4::text[])
ORDER BY sequence
LIMIT $5;
