-- name: record_organisation
INSERT INTO identity.organisation (
    organisation_id, kind, name, name_en, seat_town, is_sample, registered_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (organisation_id) DO NOTHING
RETURNING organisation_id;

-- name: find_organisation
SELECT organisation_id, kind, name, name_en, seat_town, is_sample
FROM identity.organisation
WHERE organisation_id = $1;

-- name: list_organisations
SELECT organisation_id, kind, name, name_en, seat_town, is_sample
FROM identity.organisation
WHERE organisation_id > $1
ORDER BY organisation_id
LIMIT $2;

-- name: find_organisation_of_town
SELECT organisation_id, kind, name, name_en, seat_town, is_sample
FROM identity.organisation
WHERE seat_town = $1 AND kind = 'town';

-- name: record_post
INSERT INTO identity.staff_post (
    post_id, organisation_id, role, name, is_sample, user_handle, opened_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (post_id) DO NOTHING;

-- name: find_post
SELECT
    post_id, organisation_id, role, name, is_sample, user_handle, session_towns, ended_at
FROM identity.staff_post
WHERE post_id = $1 AND ended_at IS NULL;

-- name: list_sample_posts
SELECT
    p.post_id, p.organisation_id, p.role, p.name, p.is_sample, p.user_handle, p.session_towns,
    p.ended_at
FROM identity.staff_post AS p
WHERE p.is_sample AND p.ended_at IS NULL
ORDER BY p.organisation_id, p.role, p.name
LIMIT 200;

-- name: list_posts_of_associations
SELECT
    p.post_id, p.organisation_id, p.role, p.name, p.is_sample, p.user_handle, p.session_towns,
    p.ended_at
FROM identity.staff_post AS p
WHERE p.role = 'association' AND p.ended_at IS NULL AND cardinality(p.session_towns) > 0
ORDER BY p.post_id
LIMIT 1000;

-- name: record_session_towns
UPDATE identity.staff_post SET session_towns = $2
WHERE post_id = $1;

-- name: end_post
UPDATE identity.staff_post SET ended_at = $2
WHERE post_id = $1 AND ended_at IS NULL
RETURNING post_id;

-- name: record_enrolment
INSERT INTO identity.staff_enrolment (code_hash, post_id, kind, expires_at)
VALUES ($1, $2, $3, $4);

-- name: find_enrolment
SELECT post_id FROM identity.staff_enrolment
WHERE code_hash = $1 AND kind = $2 AND used_at IS NULL AND expires_at > $3;

-- name: spend_enrolment
-- Nothing comes back when somebody was faster.
UPDATE identity.staff_enrolment SET used_at = $2
WHERE code_hash = $1 AND kind = 'passkey' AND used_at IS NULL AND expires_at > $2
RETURNING post_id;

-- name: record_ceremony
INSERT INTO identity.staff_ceremony (ceremony_hash, challenge, enrolment_hash, expires_at)
VALUES ($1, $2, $3, $4);

-- name: spend_ceremony
-- Told once: taken out before anybody looks at the answer.
DELETE FROM identity.staff_ceremony
WHERE ceremony_hash = $1 AND expires_at > $2
RETURNING challenge, enrolment_hash;

-- name: void_old_ceremonies
DELETE FROM identity.staff_ceremony
WHERE expires_at < $1;

-- name: record_passkey
INSERT INTO identity.staff_passkey (
    credential_id, post_id, public_key, sign_count, registered_at
)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (credential_id) DO NOTHING
RETURNING credential_id;

-- name: lock_passkey
SELECT credential_id, post_id, public_key, sign_count
FROM identity.staff_passkey
WHERE credential_id = $1 AND state = 'active'
FOR UPDATE;

-- name: record_passkey_use
UPDATE identity.staff_passkey SET sign_count = $2, used_at = $3
WHERE credential_id = $1;

-- name: suspend_passkey
UPDATE identity.staff_passkey SET state = 'suspended'
WHERE credential_id = $1;

-- name: record_entrustment
INSERT INTO identity.entrustment (
    entrustment_id, town, organisation_id, acts, procedures, basis, is_confirmed, valid_from,
    valid_until
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (entrustment_id) DO NOTHING;

-- name: end_entrustment
UPDATE identity.entrustment SET valid_until = $2
WHERE entrustment_id = $1 AND valid_from < $2 AND (valid_until IS NULL OR valid_until > $2)
RETURNING entrustment_id;

-- name: list_live_entrustments
SELECT
    entrustment_id, town, organisation_id, acts, procedures, basis, is_confirmed, valid_from,
    valid_until
FROM identity.entrustment
WHERE valid_from <= $1 AND (valid_until IS NULL OR valid_until > $1)
ORDER BY town, entrustment_id
LIMIT 1000;

-- name: find_entrustment
SELECT
    entrustment_id, town, organisation_id, acts, procedures, basis, is_confirmed, valid_from,
    valid_until
FROM identity.entrustment
WHERE entrustment_id = $1;
