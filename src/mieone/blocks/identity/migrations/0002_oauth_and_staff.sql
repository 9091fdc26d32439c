-- Organisations and their programs, what persons allowed them, and the staff who act for towns.
-- Codes and tokens are kept as SHA-256 only; a grant's epoch decides whether a token still lives.

CREATE TABLE identity.organisation (
    organisation_id text PRIMARY KEY,
    kind text NOT NULL,
    name text NOT NULL,
    name_en text NOT NULL DEFAULT '',
    seat_town text,
    is_sample boolean NOT NULL DEFAULT FALSE,
    registered_at timestamptz NOT NULL,
    CONSTRAINT organisation_id_is_a_plain_word
    CHECK (organisation_id ~ '^[a-z0-9][a-z0-9_-]{1,62}$'),
    CONSTRAINT organisation_kind_is_known CHECK (
        kind IN ('town', 'authority', 'association', 'company', 'public_body')
    ),
    CONSTRAINT a_town_has_its_code CHECK ((kind = 'town') <= (seat_town IS NOT NULL))
);

CREATE TABLE identity.client (
    client_id text PRIMARY KEY,
    organisation_id text NOT NULL REFERENCES identity.organisation,
    name text NOT NULL,
    sector text NOT NULL,
    state text NOT NULL,
    redirect_uris text[] NOT NULL DEFAULT '{}',
    post_logout_redirect_uris text[] NOT NULL DEFAULT '{}',
    backchannel_logout_uri text,
    scopes text[] NOT NULL,
    datasets text[] NOT NULL DEFAULT '{}',
    keys jsonb NOT NULL DEFAULT '[]',
    jwks_uri text,
    keys_fetched_at timestamptz,
    dpop_nonce_required boolean NOT NULL DEFAULT FALSE,
    registered_at timestamptz NOT NULL,
    CONSTRAINT client_id_is_a_plain_word CHECK (client_id ~ '^[a-z0-9][a-z0-9_-]{1,62}$'),
    CONSTRAINT client_state_is_known CHECK (
        state IN ('registered', 'active', 'suspended', 'closed')
    ),
    CONSTRAINT client_keeps_public_keys_only CHECK (NOT jsonb_path_exists(keys, '$[*].d'))
);
CREATE INDEX client_sector ON identity.client (sector);

CREATE TABLE identity.pushed_request (
    reference_hash bytea PRIMARY KEY,
    client_id text NOT NULL REFERENCES identity.client,
    request jsonb NOT NULL,
    pushed_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    opened_at timestamptz,
    open_until timestamptz,
    stepped_up_at timestamptz,
    agreed_by uuid,
    used_at timestamptz,
    CONSTRAINT pushed_request_lives_under_ten_minutes CHECK (
        expires_at < pushed_at + interval '10 minutes'
    )
);
CREATE INDEX pushed_request_expiry ON identity.pushed_request (expires_at);

-- One living grant a person and client; a revocation raises the epoch and every older token is dead.
CREATE TABLE identity.access_grant (
    grant_id uuid PRIMARY KEY,
    person_id uuid NOT NULL,
    client_id text NOT NULL REFERENCES identity.client,
    epoch bigint NOT NULL DEFAULT 1,
    scopes text[] NOT NULL,
    details jsonb NOT NULL DEFAULT '[]',
    granted_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT epoch_starts_at_one CHECK (epoch >= 1)
);
CREATE UNIQUE INDEX one_living_grant ON identity.access_grant (person_id, client_id)
WHERE ended_at IS NULL;

-- A person's session as one client knows it: `sid` is another one at every client.
CREATE TABLE identity.client_session (
    sid text PRIMARY KEY,
    client_id text NOT NULL REFERENCES identity.client,
    sub text NOT NULL,
    session_digest bytea NOT NULL,
    opened_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE UNIQUE INDEX one_sid_per_session_and_client
ON identity.client_session (session_digest, client_id) WHERE ended_at IS NULL;

CREATE TABLE identity.code (
    code_hash bytea PRIMARY KEY,
    client_id text NOT NULL REFERENCES identity.client,
    grant_id uuid NOT NULL REFERENCES identity.access_grant,
    grant_epoch bigint NOT NULL,
    redirect_uri text NOT NULL,
    code_challenge text NOT NULL,
    dpop_jkt text,
    nonce text,
    scopes text[] NOT NULL,
    sub text NOT NULL,
    sid text NOT NULL,
    acr text NOT NULL,
    authenticated_at timestamptz NOT NULL,
    asks_auth_time boolean NOT NULL,
    userinfo_claims text[] NOT NULL,
    details jsonb NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT code_lives_a_minute_at_most CHECK (expires_at <= issued_at + interval '60 seconds')
);
CREATE INDEX code_expiry ON identity.code (expires_at);

CREATE TABLE identity.token (
    token_hash bytea PRIMARY KEY,
    kind text NOT NULL,
    client_id text NOT NULL REFERENCES identity.client,
    grant_id uuid REFERENCES identity.access_grant,
    epoch bigint NOT NULL,
    scopes text[] NOT NULL,
    jkt text NOT NULL,
    sub text,
    sid text,
    acr text,
    authenticated_at timestamptz,
    userinfo_claims text[] NOT NULL DEFAULT '{}',
    details jsonb NOT NULL DEFAULT '[]',
    code_hash bytea,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT token_kind_is_known CHECK (kind IN ('access', 'refresh')),
    CONSTRAINT access_token_lives_five_minutes_at_most CHECK (
        kind = 'refresh' OR expires_at <= issued_at + interval '5 minutes'
    ),
    CONSTRAINT refresh_token_has_a_grant CHECK (kind = 'access' OR grant_id IS NOT NULL),
    CONSTRAINT sub_comes_with_a_grant CHECK ((sub IS NULL) = (grant_id IS NULL))
);
CREATE INDEX token_expiry ON identity.token (expires_at);
CREATE INDEX token_code ON identity.token (code_hash) WHERE code_hash IS NOT NULL;

-- One-time values that were used: assertion and proof identifiers, until nobody would believe them.
CREATE TABLE identity.spent_value (
    kind text NOT NULL,
    holder text NOT NULL,
    value_hash bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (kind, holder, value_hash)
);
CREATE INDEX spent_value_expiry ON identity.spent_value (expires_at);

CREATE TABLE identity.logout_request (
    reference_hash bytea PRIMARY KEY,
    client_id text,
    sid text,
    redirect_uri text,
    expires_at timestamptz NOT NULL
);
CREATE INDEX logout_request_expiry ON identity.logout_request (expires_at);

CREATE TABLE identity.logout_delivery (
    delivery_id uuid PRIMARY KEY,
    client_id text NOT NULL REFERENCES identity.client,
    sub text NOT NULL,
    sid text NOT NULL,
    state text NOT NULL DEFAULT 'queued',
    attempts integer NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL,
    last_error text,
    done_at timestamptz,
    CONSTRAINT logout_delivery_state_is_known CHECK (
        state IN ('queued', 'retrying', 'delivered', 'dead_letter')
    )
);
CREATE INDEX logout_delivery_due ON identity.logout_delivery (next_at)
WHERE state IN ('queued', 'retrying');

CREATE TABLE identity.staff_post (
    post_id uuid PRIMARY KEY,
    organisation_id text NOT NULL REFERENCES identity.organisation,
    role text NOT NULL,
    name text NOT NULL,
    is_sample boolean NOT NULL DEFAULT FALSE,
    user_handle bytea NOT NULL UNIQUE,
    session_towns text[] NOT NULL DEFAULT '{}',
    opened_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT staff_role_is_known CHECK (
        role IN ('town_officer', 'authority_head', 'association')
    )
);
CREATE INDEX staff_post_organisation ON identity.staff_post (organisation_id);

CREATE TABLE identity.staff_passkey (
    credential_id bytea PRIMARY KEY,
    post_id uuid NOT NULL REFERENCES identity.staff_post,
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL,
    state text NOT NULL DEFAULT 'active',
    registered_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT staff_passkey_state_is_known CHECK (state IN ('active', 'suspended', 'removed'))
);
CREATE INDEX staff_passkey_post ON identity.staff_passkey (post_id);

-- A code handed over in person; it opens the registration of one passkey, once. A `trial` code signs
-- in directly and again, and is refused wherever simulators are.
CREATE TABLE identity.staff_enrolment (
    code_hash bytea PRIMARY KEY,
    post_id uuid NOT NULL REFERENCES identity.staff_post,
    kind text NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT enrolment_kind_is_known CHECK (kind IN ('passkey', 'trial'))
);

CREATE TABLE identity.staff_ceremony (
    ceremony_hash bytea PRIMARY KEY,
    challenge bytea NOT NULL,
    enrolment_hash bytea REFERENCES identity.staff_enrolment,
    expires_at timestamptz NOT NULL
);
CREATE INDEX staff_ceremony_expiry ON identity.staff_ceremony (expires_at);

-- What a town handed to the association to prepare (事務の委託), from when to when, on what ground.
CREATE TABLE identity.entrustment (
    entrustment_id text PRIMARY KEY,
    town text NOT NULL,
    organisation_id text NOT NULL REFERENCES identity.organisation,
    acts text[] NOT NULL,
    procedures text[] NOT NULL,
    basis text NOT NULL,
    is_confirmed boolean NOT NULL,
    valid_from date NOT NULL,
    valid_until date,
    CONSTRAINT entrustment_begins_before_it_ends CHECK (
        valid_until IS NULL OR valid_from < valid_until
    ),
    CONSTRAINT nobody_else_decides CHECK (NOT ('decide' = ANY(acts)))
);
SELECT core.secure_by_town('identity.entrustment');
