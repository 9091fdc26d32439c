-- Statements of persons, opt-in, passkeys, identifiers and leaving.

-- name: record_person
INSERT INTO identity.person (person_id, state, user_handle, created_at)
VALUES ($1, 'active', $2, $3);

-- name: find_person_state
SELECT p.state FROM identity.person AS p
WHERE p.person_id = $1;

-- name: lock_person
SELECT p.state FROM identity.person AS p
WHERE p.person_id = $1
FOR UPDATE;

-- name: find_user_handle
SELECT p.user_handle FROM identity.person AS p
WHERE p.person_id = $1;

-- name: record_person_state
UPDATE identity.person SET
    state = $2,
    closed_at = CASE WHEN $2 IN ('closed', 'shredded') THEN coalesce(closed_at, $3) END,
    shredded_at = CASE WHEN $2 = 'shredded' THEN $3 END
WHERE person_id = $1;

-- name: forget_user_handle
UPDATE identity.person SET user_handle = $2
WHERE person_id = $1;

-- name: record_key
-- Nothing comes back when another transaction was first: its key counts.
INSERT INTO identity.person_key (person_id, purpose, wrapped, made_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (person_id, purpose) DO NOTHING
RETURNING wrapped;

-- name: lock_key_shared
-- Held until the transaction ends: what is sealed under it cannot miss its destruction.
SELECT k.wrapped, k.state FROM identity.person_key AS k
WHERE k.person_id = $1 AND k.purpose = $2
FOR SHARE;

-- name: find_key
SELECT k.wrapped, k.state FROM identity.person_key AS k
WHERE k.person_id = $1 AND k.purpose = $2;

-- name: destroy_keys
UPDATE identity.person_key SET wrapped = NULL, state = 'destroyed', destroyed_at = $2
WHERE person_id = $1 AND state = 'active';

-- name: destroy_key
UPDATE identity.person_key SET wrapped = NULL, state = 'destroyed', destroyed_at = $3
WHERE person_id = $1 AND purpose = $2 AND state = 'active';

-- name: record_attribute
INSERT INTO identity.attribute (person_id, name, version, sealed, source, observed_at)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: next_attribute_version
SELECT coalesce(max(a.version), 0) + 1 FROM identity.attribute AS a
WHERE a.person_id = $1;

-- name: list_attributes
-- The newest version of each; a person has a handful.
SELECT DISTINCT ON (a.name) a.name, a.version, a.sealed
FROM identity.attribute AS a
WHERE a.person_id = $1
ORDER BY a.name, a.version DESC
LIMIT 50;

-- name: void_older_attributes
DELETE FROM identity.attribute
WHERE person_id = $1 AND version < $2;

-- name: list_links_of_tokens
SELECT l.link_id, l.person_id, l.kind, l.state, l.token
FROM identity.identity_link AS l
INNER JOIN unnest($1::text[], $2::bytea[]) AS wanted (kind, token)
    ON l.kind = wanted.kind AND l.token = wanted.token
ORDER BY l.link_id
LIMIT 10;

-- name: list_links_of_people
SELECT l.link_id, l.person_id, l.kind, l.state
FROM identity.identity_link AS l
WHERE l.person_id = ANY($1::uuid[])
ORDER BY l.link_id
LIMIT 200;

-- name: lock_token
-- Two proofs of one new card wait for each other instead of making two people.
SELECT pg_advisory_xact_lock(hashtextextended($1, 7126001));

-- name: record_link
INSERT INTO identity.identity_link
(link_id, person_id, kind, sealed_key, token, state, verified_at)
VALUES ($1, $2, $3, $4, $5, 'verified', $6);

-- name: record_link_seen
UPDATE identity.identity_link SET state = 'verified', verified_at = $2
WHERE link_id = $1 AND state IN ('verified', 'stale');

-- name: record_links_superseded
UPDATE identity.identity_link SET state = 'superseded', ended_at = $2
WHERE link_id = ANY($1::uuid[]);

-- name: record_link_stale
UPDATE identity.identity_link SET state = 'stale'
WHERE person_id = $1 AND kind = $2 AND state = 'verified';

-- name: record_proofing
INSERT INTO identity.proofing_event
(
    event_id, person_id, transaction_id, path, method_code, basis, evidence_digest,
    revocation_source, revocation_checked_at, assurance, profile_as_of, is_profile_verified,
    actor_kind, actor_id, at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15);

-- name: record_conflict
INSERT INTO identity.conflict_case (case_id, transaction_id, person_ids, opened_at)
VALUES ($1, $2, $3, $4);

-- name: record_optin
INSERT INTO identity.optin_transaction
(
    transaction_id, browser_digest, state, nonce, purpose, return_to, for_person,
    started_at, expires_at
)
VALUES ($1, $2, 'started', $3, $4, $5, $6, $7, $8);

-- name: find_optin
SELECT
    t.transaction_id AS id, t.state, t.nonce, t.purpose, t.return_to, t.started_at, t.expires_at,
    t.for_person, t.sealed_certificate AS certificate, t.person_id, t.is_new,
    t.failure
FROM identity.optin_transaction AS t
WHERE t.transaction_id = $1 AND ($2::bytea IS NULL OR t.browser_digest = $2);

-- name: lock_optin
SELECT
    t.transaction_id AS id, t.state, t.nonce, t.purpose, t.return_to, t.started_at, t.expires_at,
    t.for_person, t.sealed_certificate AS certificate, t.person_id, t.is_new,
    t.failure
FROM identity.optin_transaction AS t
WHERE t.transaction_id = $1 AND ($2::bytea IS NULL OR t.browser_digest = $2)
FOR UPDATE;

-- name: record_optin_asking
UPDATE identity.optin_transaction SET
    state = 'asking', consumed_at = $2, asked_at = $2, sealed_certificate = $3
WHERE transaction_id = $1 AND state = 'started';

-- name: record_optin_asked
UPDATE identity.optin_transaction SET asked_at = $2
WHERE transaction_id = $1 AND state = 'asking';

-- name: record_optin_failed
UPDATE identity.optin_transaction SET
    state = 'failed', failure = $2, consumed_at = coalesce(consumed_at, $3),
    sealed_certificate = NULL
WHERE transaction_id = $1;

-- name: record_optin_settled
UPDATE identity.optin_transaction SET
    state = 'settled', person_id = $2, is_new = $3, sealed_certificate = NULL
WHERE transaction_id = $1 AND state = 'asking';

-- name: record_optin_done
UPDATE identity.optin_transaction SET state = 'done'
WHERE transaction_id = $1 AND state = 'settled';

-- name: list_forgotten_optins
-- What a crash or an impatient browser left between the two transactions.
SELECT t.transaction_id FROM identity.optin_transaction AS t
WHERE t.state = 'asking' AND t.asked_at < $1 AND t.expires_at > $2
ORDER BY t.asked_at
LIMIT 50;

-- name: void_late_optins
UPDATE identity.optin_transaction SET
    state = 'failed', failure = 'identity/nonce-expired',
    consumed_at = coalesce(consumed_at, $1), sealed_certificate = NULL
WHERE state IN ('started', 'asking') AND expires_at <= $1;

-- name: void_old_optins
DELETE FROM identity.optin_transaction
WHERE expires_at < $1;

-- name: void_optins_of
UPDATE identity.optin_transaction SET
    state = 'failed', failure = 'identity/person-not-active',
    consumed_at = coalesce(consumed_at, $2), sealed_certificate = NULL
WHERE (person_id = $1 OR for_person = $1) AND state <> 'failed';

-- name: record_challenge
INSERT INTO identity.passkey_challenge (challenge, kind, browser_digest, person_id, expires_at)
VALUES ($1, $2, $3, $4, $5);

-- name: spend_challenge
-- One of two at once gets the row; the other finds it spent.
UPDATE identity.passkey_challenge SET spent_at = $4
WHERE challenge = $1 AND kind = $2 AND browser_digest = $3 AND spent_at IS NULL AND expires_at > $4
RETURNING person_id;

-- name: void_old_challenges
DELETE FROM identity.passkey_challenge
WHERE expires_at < $1;

-- name: record_passkey
INSERT INTO identity.passkey
(
    passkey_id, person_id, credential_id, public_key, sign_count, is_backup_eligible,
    is_backed_up, aaguid, sealed_nickname, created_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (credential_id) DO NOTHING
RETURNING passkey_id;

-- name: lock_passkey
SELECT
    k.passkey_id AS id, k.person_id, k.credential_id, k.public_key, k.sign_count,
    k.is_backed_up, k.sealed_nickname, k.state, k.created_at, k.last_used_at
FROM identity.passkey AS k
WHERE k.credential_id = $1
FOR UPDATE;

-- name: list_passkeys
SELECT
    k.passkey_id AS id, k.person_id, k.credential_id, k.public_key, k.sign_count,
    k.is_backed_up, k.sealed_nickname, k.state, k.created_at, k.last_used_at
FROM identity.passkey AS k
WHERE k.person_id = $1 AND k.state <> 'removed'
ORDER BY k.passkey_id
LIMIT 50;

-- name: record_passkey_used
UPDATE identity.passkey SET sign_count = $2, is_backed_up = $3, last_used_at = $4
WHERE passkey_id = $1;

-- name: record_passkey_suspended
UPDATE identity.passkey SET state = 'suspended'
WHERE passkey_id = $1 AND state = 'active';

-- name: record_passkey_removed
UPDATE identity.passkey SET state = 'removed'
WHERE passkey_id = $1 AND person_id = $2 AND state <> 'removed'
RETURNING passkey_id;

-- name: record_pairwise_id
INSERT INTO identity.pairwise_id (sector, person_id, pairwise_id)
VALUES ($1, $2, $3)
ON CONFLICT (sector, person_id) DO NOTHING
RETURNING pairwise_id;

-- name: find_pairwise_id
SELECT w.pairwise_id FROM identity.pairwise_id AS w
WHERE w.sector = $1 AND w.person_id = $2;

-- name: find_person_of
SELECT w.person_id FROM identity.pairwise_id AS w
INNER JOIN identity.person AS p ON p.person_id = w.person_id
WHERE w.sector = $1 AND w.pairwise_id = $2 AND p.state NOT IN ('closed', 'shredded');

-- name: void_forgotten_pairwise_ids
DELETE FROM identity.pairwise_id AS w
USING identity.person AS p
WHERE p.person_id = w.person_id AND p.state = 'shredded' AND p.shredded_at < $1;

-- name: list_protected
SELECT DISTINCT p.subject_id FROM identity.protection AS p
WHERE
    p.subject_id = ANY($1::uuid[])
    AND p.valid_from <= $2 AND (p.valid_until IS NULL OR $2 < p.valid_until)
ORDER BY p.subject_id
LIMIT 100000;

-- name: record_protection
INSERT INTO identity.protection (subject_id, valid_from, valid_until)
VALUES ($1, $2, $3)
ON CONFLICT (subject_id, valid_from) DO UPDATE SET valid_until = excluded.valid_until;

-- name: record_mandate
INSERT INTO identity.mandate
(
    mandate_id, principal_id, agent_id, kind, scope, state, evidence, valid_from, valid_until
)
VALUES ($1, $2, $3, $4, $5, 'active', $6, $7, $8);

-- name: list_mandates
SELECT
    m.mandate_id AS id, m.principal_id AS principal, m.agent_id AS agent, m.kind, m.scope,
    m.valid_from, m.valid_until
FROM identity.mandate AS m
WHERE
    m.agent_id = $1 AND m.principal_id = $2 AND m.state = 'active'
    AND m.valid_from <= $3 AND $3 < m.valid_until
ORDER BY m.mandate_id
LIMIT 100;

-- name: record_mandate_ended
UPDATE identity.mandate SET state = $2, ended_at = $3
WHERE mandate_id = $1 AND state IN ('active', 'suspended', 'draft', 'evidence_pending')
RETURNING mandate_id;

-- name: record_mandates_ended_of
UPDATE identity.mandate SET state = 'ended_by_event', ended_at = $2
WHERE
    (agent_id = $1 OR principal_id = $1)
    AND state IN ('active', 'suspended', 'draft', 'evidence_pending');

-- name: record_mandates_suspended_of
UPDATE identity.mandate SET state = 'suspended'
WHERE principal_id = $1 AND state = 'active';

-- name: void_attributes_of
DELETE FROM identity.attribute
WHERE person_id = $1;

-- name: void_links_of
DELETE FROM identity.identity_link
WHERE person_id = $1;

-- name: void_passkeys_of
DELETE FROM identity.passkey
WHERE person_id = $1;

-- name: void_challenges_of
DELETE FROM identity.passkey_challenge
WHERE person_id = $1;

-- name: record_destruction
INSERT INTO identity.destruction_list (person_id, destroyed_at, reason)
VALUES ($1, $2, $3)
ON CONFLICT (person_id) DO NOTHING;

-- name: list_destructions
SELECT d.number, d.person_id, d.destroyed_at, d.reason
FROM identity.destruction_list AS d
WHERE d.number > $1
ORDER BY d.number
LIMIT 1000;

-- name: list_living_people
SELECT p.person_id FROM identity.person AS p
WHERE p.state NOT IN ('closed', 'shredded') AND p.person_id > $1
ORDER BY p.person_id
LIMIT 1000;

-- name: count_people
SELECT count(*) FROM identity.person AS p
WHERE p.state = 'active';

-- name: list_keyless_people
-- A living person whose key is gone, or a shredded one whose key is not: neither may exist.
SELECT p.person_id, p.state FROM identity.person AS p
LEFT JOIN identity.person_key AS k ON k.person_id = p.person_id AND k.purpose = 'root'
WHERE (p.state = 'shredded') = coalesce(k.state = 'active', false)
ORDER BY p.person_id
LIMIT 100;
