-- name: find_client
SELECT
    client_id, organisation_id, name, sector, state, redirect_uris, post_logout_redirect_uris,
    backchannel_logout_uri, scopes, datasets, keys, jwks_uri, dpop_nonce_required
FROM identity.client
WHERE client_id = $1;

-- name: list_clients
SELECT
    client_id, organisation_id, name, sector, state, redirect_uris, post_logout_redirect_uris,
    backchannel_logout_uri, scopes, datasets, keys, jwks_uri, dpop_nonce_required
FROM identity.client
WHERE client_id > $1
ORDER BY client_id
LIMIT $2;

-- name: record_client
INSERT INTO identity.client (
    client_id, organisation_id, name, sector, state, redirect_uris, post_logout_redirect_uris,
    backchannel_logout_uri, scopes, datasets, keys, jwks_uri, dpop_nonce_required, registered_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
ON CONFLICT (client_id) DO NOTHING
RETURNING client_id;

-- name: record_client_state
UPDATE identity.client SET state = $2
WHERE client_id = $1
RETURNING client_id;

-- name: find_client_of_sector
SELECT client_id FROM identity.client
WHERE sector = $1
LIMIT 1;

-- name: find_keys_fetched_at
SELECT keys_fetched_at FROM identity.client
WHERE client_id = $1;

-- name: record_fetched_keys
UPDATE identity.client SET keys = $2, keys_fetched_at = $3
WHERE client_id = $1;

-- name: spend_value
-- Nothing comes back when it was spent before: of two at the same time exactly one wins.
INSERT INTO identity.spent_value (kind, holder, value_hash, expires_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (kind, holder, value_hash) DO NOTHING
RETURNING TRUE;

-- name: record_pushed_request
INSERT INTO identity.pushed_request (reference_hash, client_id, request, pushed_at, expires_at)
VALUES ($1, $2, $3, $4, $5);

-- name: lock_pushed_request
SELECT
    request, pushed_at, expires_at, opened_at, open_until, stepped_up_at, agreed_by, used_at
FROM identity.pushed_request
WHERE reference_hash = $1
FOR UPDATE;

-- name: record_opening
UPDATE identity.pushed_request
SET opened_at = coalesce(opened_at, $2), open_until = coalesce(open_until, $3)
WHERE reference_hash = $1;

-- name: record_step_up
UPDATE identity.pushed_request SET stepped_up_at = $2
WHERE reference_hash = $1;

-- name: record_agreement
UPDATE identity.pushed_request SET agreed_by = $2
WHERE reference_hash = $1 AND used_at IS NULL;

-- name: record_use
UPDATE identity.pushed_request SET used_at = $2
WHERE reference_hash = $1 AND used_at IS NULL
RETURNING TRUE;

-- name: find_living_grant
SELECT grant_id, person_id, client_id, epoch, scopes, details
FROM identity.access_grant
WHERE person_id = $1 AND client_id = $2 AND ended_at IS NULL;

-- name: record_grant
-- A second entry keeps the grant and its epoch and writes down what was allowed this time.
INSERT INTO identity.access_grant (grant_id, person_id, client_id, scopes, details, granted_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (person_id, client_id) WHERE ended_at IS NULL
DO UPDATE SET scopes = excluded.scopes, details = excluded.details
RETURNING grant_id, person_id, client_id, epoch, scopes, details;

-- name: raise_epoch
UPDATE identity.access_grant SET epoch = epoch + 1
WHERE person_id = $1 AND client_id = $2 AND ended_at IS NULL
RETURNING epoch;

-- name: raise_epoch_of_grant
UPDATE identity.access_grant SET epoch = epoch + 1
WHERE grant_id = $1 AND ended_at IS NULL
RETURNING epoch;

-- name: end_grant
UPDATE identity.access_grant SET epoch = epoch + 1, ended_at = $3
WHERE person_id = $1 AND client_id = $2 AND ended_at IS NULL
RETURNING epoch;

-- name: end_grants_of_person
UPDATE identity.access_grant SET epoch = epoch + 1, ended_at = $2
WHERE person_id = $1 AND ended_at IS NULL;

-- name: list_grants_of_person
SELECT
    g.grant_id, g.client_id, c.name, c.organisation_id, g.epoch, g.scopes, g.details, g.granted_at
FROM identity.access_grant AS g
INNER JOIN identity.client AS c ON g.client_id = c.client_id
WHERE g.person_id = $1 AND g.ended_at IS NULL
ORDER BY g.granted_at DESC
LIMIT 200;

-- name: record_client_session
INSERT INTO identity.client_session (sid, client_id, sub, session_digest, opened_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (session_digest, client_id) WHERE ended_at IS NULL
DO UPDATE SET sub = excluded.sub
RETURNING sid;

-- name: find_session_of_sid
SELECT session_digest FROM identity.client_session
WHERE sid = $1 AND client_id = $2 AND ended_at IS NULL;

-- name: end_client_sessions
UPDATE identity.client_session SET ended_at = $2
WHERE session_digest = $1 AND ended_at IS NULL
RETURNING sid, client_id, sub;

-- name: record_code
INSERT INTO identity.code (
    code_hash, client_id, grant_id, grant_epoch, redirect_uri, code_challenge, dpop_jkt, nonce,
    scopes, sub, sid, acr, authenticated_at, asks_auth_time, userinfo_claims, details,
    issued_at, expires_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18);

-- name: lock_code
SELECT
    code_hash, client_id, grant_id, grant_epoch, redirect_uri, code_challenge, dpop_jkt, nonce,
    scopes, sub, sid, acr, authenticated_at, asks_auth_time, userinfo_claims, details,
    expires_at, used_at
FROM identity.code
WHERE code_hash = $1
FOR UPDATE;

-- name: is_grant_at_epoch
SELECT TRUE FROM identity.access_grant
WHERE grant_id = $1 AND epoch = $2 AND ended_at IS NULL;

-- name: record_code_use
UPDATE identity.code SET used_at = $2
WHERE code_hash = $1;

-- name: void_tokens_of_code
UPDATE identity.token SET revoked_at = $2
WHERE code_hash = $1 AND revoked_at IS NULL;

-- name: record_token
INSERT INTO identity.token (
    token_hash, kind, client_id, grant_id, epoch, scopes, jkt, sub, sid, acr, authenticated_at,
    userinfo_claims, details, code_hash, issued_at, expires_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16);

-- name: find_live_token
-- One statement says everything a token's life depends on: itself, its client, its grant's epoch.
SELECT
    t.kind, t.token_hash, t.client_id, c.organisation_id, c.sector, t.scopes, t.jkt, t.issued_at,
    t.expires_at, t.grant_id, g.person_id, t.epoch, t.sub, t.sid, t.acr, t.authenticated_at,
    t.userinfo_claims, t.details, t.code_hash
FROM identity.token AS t
INNER JOIN identity.client AS c ON t.client_id = c.client_id
LEFT JOIN identity.access_grant AS g ON t.grant_id = g.grant_id
LEFT JOIN identity.person AS p ON g.person_id = p.person_id
WHERE
    t.token_hash = $1 AND t.kind = ANY($2::text[]) AND t.expires_at > $3 AND t.revoked_at IS NULL
    AND c.state = 'active'
    AND (
        t.grant_id IS NULL
        OR (g.epoch = t.epoch AND g.ended_at IS NULL AND p.state IN ('provisional', 'active'))
    );

-- name: void_token
UPDATE identity.token SET revoked_at = $3
WHERE token_hash = $1 AND client_id = $2 AND revoked_at IS NULL
RETURNING kind, grant_id;

-- name: record_logout_request
INSERT INTO identity.logout_request (reference_hash, client_id, sid, redirect_uri, expires_at)
VALUES ($1, $2, $3, $4, $5);

-- name: find_logout_request
SELECT client_id, sid, redirect_uri FROM identity.logout_request
WHERE reference_hash = $1 AND expires_at > $2;

-- name: record_logout_delivery
INSERT INTO identity.logout_delivery (delivery_id, client_id, sub, sid, next_at)
VALUES ($1, $2, $3, $4, $5);

-- name: claim_logout_deliveries
-- Leased, not locked: nothing is held while we wait for the network.
UPDATE identity.logout_delivery AS d SET next_at = $2, attempts = d.attempts + 1
FROM identity.client AS c
WHERE
    c.client_id = d.client_id
    AND d.delivery_id IN (
        SELECT q.delivery_id FROM identity.logout_delivery AS q
        WHERE q.state IN ('queued', 'retrying') AND q.next_at <= $1
        ORDER BY q.next_at
        LIMIT 50
        FOR UPDATE SKIP LOCKED
    )
RETURNING d.delivery_id, d.client_id, d.sub, d.sid, d.attempts, c.backchannel_logout_uri;

-- name: record_logout_delivered
UPDATE identity.logout_delivery SET state = 'delivered', done_at = $2, last_error = NULL
WHERE delivery_id = $1;

-- name: record_logout_failure
UPDATE identity.logout_delivery SET state = $2, next_at = $3, last_error = $4
WHERE delivery_id = $1;

-- name: void_spent_values
DELETE FROM identity.spent_value
WHERE expires_at < $1;

-- name: void_old_codes
DELETE FROM identity.code
WHERE expires_at < $1;

-- name: void_old_tokens
DELETE FROM identity.token
WHERE expires_at < $1;

-- name: void_old_pushed_requests
DELETE FROM identity.pushed_request
WHERE expires_at < $1;

-- name: void_old_logout_requests
DELETE FROM identity.logout_request
WHERE expires_at < $1;

-- name: list_orphan_grants
SELECT g.grant_id FROM identity.access_grant AS g
LEFT JOIN identity.person AS p ON g.person_id = p.person_id
WHERE g.ended_at IS NULL AND (p.person_id IS NULL OR p.state IN ('closed', 'shredded'))
LIMIT 50;

-- name: list_dead_logouts
SELECT delivery_id FROM identity.logout_delivery
WHERE state = 'dead_letter'
ORDER BY delivery_id
LIMIT 50;
