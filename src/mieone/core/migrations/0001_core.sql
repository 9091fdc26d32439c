-- What all blocks stand on: row security by town, ledgers that only grow, chains, outbox, jobs, sessions.
-- Blocks call these functions in their own migrations, so that no block invents its own way.

CREATE SCHEMA IF NOT EXISTS core;
GRANT USAGE ON SCHEMA core TO mieone_app, mieone_sealer, mieone_auditor;
ALTER DEFAULT PRIVILEGES IN SCHEMA core GRANT SELECT ON TABLES TO mieone_auditor;

CREATE TABLE IF NOT EXISTS core.migration (
    block text NOT NULL,
    number integer NOT NULL,
    name text NOT NULL,
    sha256 bytea NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (block, number)
);
GRANT SELECT ON core.migration TO mieone_app, mieone_sealer, mieone_auditor;

-- Row security: a transaction names its towns; a row of another town does not exist for it.
CREATE FUNCTION core.town_is_visible(town text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN town = ANY(string_to_array(current_setting('mieone.towns', true), ','));

CREATE FUNCTION core.create_block_schema(block text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE SCHEMA %I', block);
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO mieone_app, mieone_sealer, mieone_auditor', block);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I '
        'GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO mieone_app', block);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I '
        'GRANT USAGE, SELECT ON SEQUENCES TO mieone_app', block);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I '
        'GRANT SELECT ON TABLES TO mieone_auditor', block);
END $$;

-- For tables with a `town` column that are read by equality.
CREATE FUNCTION core.secure_by_town(target regclass) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format('CREATE POLICY own_towns ON %s TO mieone_app '
        'USING (core.town_is_visible(town)) WITH CHECK (core.town_is_visible(town))', target);
    EXECUTE format('CREATE POLICY audit_reads_all ON %s FOR SELECT TO mieone_auditor, mieone_sealer '
        'USING (true)', target);
END $$;

CREATE FUNCTION core.refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what is on record in %.% is only ever added', TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

-- For tables whose rows are never changed or removed, not even by their owner.
CREATE FUNCTION core.make_append_only(target regclass) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON %s FROM mieone_app', target);
    EXECUTE format('CREATE TRIGGER only_ever_added BEFORE UPDATE OR DELETE OR TRUNCATE ON %s '
        'FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()', target);
END $$;

-- For append-only tables that a chain seals: entry_id uuid, mac bytea, xact_id xid8 are expected.
CREATE FUNCTION core.make_ledger(target regclass) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM core.make_append_only(target);
    EXECUTE format('GRANT SELECT ON %s TO mieone_sealer', target);
    EXECUTE format('CREATE INDEX ON %s (xact_id, entry_id)', target);
END $$;

-- One row a chain: up to which transaction everything is linked.
CREATE TABLE core.chain_state (
    chain text PRIMARY KEY,
    horizon xid8 NOT NULL,
    seq bigint NOT NULL,
    hash bytea NOT NULL,
    sealed_at timestamptz NOT NULL
);
CREATE TABLE core.chain_link (
    chain text NOT NULL,
    seq bigint NOT NULL,
    entry_id uuid NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (chain, seq),
    UNIQUE (chain, entry_id)
);
CREATE TABLE core.chain_head (
    chain text NOT NULL,
    seq bigint NOT NULL,
    hash bytea NOT NULL,
    signed_at timestamptz NOT NULL,
    key_id text NOT NULL,
    signature bytea NOT NULL,
    PRIMARY KEY (chain, seq)
);
SELECT core.make_append_only('core.chain_link');
SELECT core.make_append_only('core.chain_head');
GRANT SELECT ON core.chain_state, core.chain_link, core.chain_head TO mieone_app, mieone_auditor;
GRANT SELECT, INSERT, UPDATE ON core.chain_state TO mieone_sealer;
GRANT SELECT, INSERT ON core.chain_link, core.chain_head TO mieone_sealer;

-- Facts that blocks publish, written in the publisher's transaction, one delivery a subscriber.
CREATE TABLE core.subscription (
    event text NOT NULL,
    subscriber text NOT NULL,
    PRIMARY KEY (event, subscriber)
);
CREATE TABLE core.event (
    event_id uuid PRIMARY KEY,
    name text NOT NULL,
    key text NOT NULL,
    payload jsonb NOT NULL,
    published_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE core.delivery (
    event_id uuid NOT NULL REFERENCES core.event,
    subscriber text NOT NULL,
    key text NOT NULL,
    state text NOT NULL DEFAULT 'due',
    attempts integer NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_error text,
    done_at timestamptz,
    PRIMARY KEY (event_id, subscriber),
    CONSTRAINT delivery_state_is_known CHECK (state IN ('due', 'done', 'dead'))
);
CREATE INDEX delivery_due ON core.delivery (next_at) WHERE state = 'due';
CREATE INDEX delivery_order ON core.delivery (subscriber, key, event_id) WHERE state = 'due';
CREATE INDEX delivery_dead ON core.delivery (subscriber) WHERE state = 'dead';
GRANT SELECT, INSERT, UPDATE, DELETE ON core.subscription, core.delivery TO mieone_app;
GRANT SELECT, INSERT ON core.event TO mieone_app;

CREATE TABLE core.job (
    name text PRIMARY KEY,
    next_at timestamptz NOT NULL DEFAULT now(),
    last_started_at timestamptz,
    last_done_at timestamptz,
    last_count bigint,
    failures integer NOT NULL DEFAULT 0,
    last_error text
);
GRANT SELECT, INSERT, UPDATE ON core.job TO mieone_app;

-- Who is signed in at which entrance. The cookie's value is stored as its digest only.
CREATE TABLE core.session (
    token_digest bytea PRIMARY KEY,
    entrance text NOT NULL,
    actor jsonb NOT NULL,
    actor_id text NOT NULL,
    acr text NOT NULL,
    authenticated_at timestamptz NOT NULL,
    card_at timestamptz,
    opened_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT session_entrance_is_known
    CHECK (entrance IN ('people', 'desk', 'shop', 'developers'))
);
CREATE INDEX session_actor ON core.session (actor_id) WHERE ended_at IS NULL;
CREATE INDEX session_expiry ON core.session (expires_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON core.session TO mieone_app;
