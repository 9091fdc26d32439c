-- name: lock_town
-- Two imports of one town wait for each other; those of different towns do not.
SELECT pg_advisory_xact_lock(hashtext('registry.import:' || $1::text));

-- name: list_known
SELECT resident_id, addressee_number, digest, status
FROM registry.resident
WHERE town = $1;

-- name: list_sealed
SELECT resident_id, addressee_number, household_number, status, sealed
FROM registry.resident
WHERE town = $1 AND addressee_number = ANY($2::text[]);

-- name: record_run
INSERT INTO registry.import_run (
    town, run_id, source, extent, file_sha256, actor_kind, actor_id,
    row_count, taken, refused, added, changed, removed, imported_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14);

-- name: record_findings
INSERT INTO registry.import_finding (town, run_id, row_number, column_name, reason, weight)
SELECT $1, $2, f.row_number, f.column_name, f.reason, f.weight
FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[])
    AS f (row_number, column_name, reason, weight);

-- name: record_households
INSERT INTO registry.household (town, household_number, first_seen_in)
SELECT $1, h.household_number, $2
FROM unnest($3::text[]) AS h (household_number)
ON CONFLICT (town, household_number) DO NOTHING;

-- name: record_residents
INSERT INTO registry.resident (
    town, resident_id, addressee_number, household_number, status, is_head,
    protected_from, protected_until, digest, sealed, run_id
)
SELECT
    $1, r.resident_id, r.addressee_number, r.household_number, r.status, r.is_head,
    r.protected_from, r.protected_until, r.digest, r.sealed, $2
FROM
    unnest(
        $3::uuid[], $4::text[], $5::text[], $6::text[], $7::boolean[],
        $8::date[], $9::date[], $10::bytea[], $11::bytea[]
    )
        AS r (
            resident_id, addressee_number, household_number, status, is_head,
            protected_from, protected_until, digest, sealed
        )
ON CONFLICT (town, addressee_number) DO UPDATE SET
    household_number = excluded.household_number,
    status = excluded.status,
    is_head = excluded.is_head,
    protected_from = excluded.protected_from,
    protected_until = excluded.protected_until,
    digest = excluded.digest,
    sealed = excluded.sealed,
    run_id = excluded.run_id;

-- name: record_absent
UPDATE registry.resident
SET status = 'absent', is_head = FALSE, run_id = $2
WHERE town = $1 AND addressee_number = ANY($3::text[])
RETURNING resident_id;

-- name: void_tokens
DELETE FROM registry.search_token
WHERE town = $1 AND resident_id = ANY($2::uuid[]);

-- name: record_tokens
INSERT INTO registry.search_token (town, token, resident_id)
SELECT $1, t.token, t.resident_id
FROM unnest($2::bytea[], $3::uuid[]) AS t (token, resident_id)
ON CONFLICT DO NOTHING;

-- name: record_changes
INSERT INTO registry.change_record (town, resident_id, run_id, kind, fields, previous)
SELECT $1, c.resident_id, $2, c.kind, string_to_array(c.fields, ','), c.previous
FROM unnest($3::uuid[], $4::text[], $5::text[], $6::bytea[])
    AS c (resident_id, kind, fields, previous);

-- name: list_runs
SELECT
    run_id, town, source, extent, row_count, taken, refused, added, changed, removed, imported_at
FROM registry.import_run
WHERE town = $1
ORDER BY imported_at DESC, run_id DESC
LIMIT 50;

-- name: list_findings
SELECT row_number, column_name, reason, weight
FROM registry.import_finding
WHERE town = $1 AND run_id = $2
ORDER BY row_number
LIMIT 1000;

-- name: find_by_tokens
-- Everybody who carries all of the tokens.
SELECT r.resident_id, r.sealed, r.status
FROM registry.resident AS r
WHERE
    r.town = $1
    AND r.resident_id IN (
        SELECT t.resident_id FROM registry.search_token AS t
        WHERE t.town = $1 AND t.token = ANY($2::bytea[])
        GROUP BY t.resident_id
        HAVING count(*) = cardinality($2::bytea[])
    )
ORDER BY r.resident_id
LIMIT $3::bigint;

-- name: find_resident
SELECT resident_id, sealed, status
FROM registry.resident
WHERE town = $1 AND resident_id = $2;

-- name: list_household
SELECT r.resident_id, r.status, r.sealed, l.pairwise_id
FROM registry.resident AS r
LEFT JOIN registry.link AS l
    ON r.town = l.town AND r.resident_id = l.resident_id AND l.ended_at IS NULL
WHERE r.town = $1 AND r.household_number = $2 AND r.status = 'resident'
ORDER BY r.is_head DESC, r.resident_id
LIMIT 50;

-- name: find_link
SELECT link_id, town, resident_id, linked_at
FROM registry.link
WHERE pairwise_id = $1 AND ended_at IS NULL;

-- name: find_link_of_resident
SELECT link_id, pairwise_id, linked_at
FROM registry.link
WHERE town = $1 AND resident_id = $2 AND ended_at IS NULL;

-- name: record_link
INSERT INTO registry.link (town, resident_id, pairwise_id, method, linked_by, linked_at)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: void_link
UPDATE registry.link
SET ended_at = $3, ended_because = $4
WHERE town = $1 AND link_id = $2 AND ended_at IS NULL;

-- name: list_links
SELECT resident_id, pairwise_id
FROM registry.link
WHERE town = $1 AND resident_id = ANY($2::uuid[]) AND ended_at IS NULL;

-- name: close_cases_of
UPDATE registry.matching_case
SET state = 'refused', closed_at = $2, closed_by = $3, sealed = NULL
WHERE pairwise_id = $1 AND state = 'open';

-- name: open_case
INSERT INTO registry.matching_case (town, pairwise_id, reason, sealed, opened_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (pairwise_id) WHERE state = 'open' DO NOTHING
RETURNING case_id;

-- name: lock_case
SELECT case_id, town, pairwise_id, reason, state, sealed, opened_at
FROM registry.matching_case
WHERE town = $1 AND case_id = $2
FOR UPDATE;

-- name: close_case
UPDATE registry.matching_case
SET state = $3, closed_at = $4, closed_by = $5, sealed = NULL
WHERE town = $1 AND case_id = $2;

-- name: list_open_cases
SELECT case_id, town, reason, state, opened_at
FROM registry.matching_case
WHERE town = ANY($1::text[]) AND state = 'open'
ORDER BY opened_at, case_id
LIMIT 200;

-- name: count_residents
SELECT town, count(*) AS residents
FROM registry.resident
WHERE town = ANY($1::text[]) AND status = 'resident'
GROUP BY town
ORDER BY town
LIMIT 100;

-- name: find_first_run
SELECT min(imported_at) AS imported_at
FROM registry.import_run
WHERE town = ANY($1::text[]) AND source = $2;

-- name: record_upload
INSERT INTO registry.upload (town, upload_id, extent, sealed, uploaded_by, uploaded_at)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: take_upload
-- Who uploaded it takes it, once.
DELETE FROM registry.upload
WHERE town = $1 AND upload_id = $2 AND uploaded_by = $3
RETURNING extent, sealed;

-- name: void_old_uploads
DELETE FROM registry.upload
WHERE town = ANY($1::text[]) AND uploaded_at < $2;

-- name: find_run
SELECT
    run_id, town, source, extent, row_count, taken, refused, added, changed, removed, imported_at
FROM registry.import_run
WHERE town = $1 AND run_id = $2;

-- name: list_changes
SELECT r.addressee_number, c.kind, c.fields
FROM registry.change_record AS c
INNER JOIN registry.resident AS r ON c.town = r.town AND c.resident_id = r.resident_id
WHERE c.town = $1 AND c.run_id = $2
ORDER BY CASE c.kind WHEN 'changed' THEN 1 WHEN 'removed' THEN 2 ELSE 3 END, r.addressee_number
LIMIT 200;

-- name: list_for_audit
-- Read by the auditor, who sees every town.
SELECT
    town, resident_id, addressee_number, household_number, status, is_head,
    protected_from, protected_until, digest, sealed
FROM registry.resident
WHERE (town, resident_id) > ($1, $2)
ORDER BY town, resident_id
LIMIT 5000;

-- name: list_living_links
SELECT town, link_id, pairwise_id
FROM registry.link
WHERE ended_at IS NULL
ORDER BY town, link_id
LIMIT 200000;

-- name: record_due
-- One row a person: what was proved last is what is matched.
INSERT INTO registry.matching_due AS d (pairwise_id, event_id, noticed_at, next_at)
VALUES ($1, $2, $3, $3)
ON CONFLICT (pairwise_id) DO UPDATE
    SET
        event_id = excluded.event_id,
        noticed_at = excluded.noticed_at,
        next_at = excluded.next_at,
        attempts = 0,
        last_failure = NULL
    WHERE d.event_id < excluded.event_id;

-- name: lock_next_due
SELECT pairwise_id, event_id, attempts
FROM registry.matching_due
WHERE next_at <= $1
ORDER BY next_at, pairwise_id
LIMIT 1
FOR UPDATE SKIP LOCKED;

-- name: record_due_turn
UPDATE registry.matching_due SET attempts = $2, next_at = $3 WHERE pairwise_id = $1;

-- name: record_due_failure
UPDATE registry.matching_due SET last_failure = $3 WHERE pairwise_id = $1 AND event_id = $2;

-- name: take_due
-- Nothing comes back when another worker was first, or when something newer was proved meanwhile.
DELETE FROM registry.matching_due
WHERE pairwise_id = $1 AND event_id = $2
RETURNING event_id;

-- name: void_due
DELETE FROM registry.matching_due WHERE pairwise_id = $1;

-- name: list_stuck
SELECT pairwise_id, attempts, last_failure
FROM registry.matching_due
WHERE attempts >= $1
ORDER BY noticed_at, pairwise_id
LIMIT 50;
