-- Each town's register as its core system sends it. What is personal is sealed under the town's register keys, one key a
-- resident; it is found by blind tokens only. Rows are read by equality, so every table stands under row security.

SELECT core.create_block_schema('registry');

CREATE TABLE registry.import_run (
    town text NOT NULL,
    run_id uuid PRIMARY KEY,
    source text NOT NULL,
    extent text NOT NULL,
    file_sha256 bytea NOT NULL,
    actor_kind text NOT NULL,
    actor_id text NOT NULL,
    row_count bigint NOT NULL,
    taken bigint NOT NULL,
    refused bigint NOT NULL,
    added bigint NOT NULL,
    changed bigint NOT NULL,
    removed bigint NOT NULL,
    imported_at timestamptz NOT NULL,
    CONSTRAINT import_extent_is_known CHECK (extent IN ('whole', 'changes')),
    CONSTRAINT import_counts_add_up CHECK (taken <= row_count AND refused <= row_count)
);
CREATE INDEX import_run_town ON registry.import_run (town, imported_at DESC);
SELECT core.secure_by_town('registry.import_run');
SELECT core.make_append_only('registry.import_run');

-- What was found in a file: row, column and reason, never the value.
CREATE TABLE registry.import_finding (
    town text NOT NULL,
    run_id uuid NOT NULL REFERENCES registry.import_run,
    row_number bigint NOT NULL,
    column_name text,
    reason text NOT NULL,
    weight text NOT NULL,
    CONSTRAINT finding_weight_is_known CHECK (weight IN ('refused', 'remark'))
);
CREATE INDEX import_finding_run ON registry.import_finding (run_id, row_number);
SELECT core.secure_by_town('registry.import_finding');
SELECT core.make_append_only('registry.import_finding');

-- Rows that come by the ten thousand name their run without a foreign key: the check would cost more than the row.
CREATE TABLE registry.household (
    town text NOT NULL,
    household_number text NOT NULL,
    first_seen_in uuid NOT NULL,
    PRIMARY KEY (town, household_number),
    CONSTRAINT household_number_is_prefixed CHECK (household_number ~ '^S-[0-9A-Z]{1,15}$')
);
SELECT core.secure_by_town('registry.household');

CREATE TABLE registry.resident (
    town text NOT NULL,
    resident_id uuid NOT NULL,
    addressee_number text NOT NULL,
    household_number text NOT NULL,
    status text NOT NULL,
    is_head boolean NOT NULL,
    protected_from date,
    protected_until date,
    digest bytea NOT NULL,
    sealed bytea NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (town, resident_id),
    UNIQUE (town, addressee_number),
    FOREIGN KEY (town, household_number) REFERENCES registry.household,
    CONSTRAINT addressee_number_is_prefixed CHECK (addressee_number ~ '^A-[0-9A-Z]{1,15}$'),
    CONSTRAINT resident_status_is_known CHECK (
        status IN ('resident', 'moved_out', 'deceased', 'removed', 'absent')
    ),
    CONSTRAINT protection_ends_after_it_begins CHECK (
        protected_until IS NULL OR protected_from < protected_until
    )
);
CREATE INDEX resident_household ON registry.resident (town, household_number);
SELECT core.secure_by_town('registry.resident');

-- HMAC of a name, a reading, the beginning of a reading or a birth date, under a key of the town.
CREATE TABLE registry.search_token (
    town text NOT NULL,
    token bytea NOT NULL,
    resident_id uuid NOT NULL,
    PRIMARY KEY (town, token, resident_id)
);
SELECT core.secure_by_town('registry.search_token');

-- 異動: what an import changed, with the document as it was before.
CREATE TABLE registry.change_record (
    town text NOT NULL,
    change_id uuid PRIMARY KEY DEFAULT uuidv7(),
    resident_id uuid NOT NULL,
    run_id uuid NOT NULL,
    kind text NOT NULL,
    fields text[] NOT NULL,
    previous bytea,
    CONSTRAINT change_kind_is_known CHECK (kind IN ('added', 'changed', 'removed')),
    CONSTRAINT a_change_keeps_what_was CHECK ((kind = 'changed') <= (previous IS NOT NULL))
);
CREATE INDEX change_record_resident ON registry.change_record (town, resident_id, change_id);
SELECT core.secure_by_town('registry.change_record');
SELECT core.make_append_only('registry.change_record');

-- A file that was shown and waits to be taken; sealed, and gone when it is taken or a day old.
CREATE TABLE registry.upload (
    town text NOT NULL,
    upload_id uuid PRIMARY KEY,
    extent text NOT NULL,
    sealed bytea NOT NULL,
    uploaded_by text NOT NULL,
    uploaded_at timestamptz NOT NULL,
    CONSTRAINT upload_extent_is_known CHECK (extent IN ('whole', 'changes'))
);
SELECT core.secure_by_town('registry.upload');

-- Person ↔ Resident. The person stands here only as this block's own pairwise identifier.
CREATE TABLE registry.link (
    town text NOT NULL,
    link_id uuid PRIMARY KEY DEFAULT uuidv7(),
    resident_id uuid NOT NULL,
    pairwise_id text NOT NULL,
    method text NOT NULL,
    linked_by text NOT NULL,
    linked_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_because text,
    FOREIGN KEY (town, resident_id) REFERENCES registry.resident,
    CONSTRAINT link_method_is_known CHECK (method IN ('exact', 'counter')),
    CONSTRAINT an_end_has_a_reason CHECK ((ended_at IS NULL) = (ended_because IS NULL))
);
CREATE UNIQUE INDEX one_living_link_a_person ON registry.link (pairwise_id)
WHERE ended_at IS NULL;
CREATE UNIQUE INDEX one_living_link_a_resident ON registry.link (town, resident_id)
WHERE ended_at IS NULL;
SELECT core.secure_by_town('registry.link');

-- Whom the rule could not decide: somebody at the counter does.
CREATE TABLE registry.matching_case (
    town text NOT NULL,
    case_id uuid PRIMARY KEY DEFAULT uuidv7(),
    pairwise_id text NOT NULL,
    reason text NOT NULL,
    sealed bytea,
    state text NOT NULL DEFAULT 'open',
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    closed_by text,
    CONSTRAINT case_reason_is_known CHECK (reason IN ('nobody', 'several', 'taken')),
    CONSTRAINT case_state_is_known CHECK (state IN ('open', 'linked', 'refused')),
    CONSTRAINT a_closed_case_forgets_the_claim CHECK ((state = 'open') = (sealed IS NOT NULL)),
    CONSTRAINT a_closed_case_names_who CHECK (
        (state = 'open') = (closed_at IS NULL) AND (closed_at IS NULL) = (closed_by IS NULL)
    )
);
CREATE UNIQUE INDEX one_open_case_a_person ON registry.matching_case (pairwise_id)
WHERE state = 'open';
CREATE INDEX matching_case_open ON registry.matching_case (town, opened_at) WHERE state = 'open';
SELECT core.secure_by_town('registry.matching_case');
