-- Every use of personal data, one row per human being and event. Rows are only ever added.
-- Partitioned by month over the time-ordered entry id, so that old data leaves as whole sealed months.
SELECT core.create_block_schema('access');

CREATE TABLE access.record (
    entry_id uuid NOT NULL PRIMARY KEY,
    mac bytea NOT NULL,
    xact_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    town text,
    subject_id uuid NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    request_id uuid NOT NULL,
    actor_kind text NOT NULL,
    actor_id text NOT NULL,
    organisation text NOT NULL,
    mandate_id uuid,
    service text NOT NULL,
    provider text,
    dataset text,
    items text[] NOT NULL,
    purpose text NOT NULL,
    basis text,
    basis_ref text,
    consent_id uuid,
    consent_revision integer,
    decision text NOT NULL,
    permit_id uuid,
    outcome text,
    payload_sha256 bytea,
    note text,
    visible_from timestamptz NOT NULL,
    visibility_basis text,
    CONSTRAINT kind_is_known CHECK (kind IN ('permit', 'refusal', 'outcome', 'act')),
    CONSTRAINT basis_is_known
    CHECK (basis IN ('opt_in', 'law', 'entrustment', 'emergency')),
    CONSTRAINT outcome_ends_a_permit
    CHECK ((kind = 'outcome') = (permit_id IS NOT NULL AND outcome IS NOT NULL)),
    CONSTRAINT outcome_is_known
    CHECK (outcome IN ('released', 'failed', 'withdrawn_in_flight')),
    CONSTRAINT released_payload_has_a_digest
    CHECK (outcome IS DISTINCT FROM 'released' OR payload_sha256 IS NOT NULL),
    CONSTRAINT permit_names_its_basis CHECK (kind <> 'permit' OR basis IS NOT NULL),
    CONSTRAINT emergency_is_visible_at_once_and_says_why
    CHECK (
        basis IS DISTINCT FROM 'emergency'
        OR kind = 'refusal'
        OR (visible_from <= at AND note IS NOT NULL)
    ),
    CONSTRAINT later_visibility_has_a_basis
    CHECK (visible_from <= at OR visibility_basis IS NOT NULL)
) PARTITION BY RANGE (entry_id);

SELECT core.make_ledger('access.record');
CREATE INDEX record_by_subject ON access.record (subject_id, at DESC, entry_id DESC);
CREATE INDEX record_by_permit ON access.record (permit_id) WHERE kind = 'outcome';

CREATE FUNCTION access.first_entry_of(month date) RETURNS uuid
LANGUAGE sql IMMUTABLE
RETURN (lpad(
    to_hex((extract(EPOCH FROM month::timestamp) * 1000)::bigint), 12, '0'
) || repeat('0', 20))::uuid;

-- The application may ask for coming months and for nothing else; a partition is born append-only.
CREATE FUNCTION access.ensure_months(first date, months integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    month date;
    name text;
    made integer := 0;
BEGIN
    FOR step IN 0 .. least(months, 60) - 1 LOOP
        month := (date_trunc('month', first::timestamp) + make_interval(months => step))::date;
        name := format('record_%s', to_char(month, 'YYYYMM'));
        CONTINUE WHEN to_regclass(format('access.%I', name)) IS NOT NULL;
        EXECUTE format(
            'CREATE TABLE access.%I PARTITION OF access.record FOR VALUES FROM (%L) TO (%L)',
            name,
            access.first_entry_of(month),
            access.first_entry_of((month + interval '1 month')::date)
        );
        EXECUTE format('REVOKE ALL ON access.%I FROM mieone_app', name);
        PERFORM core.make_append_only(format('access.%I', name)::regclass);
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;
REVOKE ALL ON FUNCTION access.ensure_months(date, integer) FROM public;
GRANT EXECUTE ON FUNCTION access.ensure_months(date, integer) TO mieone_app;

-- A clock far from today loses nothing: what no month takes stands here, append-only too.
CREATE TABLE access.record_rest PARTITION OF access.record DEFAULT;
REVOKE ALL ON access.record_rest FROM mieone_app;
SELECT core.make_append_only('access.record_rest');
SELECT access.ensure_months('2026-10-01', 15);

-- One human being may stand in records under several ids: the Mie-ID's and each register's.
CREATE TABLE access.alias (
    person_id uuid NOT NULL,
    subject_id uuid NOT NULL,
    linked_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, subject_id)
);

-- What the names in records are called before people.
CREATE TABLE access.caption (
    kind text NOT NULL,
    id text NOT NULL,
    name jsonb NOT NULL,
    detail jsonb,
    organisation_group text NOT NULL,
    verified boolean NOT NULL,
    PRIMARY KEY (kind, id)
);

CREATE TABLE access.question (
    question_id uuid PRIMARY KEY,
    person_id uuid NOT NULL,
    entry_id uuid NOT NULL,
    kind text NOT NULL,
    words bytea NOT NULL,
    opened_at timestamptz NOT NULL,
    answered_at timestamptz,
    CONSTRAINT question_kind_is_known CHECK (kind IN ('explain', 'wrong')),
    CONSTRAINT one_question_of_a_kind_per_entry UNIQUE (person_id, entry_id, kind)
);
CREATE INDEX question_open ON access.question (opened_at) WHERE answered_at IS NULL;
