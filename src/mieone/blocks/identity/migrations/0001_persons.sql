-- Persons and how they were proved, passkeys, identifiers that no two services share, mandates, leaving.
-- Nothing here belongs to one town: a Person is the region's, therefore no row security by town.
SELECT core.create_block_schema('identity');

CREATE TABLE identity.person (
    person_id uuid PRIMARY KEY,
    state text NOT NULL,
    user_handle bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL,
    closed_at timestamptz,
    shredded_at timestamptz,
    CONSTRAINT person_state_is_known CHECK (
        state IN ('provisional', 'active', 'suspended', 'closed', 'shredded')
    ),
    CONSTRAINT a_closed_person_says_since_when CHECK (
        (state IN ('closed', 'shredded')) = (closed_at IS NOT NULL)
    ),
    CONSTRAINT a_shredded_person_says_since_when CHECK (
        (state = 'shredded') = (shredded_at IS NOT NULL)
    ),
    CONSTRAINT user_handle_is_64_random_bytes CHECK (octet_length(user_handle) = 64)
);

-- Vacuumed at once: the old version of a destroyed key must not lie in a page for long.
CREATE TABLE identity.person_key (
    person_id uuid NOT NULL REFERENCES identity.person,
    purpose text NOT NULL,
    wrapped bytea,
    state text NOT NULL DEFAULT 'active',
    made_at timestamptz NOT NULL,
    destroyed_at timestamptz,
    PRIMARY KEY (person_id, purpose),
    CONSTRAINT key_state_is_known CHECK (state IN ('active', 'destroyed')),
    CONSTRAINT a_destroyed_key_is_gone CHECK ((state = 'destroyed') = (wrapped IS NULL)),
    CONSTRAINT a_destroyed_key_says_when CHECK ((state = 'destroyed') = (destroyed_at IS NOT NULL))
) WITH (
    autovacuum_vacuum_threshold = 1,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_cost_delay = 0
);

CREATE FUNCTION identity.refuse_revival() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was destroyed stays destroyed' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER a_destroyed_key_never_returns BEFORE UPDATE ON identity.person_key
FOR EACH ROW WHEN (old.state = 'destroyed') EXECUTE FUNCTION identity.refuse_revival();
CREATE TRIGGER a_shredded_person_never_returns BEFORE UPDATE ON identity.person
FOR EACH ROW WHEN (old.state = 'shredded') EXECUTE FUNCTION identity.refuse_revival();

CREATE TABLE identity.attribute (
    person_id uuid NOT NULL REFERENCES identity.person,
    name text NOT NULL,
    version integer NOT NULL,
    sealed bytea NOT NULL,
    source text NOT NULL,
    observed_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, name, version),
    CONSTRAINT attribute_source_is_known CHECK (
        source IN ('jpki_sign', 'jpki_auth', 'dsa', 'mdoc', 'counter', 'self')
    )
) WITH (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0);

CREATE TABLE identity.identity_link (
    link_id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES identity.person,
    kind text NOT NULL,
    sealed_key bytea NOT NULL,
    token bytea NOT NULL,
    state text NOT NULL,
    verified_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT link_kind_is_known CHECK (
        kind IN ('dsa_ppid', 'jpki_auth', 'jpki_sign', 'pf_user', 'mdoc_device', 'counter')
    ),
    CONSTRAINT link_state_is_known CHECK (state IN ('verified', 'stale', 'superseded', 'revoked')),
    -- One external key, one person; rows of somebody who leaves are removed.
    CONSTRAINT an_external_key_links_to_one_person UNIQUE (kind, token)
) WITH (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0);
CREATE INDEX identity_link_person ON identity.identity_link (person_id);

CREATE TABLE identity.proofing_event (
    event_id uuid PRIMARY KEY,
    person_id uuid NOT NULL,
    transaction_id uuid NOT NULL UNIQUE,
    path text NOT NULL,
    method_code text NOT NULL,
    basis text NOT NULL,
    evidence_digest bytea NOT NULL,
    revocation_source text NOT NULL,
    revocation_checked_at timestamptz NOT NULL,
    assurance integer NOT NULL,
    profile_as_of date NOT NULL,
    is_profile_verified boolean NOT NULL,
    actor_kind text NOT NULL,
    actor_id text NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT assurance_is_known CHECK (assurance BETWEEN 0 AND 2)
);
CREATE INDEX proofing_event_person ON identity.proofing_event (person_id);
SELECT core.make_append_only('identity.proofing_event');

CREATE TABLE identity.conflict_case (
    case_id uuid PRIMARY KEY,
    transaction_id uuid NOT NULL UNIQUE,
    person_ids uuid[] NOT NULL,
    opened_at timestamptz NOT NULL,
    settled_at timestamptz
);

CREATE TABLE identity.optin_transaction (
    transaction_id uuid PRIMARY KEY,
    browser_digest bytea NOT NULL,
    state text NOT NULL,
    nonce bytea NOT NULL UNIQUE,
    purpose text NOT NULL,
    return_to text NOT NULL,
    for_person uuid,
    started_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    consumed_at timestamptz,
    asked_at timestamptz,
    sealed_certificate bytea,
    person_id uuid,
    is_new boolean,
    failure text,
    CONSTRAINT optin_state_is_known CHECK (
        state IN ('started', 'asking', 'settled', 'done', 'failed')
    ),
    CONSTRAINT a_challenge_lives_ten_minutes CHECK (
        expires_at <= started_at + interval '10 minutes'
    ),
    CONSTRAINT only_a_started_one_is_unspent CHECK ((state = 'started') = (consumed_at IS NULL)),
    CONSTRAINT a_failure_has_its_code CHECK ((state = 'failed') = (failure IS NOT NULL))
);
CREATE INDEX optin_asking ON identity.optin_transaction (asked_at) WHERE state = 'asking';
CREATE INDEX optin_old ON identity.optin_transaction (expires_at);

CREATE TABLE identity.passkey (
    passkey_id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES identity.person,
    credential_id bytea NOT NULL UNIQUE,
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL,
    is_backup_eligible boolean NOT NULL,
    is_backed_up boolean NOT NULL,
    aaguid text NOT NULL,
    sealed_nickname bytea NOT NULL,
    state text NOT NULL DEFAULT 'active',
    created_at timestamptz NOT NULL,
    last_used_at timestamptz,
    CONSTRAINT passkey_state_is_known CHECK (state IN ('active', 'suspended', 'removed'))
) WITH (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0);
CREATE INDEX passkey_person ON identity.passkey (person_id);

CREATE TABLE identity.passkey_challenge (
    challenge bytea PRIMARY KEY,
    kind text NOT NULL,
    browser_digest bytea NOT NULL,
    person_id uuid,
    expires_at timestamptz NOT NULL,
    spent_at timestamptz,
    CONSTRAINT challenge_kind_is_known CHECK (kind IN ('register', 'sign_in'))
);
CREATE INDEX passkey_challenge_old ON identity.passkey_challenge (expires_at);

CREATE TABLE identity.pairwise_id (
    sector text NOT NULL,
    person_id uuid NOT NULL REFERENCES identity.person,
    pairwise_id text NOT NULL UNIQUE,
    issued_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (sector, person_id),
    CONSTRAINT pairwise_id_is_128_bits CHECK (pairwise_id ~ '^[A-Za-z0-9_-]{22}$')
);
CREATE INDEX pairwise_id_person ON identity.pairwise_id (person_id);

CREATE TABLE identity.mandate (
    mandate_id uuid PRIMARY KEY,
    principal_id uuid NOT NULL,
    agent_id uuid NOT NULL REFERENCES identity.person,
    kind text NOT NULL,
    scope text[] NOT NULL,
    state text NOT NULL,
    evidence text NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_until timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT mandate_kind_is_known CHECK (
        kind IN ('parent', 'adult_guardian', 'curator', 'assistant', 'carer')
    ),
    CONSTRAINT mandate_state_is_known CHECK (
        state IN (
            'draft', 'evidence_pending', 'active', 'suspended', 'expired', 'revoked',
            'ended_by_event', 'rejected'
        )
    ),
    CONSTRAINT a_mandate_has_a_scope CHECK (cardinality(scope) > 0),
    CONSTRAINT a_mandate_lasts CHECK (valid_from < valid_until),
    CONSTRAINT nobody_acts_for_themselves CHECK (principal_id <> agent_id)
);
CREATE INDEX mandate_agent ON identity.mandate (agent_id);
CREATE INDEX mandate_principal ON identity.mandate (principal_id);

CREATE TABLE identity.protection (
    subject_id uuid NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_until timestamptz,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (subject_id, valid_from),
    CONSTRAINT protection_lasts CHECK (valid_until IS NULL OR valid_from < valid_until)
);

-- Replayed after every restore, before the doors open.
CREATE TABLE identity.destruction_list (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id uuid NOT NULL UNIQUE,
    destroyed_at timestamptz NOT NULL,
    reason text NOT NULL,
    CONSTRAINT reason_is_known CHECK (reason IN ('left', 'died', 'restored'))
);
SELECT core.make_append_only('identity.destruction_list');
