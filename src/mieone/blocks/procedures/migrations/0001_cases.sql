-- Drafts, cases with their append-only events, evaluations, decisions and letters, each row secured by town.
-- A decision is refused by the database itself when anybody but the lawful authority records it.
SELECT core.create_block_schema('procedures');

-- The text of every definition a case was pinned to: the file may go, the case may not.
CREATE TABLE procedures.definition (
    sha256 text PRIMARY KEY,
    procedure text NOT NULL,
    valid_from date NOT NULL,
    body text NOT NULL,
    recorded_at timestamptz NOT NULL
);
SELECT core.make_append_only('procedures.definition');

CREATE TABLE procedures.draft (
    draft_id uuid PRIMARY KEY,
    town text NOT NULL,
    person_id uuid NOT NULL,
    procedure text NOT NULL,
    definition_hash text NOT NULL,
    answers bytea NOT NULL,
    submit_token uuid NOT NULL UNIQUE,
    saved_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    case_id uuid,
    CONSTRAINT a_sent_draft_keeps_no_answers CHECK (case_id IS NULL OR answers = ''::bytea)
);
CREATE UNIQUE INDEX one_open_draft ON procedures.draft (person_id, procedure)
WHERE case_id IS NULL;
CREATE INDEX draft_expiry ON procedures.draft (expires_at);

CREATE TABLE procedures.counter (
    town text NOT NULL,
    series text NOT NULL,
    year integer NOT NULL,
    last_number bigint NOT NULL,
    PRIMARY KEY (town, series, year)
);

CREATE TABLE procedures.case_file (
    case_id uuid PRIMARY KEY,
    town text NOT NULL,
    number text NOT NULL,
    procedure text NOT NULL,
    definition_hash text NOT NULL REFERENCES procedures.definition,
    person_id uuid NOT NULL,
    authority text NOT NULL,
    submit_token uuid NOT NULL,
    arrived_at timestamptz NOT NULL,
    event_on date,
    state text NOT NULL,
    due_on date,
    event_count integer NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT number_is_given_once UNIQUE (number),
    CONSTRAINT a_token_is_used_once UNIQUE (submit_token)
);
CREATE INDEX case_of_person ON procedures.case_file (person_id, arrived_at);
CREATE INDEX case_queue ON procedures.case_file
(town, (coalesce(due_on, 'infinity'::date)), arrived_at);

-- One key a case: destroying the row ends everything sealed under it.
CREATE TABLE procedures.case_key (
    case_id uuid PRIMARY KEY REFERENCES procedures.case_file,
    town text NOT NULL,
    sealed bytea NOT NULL
);

-- A correction adds a version; what was first sent stays.
CREATE TABLE procedures.answers (
    case_id uuid NOT NULL REFERENCES procedures.case_file,
    version integer NOT NULL,
    town text NOT NULL,
    sealed bytea NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (case_id, version)
);
SELECT core.make_append_only('procedures.answers');

CREATE TABLE procedures.case_event (
    entry_id uuid PRIMARY KEY,
    mac bytea NOT NULL,
    xact_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    town text NOT NULL,
    case_id uuid NOT NULL REFERENCES procedures.case_file,
    seq integer NOT NULL,
    at timestamptz NOT NULL,
    act text NOT NULL,
    actor_class text NOT NULL,
    actor_id text NOT NULL,
    organisation text NOT NULL,
    note bytea,
    CONSTRAINT seq_has_no_doubles UNIQUE (case_id, seq),
    CONSTRAINT actor_class_is_known CHECK (actor_class IN (
        'applicant', 'association', 'town_officer', 'authority_head', 'board', 'external', 'system'
    )),
    -- 決定・期間延長・取消は処分庁だけがする。
    CONSTRAINT only_the_authority_decides CHECK (
        act NOT IN ('decide', 'extend', 'revoke')
        OR actor_class IN ('town_officer', 'authority_head', 'board')
    ),
    CONSTRAINT the_association_concludes_nothing CHECK (
        act NOT IN ('conclude', 'return')
        OR actor_class IN ('town_officer', 'authority_head', 'board')
    )
);
SELECT core.make_ledger('procedures.case_event');

CREATE TABLE procedures.task (
    task_id uuid PRIMARY KEY,
    town text NOT NULL,
    case_id uuid NOT NULL REFERENCES procedures.case_file,
    task text NOT NULL,
    actor_class text NOT NULL,
    actor_id text NOT NULL,
    is_core boolean NOT NULL,
    started_at timestamptz NOT NULL,
    stopped_at timestamptz NOT NULL,
    checked text[] NOT NULL,
    CONSTRAINT it_stops_after_it_started CHECK (stopped_at >= started_at)
);
CREATE INDEX task_of_case ON procedures.task (case_id);
SELECT core.make_append_only('procedures.task');

CREATE TABLE procedures.evaluation (
    evaluation_id uuid PRIMARY KEY,
    town text NOT NULL,
    case_id uuid NOT NULL REFERENCES procedures.case_file,
    answers_version integer NOT NULL,
    ruleset_hash text NOT NULL,
    digest bytea NOT NULL,
    sealed bytea NOT NULL,
    evaluated_at timestamptz NOT NULL
);
CREATE INDEX evaluation_of_case ON procedures.evaluation (case_id, evaluated_at);
SELECT core.make_append_only('procedures.evaluation');

CREATE TABLE procedures.decision (
    decision_id uuid PRIMARY KEY,
    town text NOT NULL,
    case_id uuid NOT NULL UNIQUE REFERENCES procedures.case_file,
    evaluation_id uuid NOT NULL REFERENCES procedures.evaluation,
    outcome text NOT NULL,
    authority text NOT NULL,
    delegation text NOT NULL,
    actor_class text NOT NULL,
    decided_by text NOT NULL,
    law_refs text[] NOT NULL,
    reasons bytea NOT NULL,
    decided_at timestamptz NOT NULL,
    CONSTRAINT outcome_is_known CHECK (outcome IN ('granted', 'partial', 'refused')),
    CONSTRAINT only_the_authority_decides CHECK (
        actor_class IN ('town_officer', 'authority_head', 'board')
    ),
    CONSTRAINT it_cites_law CHECK (cardinality(law_refs) > 0)
);
SELECT core.make_append_only('procedures.decision');

-- A post that has ever worked for the association in this house never decides in it, whatever it calls itself.
CREATE FUNCTION procedures.check_decision() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM procedures.case_event AS e
        WHERE e.actor_class = 'association' AND e.actor_id = new.decided_by
    ) THEN
        RAISE EXCEPTION 'the association never decides' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NOT EXISTS (
        SELECT FROM procedures.case_event AS e
        WHERE e.case_id = new.case_id AND e.act = 'decide' AND e.actor_class = new.actor_class
            AND e.actor_id = new.decided_by
    ) THEN
        RAISE EXCEPTION 'a decision stands beside its event' USING ERRCODE = 'check_violation';
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER the_authority_decides BEFORE INSERT ON procedures.decision
FOR EACH ROW EXECUTE FUNCTION procedures.check_decision();

CREATE TABLE procedures.letter (
    letter_id uuid PRIMARY KEY,
    town text NOT NULL,
    case_id uuid NOT NULL REFERENCES procedures.case_file,
    decision_id uuid NOT NULL UNIQUE REFERENCES procedures.decision,
    document_number bigint NOT NULL,
    template text NOT NULL,
    digest bytea NOT NULL,
    pdf bytea NOT NULL,
    is_specimen boolean NOT NULL,
    unverified text[] NOT NULL,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL
);
SELECT core.make_append_only('procedures.letter');

CREATE TABLE procedures.entitlement (
    entitlement_id uuid PRIMARY KEY,
    town text NOT NULL,
    case_id uuid NOT NULL UNIQUE REFERENCES procedures.case_file,
    person_id uuid NOT NULL,
    procedure text NOT NULL,
    decision_id uuid NOT NULL REFERENCES procedures.decision,
    sealed bytea NOT NULL,
    recorded_at timestamptz NOT NULL
);
SELECT core.make_append_only('procedures.entitlement');

-- Somebody whose newborn came into the register: the offer on the home page, nothing about the child.
CREATE TABLE procedures.offer (
    town text NOT NULL,
    person_id uuid NOT NULL,
    procedure text NOT NULL,
    event_on date NOT NULL,
    offered_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, procedure, event_on)
);

SELECT core.secure_by_town(format('procedures.%I', name)::regclass)
FROM unnest(ARRAY[
    'draft', 'counter', 'case_file', 'case_key', 'answers', 'case_event', 'task', 'evaluation',
    'decision', 'letter', 'entitlement', 'offer'
]) AS name;

-- Whose name stood in whose queue on which day: the first sight of the day is told to the person.
CREATE TABLE procedures.queue_sight (
    town text NOT NULL,
    actor_id text NOT NULL,
    case_id uuid NOT NULL REFERENCES procedures.case_file,
    seen_on date NOT NULL,
    PRIMARY KEY (actor_id, case_id, seen_on)
);
SELECT core.secure_by_town('procedures.queue_sight');

-- Whose household the job may ask about at the door, and when again.
CREATE TABLE procedures.birth_watch (
    person_id uuid PRIMARY KEY,
    town text NOT NULL,
    look_at timestamptz NOT NULL
);
CREATE INDEX birth_watch_due ON procedures.birth_watch (look_at);
SELECT core.secure_by_town('procedures.birth_watch');
