-- name: record_registration
-- Nothing comes back when the id is taken.
INSERT INTO broker.registration (tenant, id, document, expires_at, created_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant, id) DO NOTHING
RETURNING id;

-- name: lock_registration
SELECT
    document,
    times_sent,
    times_failed,
    last_success,
    last_failure
FROM broker.registration
WHERE tenant = $1 AND id = $2
FOR UPDATE;

-- name: find_registration
SELECT
    document,
    times_sent,
    times_failed,
    last_success,
    last_failure
FROM broker.registration
WHERE tenant = $1 AND id = $2;

-- name: list_registrations
SELECT
    document,
    times_sent,
    times_failed,
    last_success,
    last_failure
FROM broker.registration
WHERE tenant = $1
ORDER BY sequence
LIMIT 10000;

-- name: count_registrations
SELECT count(*)
FROM broker.registration
WHERE tenant = $1;

-- name: change_registration
UPDATE broker.registration
SET document = $3, expires_at = $4
WHERE tenant = $1 AND id = $2;

-- name: delete_registration
DELETE FROM broker.registration
WHERE tenant = $1 AND id = $2
RETURNING document;

-- name: list_ended_registrations
SELECT tenant, id
FROM broker.registration
WHERE expires_at <= $1
ORDER BY expires_at
LIMIT $2;

-- name: raise_registrations_epoch
UPDATE broker.tenant
SET registrations_epoch = registrations_epoch + 1
WHERE name = $1
RETURNING registrations_epoch;

-- name: lock_registrations
-- Held until the end: two registrations that exclude each other are not recorded side by side.
SELECT registrations_epoch
FROM broker.tenant
WHERE name = $1
FOR UPDATE;

-- name: list_epochs
SELECT name, registrations_epoch
FROM broker.tenant
ORDER BY name
LIMIT 1000;

-- name: record_exchanges
UPDATE broker.registration AS r
SET
    times_sent = r.times_sent + asked.sent,
    times_failed = r.times_failed + asked.failed,
    last_success = coalesce(asked.success_at, r.last_success),
    last_failure = coalesce(asked.failure_at, r.last_failure)
FROM (
    SELECT
        unnest($1::text[]) AS tenant,
        unnest($2::text[]) AS id,
        unnest($3::bigint[]) AS sent,
        unnest($4::bigint[]) AS failed,
        unnest($5::timestamptz[]) AS success_at,
        unnest($6::timestamptz[]) AS failure_at
) AS asked
WHERE r.tenant = asked.tenant AND r.id = asked.id;
