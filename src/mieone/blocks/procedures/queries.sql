-- name: record_definition
INSERT INTO procedures.definition (sha256, procedure, valid_from, body, recorded_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING;

-- name: find_definition
SELECT body FROM procedures.definition
WHERE sha256 = $1;

-- name: find_draft
SELECT
    draft_id, town, person_id, procedure, definition_hash, answers, submit_token, saved_at,
    case_id
FROM procedures.draft
WHERE draft_id = $1 AND person_id = $2;

-- name: find_open_draft
SELECT
    draft_id, town, person_id, procedure, definition_hash, answers, submit_token, saved_at,
    case_id
FROM procedures.draft
WHERE person_id = $1 AND procedure = $2 AND case_id IS NULL AND expires_at > $3;

-- name: list_open_drafts
SELECT
    draft_id, town, person_id, procedure, definition_hash, answers, submit_token, saved_at,
    case_id
FROM procedures.draft
WHERE person_id = $1 AND case_id IS NULL AND expires_at > $2
ORDER BY saved_at DESC
LIMIT 20;

-- name: record_draft
-- Nothing comes back when another device opened the form first: that draft is the one.
INSERT INTO procedures.draft (
    draft_id,
    town,
    person_id,
    procedure,
    definition_hash,
    answers,
    submit_token,
    saved_at,
    expires_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (person_id, procedure) WHERE case_id IS NULL DO NOTHING
RETURNING draft_id;

-- name: lock_draft_by_token
SELECT
    draft_id, town, person_id, procedure, definition_hash, answers, submit_token, saved_at,
    case_id
FROM procedures.draft
WHERE submit_token = $1 AND person_id = $2
FOR UPDATE;

-- name: save_draft
UPDATE procedures.draft
SET answers = $3, town = $4, saved_at = $5, expires_at = $6
WHERE draft_id = $1 AND person_id = $2 AND case_id IS NULL
RETURNING draft_id;

-- name: close_draft
UPDATE procedures.draft
SET case_id = $2, answers = ''::bytea
WHERE draft_id = $1;

-- name: delete_draft
DELETE FROM procedures.draft
WHERE draft_id = $1 AND person_id = $2 AND case_id IS NULL;

-- name: delete_drafts_of
DELETE FROM procedures.draft
WHERE person_id = $1;

-- name: delete_expired_drafts
DELETE FROM procedures.draft
WHERE expires_at <= $1 AND case_id IS NULL;

-- name: next_number
INSERT INTO procedures.counter (town, series, year, last_number)
VALUES ($1, $2, $3, 1)
ON CONFLICT (town, series, year) DO UPDATE SET last_number = procedures.counter.last_number + 1
RETURNING last_number;

-- name: record_case
INSERT INTO procedures.case_file (
    case_id, town, number, procedure, definition_hash, person_id, authority, submit_token,
    arrived_at, event_on, state, due_on, event_count, changed_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $9);

-- name: record_case_key
INSERT INTO procedures.case_key (case_id, town, sealed)
VALUES ($1, $2, $3);

-- name: find_case_key
SELECT sealed FROM procedures.case_key
WHERE case_id = $1;

-- name: record_answers
INSERT INTO procedures.answers (case_id, version, town, sealed, recorded_at)
VALUES ($1, $2, $3, $4, $5);

-- name: find_answers
SELECT version, sealed FROM procedures.answers
WHERE case_id = $1
ORDER BY version DESC
LIMIT 1;

-- name: find_case
SELECT
    case_id, town, number, procedure, definition_hash, person_id, authority, arrived_at, event_on,
    state, due_on, event_count, changed_at
FROM procedures.case_file
WHERE case_id = $1;

-- name: lock_case
SELECT
    case_id, town, number, procedure, definition_hash, person_id, authority, arrived_at, event_on,
    state, due_on, event_count, changed_at
FROM procedures.case_file
WHERE case_id = $1
FOR UPDATE;

-- name: list_cases_of
SELECT
    case_id, town, number, procedure, definition_hash, person_id, authority, arrived_at, event_on,
    state, due_on, event_count, changed_at
FROM procedures.case_file
WHERE person_id = $1
ORDER BY arrived_at DESC
LIMIT 50;

-- name: list_queue
-- Deadline first, then age. Row security shows only the towns of this transaction, and $7 only
-- what the reader works on: `town/procedure`, or `town/*` for all of a town.
SELECT
    case_id, town, number, procedure, definition_hash, person_id, authority, arrived_at, event_on,
    state, due_on, event_count, changed_at
FROM procedures.case_file
WHERE
    town = ANY($1::text[]) AND state = ANY($2::text[])
    AND ARRAY[town || '/*', town || '/' || procedure] && $7::text[]
    AND (coalesce(due_on, 'infinity'), arrived_at, case_id) > (
        coalesce($3::date, '-infinity'), coalesce($4::timestamptz, '-infinity'),
        coalesce($5::uuid, '00000000-0000-0000-0000-000000000000')
    )
ORDER BY coalesce(due_on, 'infinity'), arrived_at, case_id
LIMIT $6;

-- name: count_queue
SELECT state, count(*) AS cases FROM procedures.case_file
WHERE
    town = ANY($1::text[])
    AND ARRAY[town || '/*', town || '/' || procedure] && $2::text[]
GROUP BY state
LIMIT 50;

-- name: change_case
UPDATE procedures.case_file
SET state = $2, event_count = $3, due_on = $4, changed_at = $5
WHERE case_id = $1;

-- name: list_events
SELECT seq, at, act, actor_class, actor_id, organisation, note
FROM procedures.case_event
WHERE case_id = $1
ORDER BY seq
LIMIT 1000;

-- name: record_task
INSERT INTO procedures.task (
    task_id, town, case_id, task, actor_class, actor_id, is_core, started_at, stopped_at, checked
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: list_tasks
SELECT task, actor_class, actor_id, is_core, started_at, stopped_at, checked
FROM procedures.task
WHERE case_id = $1
ORDER BY stopped_at
LIMIT 100;

-- name: record_evaluation
INSERT INTO procedures.evaluation (
    evaluation_id, town, case_id, answers_version, ruleset_hash, digest, sealed, evaluated_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: find_evaluation
SELECT evaluation_id, answers_version, digest, sealed FROM procedures.evaluation
WHERE evaluation_id = $1 AND case_id = $2;

-- name: record_decision
INSERT INTO procedures.decision (
    decision_id, town, case_id, evaluation_id, outcome, authority, delegation, actor_class,
    decided_by, law_refs, reasons, decided_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: find_decision
SELECT
    decision_id, evaluation_id, outcome, authority, delegation, actor_class, decided_by, law_refs,
    reasons, decided_at
FROM procedures.decision
WHERE case_id = $1;

-- name: record_letter
INSERT INTO procedures.letter (
    letter_id, town, case_id, decision_id, document_number, template, digest, pdf, is_specimen,
    unverified, made_at, made_by
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: find_letter
SELECT letter_id, document_number, digest, is_specimen, unverified, made_at
FROM procedures.letter
WHERE case_id = $1;

-- name: find_letter_pdf
SELECT l.letter_id, l.case_id, l.pdf, l.digest, c.person_id
FROM procedures.letter AS l
INNER JOIN procedures.case_file AS c ON c.case_id = l.case_id
WHERE l.case_id = $1;

-- name: record_entitlement
INSERT INTO procedures.entitlement (
    entitlement_id, town, case_id, person_id, procedure, decision_id, sealed, recorded_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: record_offer
INSERT INTO procedures.offer (town, person_id, procedure, event_on, offered_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING;

-- name: list_offers
SELECT o.town, o.procedure, o.event_on FROM procedures.offer AS o
WHERE
    o.person_id = $1 AND o.event_on > $2
    AND NOT EXISTS (
        SELECT FROM procedures.case_file AS c
        WHERE
            c.person_id = o.person_id
            AND c.procedure = o.procedure
            AND (c.arrived_at AT TIME ZONE 'Asia/Tokyo')::date >= o.event_on
    )
ORDER BY o.event_on DESC
LIMIT 10;

-- name: find_state_faults
-- The state is a fold of the events; a file that says otherwise was changed by hand.
SELECT c.case_id, c.number, c.state, c.event_count, array_agg(e.act ORDER BY e.seq) AS acts
FROM procedures.case_file AS c
INNER JOIN procedures.case_event AS e ON e.case_id = c.case_id
GROUP BY c.case_id, c.number, c.state, c.event_count
LIMIT 100000;

-- name: record_sights
INSERT INTO procedures.queue_sight (town, actor_id, case_id, seen_on)
SELECT c.town, $1, c.case_id, $3
FROM procedures.case_file AS c
WHERE c.case_id = ANY($2::uuid[])
ON CONFLICT DO NOTHING
RETURNING case_id;

-- name: find_latest_evaluation
SELECT evaluation_id FROM procedures.evaluation
WHERE case_id = $1
ORDER BY evaluated_at DESC, evaluation_id DESC
LIMIT 1;

-- name: record_watch
INSERT INTO procedures.birth_watch (person_id, town, look_at)
VALUES ($1, $2, $3)
ON CONFLICT (person_id) DO UPDATE SET town = excluded.town, look_at = excluded.look_at;

-- name: claim_watches
-- The next look is set before the door is asked: a crash costs one look, never a loop.
UPDATE procedures.birth_watch AS w SET look_at = $1 + $2
WHERE
    w.person_id IN (
        SELECT person_id FROM procedures.birth_watch
        WHERE look_at <= $1
        ORDER BY look_at
        LIMIT 20
        FOR UPDATE SKIP LOCKED
    )
RETURNING w.person_id, w.town;

-- name: delete_offers_of
WITH gone AS (
    DELETE FROM procedures.birth_watch
    WHERE person_id = $1
)

DELETE FROM procedures.offer
WHERE person_id = $1;

-- name: find_watched_town
SELECT town FROM procedures.birth_watch
WHERE person_id = $1;
