-- name: list_history
-- Permits, refusals and acts, newest first; how a permit ended comes beside it.
SELECT
    r.entry_id, r.subject_id, r.kind, r.request_id, r.at, r.actor_kind, r.actor_id, r.organisation,
    r.service, r.purpose, r.decision, r.provider, r.dataset, r.items, r.mandate_id, r.basis,
    r.basis_ref, r.consent_id, r.consent_revision, r.note, o.outcome,
    o.items AS released_items, o.payload_sha256, o.at AS ended_at
FROM access.record AS r
LEFT JOIN LATERAL (
    SELECT e.outcome, e.items, e.payload_sha256, e.at
    FROM access.record AS e
    WHERE e.permit_id = r.entry_id AND e.kind = 'outcome' AND e.entry_id > r.entry_id
    LIMIT 1
) AS o ON r.kind = 'permit'
WHERE
    r.subject_id = ANY($1::uuid[]) AND r.kind <> 'outcome' AND r.visible_from <= $2
    AND ($3::timestamptz IS NULL OR (r.at, r.entry_id) < ($3, $4::uuid))
    AND ($5 OR NOT (r.actor_kind = 'person' AND r.actor_id = ANY($1::uuid[]::text[])))
ORDER BY r.at DESC, r.entry_id DESC
LIMIT $6;

-- name: find_visit
SELECT
    r.entry_id, r.subject_id, r.kind, r.request_id, r.at, r.actor_kind, r.actor_id, r.organisation,
    r.service, r.purpose, r.decision, r.provider, r.dataset, r.items, r.mandate_id, r.basis,
    r.basis_ref, r.consent_id, r.consent_revision, r.note, o.outcome,
    o.items AS released_items, o.payload_sha256, o.at AS ended_at
FROM access.record AS r
LEFT JOIN LATERAL (
    SELECT e.outcome, e.items, e.payload_sha256, e.at
    FROM access.record AS e
    WHERE e.permit_id = r.entry_id AND e.kind = 'outcome' AND e.entry_id > r.entry_id
    LIMIT 1
) AS o ON r.kind = 'permit'
WHERE
    r.subject_id = ANY($1::uuid[]) AND r.entry_id = $2 AND r.kind <> 'outcome'
    AND r.visible_from <= $3;

-- name: summarise
-- Uses by others: what was permitted and what staff did. One's own looking is not counted.
SELECT
    coalesce(o.organisation_group, s.organisation_group, 'other') AS organisation_group,
    count(*) AS uses
FROM access.record AS r
LEFT JOIN access.caption AS o ON o.kind = 'organisation' AND o.id = r.organisation
LEFT JOIN access.caption AS s ON s.kind = 'service' AND s.id = r.service
WHERE
    r.subject_id = ANY($1::uuid[]) AND r.kind IN ('permit', 'act')
    AND r.at >= $2 AND r.at < $3 AND r.visible_from <= $4
    AND NOT (r.actor_kind = 'person' AND r.actor_id = ANY($1::uuid[]::text[]))
GROUP BY 1
ORDER BY 2 DESC, 1
LIMIT 20;

-- name: count_refusals
SELECT count(*) AS refusals
FROM access.record AS r
WHERE
    r.subject_id = ANY($1::uuid[]) AND r.kind = 'refusal'
    AND r.at >= $2 AND r.at < $3 AND r.visible_from <= $4
    AND NOT (r.actor_kind = 'person' AND r.actor_id = ANY($1::uuid[]::text[]));

-- name: count_rows
SELECT
    kind,
    count(*) AS entries
FROM access.record
WHERE subject_id = ANY($1::uuid[])
GROUP BY kind;

-- name: list_subject_ids
SELECT subject_id FROM access.alias WHERE person_id = $1 ORDER BY subject_id LIMIT 50;

-- name: record_alias
INSERT INTO access.alias (person_id, subject_id, linked_at) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING;

-- name: record_caption
INSERT INTO access.caption (kind, id, name, detail, organisation_group, verified)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (kind, id) DO UPDATE
    SET
        name = excluded.name, detail = excluded.detail,
        organisation_group = excluded.organisation_group, verified = excluded.verified;

-- name: list_captions
SELECT kind, id, name, detail, organisation_group, verified
FROM access.caption
WHERE kind = $1 AND id = ANY($2::text[])
ORDER BY id
LIMIT 500;

-- name: record_question
INSERT INTO access.question (question_id, person_id, entry_id, kind, words, opened_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (person_id, entry_id, kind) DO NOTHING
RETURNING question_id;

-- name: list_asked
SELECT kind, opened_at, answered_at
FROM access.question
WHERE person_id = $1 AND entry_id = $2
ORDER BY kind
LIMIT 5;

-- name: list_open_questions
SELECT
    q.question_id, q.person_id, q.entry_id, q.kind, q.words, q.opened_at,
    r.at, r.organisation, r.service, r.purpose, r.decision, r.dataset
FROM access.question AS q
INNER JOIN access.record AS r ON r.entry_id = q.entry_id
WHERE q.answered_at IS NULL
ORDER BY q.opened_at
LIMIT 100;

-- name: record_answer
UPDATE access.question SET answered_at = $2
WHERE question_id = $1 AND answered_at IS NULL
RETURNING person_id, entry_id;

-- name: delete_questions_of
DELETE FROM access.question
WHERE person_id = $1;

-- name: delete_aliases_of
DELETE FROM access.alias
WHERE person_id = $1;

-- name: ensure_months
SELECT access.ensure_months($1::date, $2::integer) AS made;

-- name: list_orphan_outcomes
-- An outcome ends exactly one permit about the same human being and request.
SELECT o.entry_id
FROM access.record AS o
WHERE
    o.kind = 'outcome' AND NOT EXISTS (
        SELECT FROM access.record AS p
        WHERE
            p.entry_id = o.permit_id AND p.kind = 'permit'
            AND p.subject_id = o.subject_id AND p.request_id = o.request_id
    )
ORDER BY o.entry_id
LIMIT 100;

-- name: list_doubled_outcomes
SELECT permit_id
FROM access.record
WHERE kind = 'outcome'
GROUP BY permit_id
HAVING count(*) > 1
ORDER BY permit_id
LIMIT 100;
