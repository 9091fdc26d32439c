-- What people were shown and decided. The ledger only grows; the state of a record is the fold of
-- its events, materialised in a row that the door locks FOR SHARE.
SELECT core.create_block_schema('consent');

CREATE TABLE consent.notice (
    notice_id uuid PRIMARY KEY,
    service text NOT NULL,
    dataset text NOT NULL,
    purpose text NOT NULL,
    version integer NOT NULL,
    content_sha256 bytea NOT NULL,
    written_at timestamptz NOT NULL,
    UNIQUE (service, dataset, purpose, version),
    UNIQUE (service, dataset, purpose, content_sha256)
);
SELECT core.make_append_only('consent.notice');

CREATE TABLE consent.notice_text (
    notice_id uuid NOT NULL REFERENCES consent.notice,
    language text NOT NULL,
    body text NOT NULL,
    sha256 bytea NOT NULL,
    PRIMARY KEY (notice_id, language)
);
SELECT core.make_append_only('consent.notice_text');

CREATE TABLE consent.record (
    record_id uuid PRIMARY KEY,
    person_id uuid NOT NULL,
    service text NOT NULL,
    dataset text NOT NULL,
    purpose text NOT NULL,
    state text NOT NULL,
    revision integer NOT NULL,
    items text[] NOT NULL,
    excluded text[] NOT NULL,
    notice_id uuid REFERENCES consent.notice,
    language text NOT NULL,
    valid_until timestamptz,
    reconsent_by timestamptz,
    changed_at timestamptz NOT NULL,
    CONSTRAINT one_record_per_scope UNIQUE (person_id, service, dataset, purpose),
    CONSTRAINT state_is_known CHECK (state IN (
        'requested', 'given', 'refused', 'reconsent_requested', 'withdrawn', 'expired',
        'superseded', 'invalidated', 'ended_by_controller'
    )),
    CONSTRAINT given_names_its_text_and_its_end CHECK (
        state NOT IN ('given', 'reconsent_requested')
        OR (notice_id IS NOT NULL AND valid_until IS NOT NULL AND cardinality(items) > 0)
    ),
    CONSTRAINT reconsent_has_a_deadline
    CHECK (state <> 'reconsent_requested' OR reconsent_by IS NOT NULL)
);
CREATE INDEX record_ending ON consent.record (valid_until)
WHERE state IN ('given', 'reconsent_requested');
CREATE INDEX record_reconsent ON consent.record (reconsent_by) WHERE state = 'reconsent_requested';
CREATE INDEX record_of_scope ON consent.record (service, dataset, purpose) WHERE state = 'given';

CREATE TABLE consent.event (
    entry_id uuid PRIMARY KEY,
    mac bytea NOT NULL,
    xact_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    record_id uuid NOT NULL REFERENCES consent.record,
    revision integer NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    service text NOT NULL,
    dataset text NOT NULL,
    purpose text NOT NULL,
    items text[] NOT NULL,
    excluded text[] NOT NULL,
    notice_id uuid,
    notice_sha256 bytea,
    language text NOT NULL,
    valid_until timestamptz,
    reconsent_by timestamptz,
    actor_kind text NOT NULL,
    actor_id text NOT NULL,
    mandate_id uuid,
    UNIQUE (record_id, revision)
);
SELECT core.make_ledger('consent.event');

CREATE TABLE consent.receipt (
    receipt_id uuid PRIMARY KEY,
    entry_id uuid NOT NULL UNIQUE REFERENCES consent.event,
    record_id uuid NOT NULL REFERENCES consent.record,
    compact text NOT NULL,
    issued_at timestamptz NOT NULL
);
SELECT core.make_append_only('consent.receipt');
CREATE INDEX receipt_of_record ON consent.receipt (record_id);

CREATE TABLE consent.ask (
    ask_id uuid PRIMARY KEY,
    person_id uuid NOT NULL,
    service text NOT NULL,
    details jsonb NOT NULL,
    return_to text,
    invited_by uuid,
    asked_at timestamptz NOT NULL,
    decided_at timestamptz,
    granted boolean,
    CONSTRAINT decided_means_answered CHECK ((decided_at IS NULL) = (granted IS NULL))
);
CREATE INDEX ask_open ON consent.ask (person_id, asked_at) WHERE decided_at IS NULL;
