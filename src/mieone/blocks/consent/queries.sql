-- name: lock_shared
-- In id order, so that two requests about one household cannot wait for each other.
SELECT
    record_id, person_id, service, dataset, purpose, state, revision, items, excluded, notice_id,
    language, valid_until, reconsent_by, changed_at
FROM consent.record
WHERE person_id = ANY($1::uuid[]) AND service = $2 AND dataset = $3 AND purpose = $4
ORDER BY person_id
FOR SHARE;

-- name: lock_scope
SELECT
    record_id, person_id, service, dataset, purpose, state, revision, items, excluded, notice_id,
    language, valid_until, reconsent_by, changed_at
FROM consent.record
WHERE person_id = $1 AND service = $2 AND dataset = $3 AND purpose = $4
FOR UPDATE;

-- name: lock_record
SELECT
    record_id, person_id, service, dataset, purpose, state, revision, items, excluded, notice_id,
    language, valid_until, reconsent_by, changed_at
FROM consent.record
WHERE record_id = $1 AND person_id = $2
FOR UPDATE;

-- name: find_scope
SELECT
    record_id, person_id, service, dataset, purpose, state, revision, items, excluded, notice_id,
    language, valid_until, reconsent_by, changed_at
FROM consent.record
WHERE person_id = $1 AND service = $2 AND dataset = $3 AND purpose = $4;

-- name: list_of
SELECT
    record_id, person_id, service, dataset, purpose, state, revision, items, excluded, notice_id,
    language, valid_until, reconsent_by, changed_at
FROM consent.record
WHERE person_id = $1 AND state <> 'requested'
ORDER BY state IN ('given', 'reconsent_requested') DESC, changed_at DESC, record_id
LIMIT 200;

-- name: list_ending
SELECT
    record_id, person_id, service, dataset, purpose, state, revision, items, excluded, notice_id,
    language, valid_until, reconsent_by, changed_at
FROM consent.record
WHERE
    (state IN ('given', 'reconsent_requested') AND valid_until <= $1)
    OR (state = 'reconsent_requested' AND reconsent_by <= $1)
ORDER BY record_id
LIMIT $2
FOR UPDATE SKIP LOCKED;

-- name: list_under_older_notice
SELECT
    record_id, person_id, service, dataset, purpose, state, revision, items, excluded, notice_id,
    language, valid_until, reconsent_by, changed_at
FROM consent.record
WHERE service = $1 AND dataset = $2 AND purpose = $3 AND state = 'given' AND notice_id <> $4
ORDER BY record_id
LIMIT $5
FOR UPDATE SKIP LOCKED;

-- name: open_record
INSERT INTO consent.record (
    record_id, person_id, service, dataset, purpose, state, revision, items, excluded, language,
    changed_at
) VALUES ($1, $2, $3, $4, $5, 'requested', 0, '{}', '{}', 'ja', $6)
ON CONFLICT (person_id, service, dataset, purpose) DO NOTHING;

-- name: change_record
UPDATE consent.record
SET
    state = $2, revision = $3, items = $4, excluded = $5, notice_id = $6, language = $7,
    valid_until = $8, reconsent_by = $9, changed_at = $10
WHERE record_id = $1;

-- name: list_events
SELECT
    e.entry_id, e.record_id, e.revision, e.at, e.kind, e.items, e.excluded, e.valid_until,
    r.receipt_id IS NOT NULL AS has_receipt
FROM consent.event AS e
LEFT JOIN consent.receipt AS r ON r.entry_id = e.entry_id
WHERE e.record_id = $1
ORDER BY e.revision DESC
LIMIT 100;

-- name: find_receipt
SELECT r.compact
FROM consent.receipt AS r
INNER JOIN consent.record AS c ON c.record_id = r.record_id
WHERE r.entry_id = $1 AND c.person_id = $2;

-- name: record_receipt
INSERT INTO consent.receipt (receipt_id, entry_id, record_id, compact, issued_at)
VALUES ($1, $2, $3, $4, $5);

-- name: find_notice
SELECT n.notice_id
FROM consent.notice AS n
WHERE n.service = $1 AND n.dataset = $2 AND n.purpose = $3 AND n.content_sha256 = $4;

-- name: next_version
SELECT coalesce(max(n.version), 0) + 1 AS version
FROM consent.notice AS n
WHERE n.service = $1 AND n.dataset = $2 AND n.purpose = $3;

-- name: get_notice_text
SELECT body, sha256 FROM consent.notice_text WHERE notice_id = $1 AND language = $2;

-- name: record_notice
INSERT INTO consent.notice (
    notice_id, service, dataset, purpose, version, content_sha256, written_at
) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: record_notice_text
INSERT INTO consent.notice_text (notice_id, language, body, sha256) VALUES ($1, $2, $3, $4);

-- name: lock_notices
SELECT pg_advisory_xact_lock(hashtextextended('consent.notice', hashtextextended($1, 0)));

-- name: record_ask
INSERT INTO consent.ask (ask_id, person_id, service, details, return_to, invited_by, asked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: find_ask
SELECT
    ask_id, person_id, service, details, return_to, invited_by, asked_at, decided_at, granted
FROM consent.ask
WHERE ask_id = $1 AND person_id = $2;

-- name: lock_ask
SELECT
    ask_id, person_id, service, details, return_to, invited_by, asked_at, decided_at, granted
FROM consent.ask
WHERE ask_id = $1 AND person_id = $2
FOR UPDATE;

-- name: record_answer
UPDATE consent.ask SET decided_at = $2, granted = $3
WHERE ask_id = $1 AND decided_at IS NULL;

-- name: list_open_asks
SELECT
    ask_id, person_id, service, details, return_to, invited_by, asked_at, decided_at, granted
FROM consent.ask
WHERE person_id = $1 AND decided_at IS NULL AND asked_at > $2
ORDER BY asked_at DESC
LIMIT 20;

-- name: list_unproven
-- A record whose latest event does not say what the record says: somebody changed it by hand.
SELECT r.record_id, r.revision, r.state
FROM consent.record AS r
LEFT JOIN consent.event AS e ON e.record_id = r.record_id AND e.revision = r.revision
WHERE (
    r.revision > 0 AND (
        e.entry_id IS NULL
        OR CASE e.kind WHEN 'reconfirmed' THEN 'given' ELSE e.kind END <> r.state
        OR e.service <> r.service OR e.dataset <> r.dataset OR e.purpose <> r.purpose
        OR e.items <> r.items OR e.excluded <> r.excluded
        OR e.notice_id IS DISTINCT FROM r.notice_id
        OR e.valid_until IS DISTINCT FROM r.valid_until
        OR e.reconsent_by IS DISTINCT FROM r.reconsent_by
        OR e.at <> r.changed_at
    )
)
OR (r.revision = 0 AND r.state <> 'requested')
OR EXISTS (
    SELECT FROM consent.event AS later
    WHERE later.record_id = r.record_id AND later.revision > r.revision
)
ORDER BY r.record_id
LIMIT 100;

-- name: list_altered_texts
SELECT t.notice_id, t.language
FROM consent.notice_text AS t
WHERE t.sha256 <> sha256(convert_to(t.body, 'UTF8'))
ORDER BY t.notice_id, t.language
LIMIT 100;
