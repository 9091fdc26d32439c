-- Who may ask for what: services, the rights their providers granted, and the dated bases in law.
-- Personal data never stands here; it passes through the door and leaves its trace in `access`.
SELECT core.create_block_schema('exchange');

CREATE TABLE exchange.service (
    service_id text PRIMARY KEY,
    sector text NOT NULL,
    organisation text NOT NULL,
    is_own boolean NOT NULL,
    state text NOT NULL,
    towns text[],
    contact text,
    changed_at timestamptz NOT NULL,
    CONSTRAINT service_state_is_known
    CHECK (state IN ('applied', 'active', 'suspended', 'removed'))
);

CREATE TABLE exchange.access_right (
    right_id uuid PRIMARY KEY,
    service text NOT NULL REFERENCES exchange.service,
    dataset text NOT NULL,
    items text[] NOT NULL,
    operations text[] NOT NULL DEFAULT '{read}',
    purpose text NOT NULL,
    basis text NOT NULL,
    basis_ref text,
    state text NOT NULL,
    valid_from date NOT NULL,
    valid_until date,
    granted_by text NOT NULL,
    granted_at timestamptz NOT NULL,
    CONSTRAINT right_state_is_known
    CHECK (state IN ('requested', 'active', 'suspended', 'revoked')),
    CONSTRAINT right_names_a_basis
    CHECK (basis IN ('opt_in', 'law', 'entrustment', 'emergency')),
    CONSTRAINT right_begins_before_it_ends CHECK (valid_until IS NULL OR valid_from < valid_until),
    CONSTRAINT right_names_items CHECK (cardinality(items) > 0),
    UNIQUE NULLS NOT DISTINCT (service, dataset, purpose, basis, basis_ref, valid_from)
);

CREATE TABLE exchange.legal_basis (
    basis_id text PRIMARY KEY,
    basis text NOT NULL,
    purposes text[] NOT NULL,
    covers text NOT NULL,
    citation text NOT NULL,
    source text NOT NULL,
    verified boolean NOT NULL,
    valid_from date NOT NULL,
    valid_until date,
    CONSTRAINT basis_is_a_law_or_an_emergency CHECK (basis IN ('law', 'emergency')),
    CONSTRAINT covers_is_known CHECK (covers IN ('holder', 'everyone')),
    CONSTRAINT basis_begins_before_it_ends CHECK (valid_until IS NULL OR valid_from < valid_until)
);

CREATE TABLE exchange.emergency (
    emergency_id uuid PRIMARY KEY,
    officer text NOT NULL,
    organisation text NOT NULL,
    reason text NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_until timestamptz NOT NULL,
    declared_at timestamptz NOT NULL,
    CONSTRAINT emergency_says_why CHECK (length(btrim(reason)) >= 10),
    CONSTRAINT emergency_ends_within_a_day
    CHECK (valid_until > valid_from AND valid_until <= valid_from + interval '24 hours')
);
SELECT core.make_append_only('exchange.emergency');
