-- Written by `python -m scripts.schema_snapshot`; a test compares it.

TABLE access.alias (
    person_id uuid NOT NULL,
    subject_id uuid NOT NULL,
    linked_at timestamp with time zone NOT NULL
)
  CONSTRAINT alias_pkey PRIMARY KEY (person_id, subject_id)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE access.caption (
    kind text NOT NULL,
    id text NOT NULL,
    name jsonb NOT NULL,
    detail jsonb,
    organisation_group text NOT NULL,
    verified boolean NOT NULL
)
  CONSTRAINT caption_pkey PRIMARY KEY (kind, id)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE access.question (
    question_id uuid NOT NULL,
    person_id uuid NOT NULL,
    entry_id uuid NOT NULL,
    kind text NOT NULL,
    words bytea NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    answered_at timestamp with time zone
)
  CONSTRAINT one_question_of_a_kind_per_entry UNIQUE (person_id, entry_id, kind)
  CONSTRAINT question_kind_is_known CHECK ((kind = ANY (ARRAY['explain'::text, 'wrong'::text])))
  CONSTRAINT question_pkey PRIMARY KEY (question_id)
  CREATE INDEX question_open ON access.question USING btree (opened_at) WHERE (answered_at IS NULL)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE access.record (
    entry_id uuid NOT NULL,
    mac bytea NOT NULL,
    xact_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    town text,
    subject_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
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
    visible_from timestamp with time zone NOT NULL,
    visibility_basis text
)
  CONSTRAINT basis_is_known CHECK ((basis = ANY (ARRAY['opt_in'::text, 'law'::text, 'entrustment'::text, 'emergency'::text])))
  CONSTRAINT emergency_is_visible_at_once_and_says_why CHECK (((basis IS DISTINCT FROM 'emergency'::text) OR (kind = 'refusal'::text) OR ((visible_from <= at) AND (note IS NOT NULL))))
  CONSTRAINT kind_is_known CHECK ((kind = ANY (ARRAY['permit'::text, 'refusal'::text, 'outcome'::text, 'act'::text])))
  CONSTRAINT later_visibility_has_a_basis CHECK (((visible_from <= at) OR (visibility_basis IS NOT NULL)))
  CONSTRAINT outcome_ends_a_permit CHECK (((kind = 'outcome'::text) = ((permit_id IS NOT NULL) AND (outcome IS NOT NULL))))
  CONSTRAINT outcome_is_known CHECK ((outcome = ANY (ARRAY['released'::text, 'failed'::text, 'withdrawn_in_flight'::text])))
  CONSTRAINT permit_names_its_basis CHECK (((kind <> 'permit'::text) OR (basis IS NOT NULL)))
  CONSTRAINT record_pkey PRIMARY KEY (entry_id)
  CONSTRAINT released_payload_has_a_digest CHECK (((outcome IS DISTINCT FROM 'released'::text) OR (payload_sha256 IS NOT NULL)))
  CREATE INDEX record_by_permit ON ONLY access.record USING btree (permit_id) WHERE (kind = 'outcome'::text)
  CREATE INDEX record_by_subject ON ONLY access.record USING btree (subject_id, at DESC, entry_id DESC)
  CREATE INDEX record_xact_id_entry_id_idx ON ONLY access.record USING btree (xact_id, entry_id)
  CREATE TRIGGER only_ever_added BEFORE DELETE OR UPDATE OR TRUNCATE ON access.record FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  GRANT INSERT, SELECT TO mieone_app
  GRANT SELECT TO mieone_auditor
  GRANT SELECT TO mieone_sealer

TABLE broker.api_key (
    digest bytea NOT NULL,
    prefix text NOT NULL,
    tenant text NOT NULL,
    title text NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    valid_until timestamp with time zone,
    revoked_at timestamp with time zone
)
  CONSTRAINT api_key_pkey PRIMARY KEY (digest)
  CONSTRAINT api_key_tenant_fkey FOREIGN KEY (tenant) REFERENCES broker.tenant(name)
  CREATE INDEX api_key_by_tenant ON broker.api_key USING btree (tenant, created_at)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE broker.attribute (
    tenant text NOT NULL,
    name text NOT NULL,
    sequence bigint NOT NULL,
    dataset text NOT NULL DEFAULT '@none'::text,
    place smallint NOT NULL DEFAULT 0,
    number double precision,
    words text,
    instant timestamp with time zone,
    bounds box,
    is_opaque boolean NOT NULL DEFAULT false
)
  CONSTRAINT attribute_pkey PRIMARY KEY (tenant, sequence, name, dataset, place)
  CONSTRAINT words_are_short CHECK ((octet_length(words) <= 512))
  CREATE INDEX attribute_by_bounds ON broker.attribute USING gist (bounds) WHERE (bounds IS NOT NULL)
  CREATE INDEX attribute_by_instant ON broker.attribute USING btree (tenant, name, instant, sequence) WHERE (instant IS NOT NULL)
  CREATE INDEX attribute_by_name ON broker.attribute USING btree (tenant, name, sequence) WHERE (place = 0)
  CREATE INDEX attribute_by_number ON broker.attribute USING btree (tenant, name, number, sequence) WHERE (number IS NOT NULL)
  CREATE INDEX attribute_by_words ON broker.attribute USING btree (tenant, name, words, sequence) WHERE (words IS NOT NULL)
  CREATE INDEX attribute_of_several ON broker.attribute USING btree (tenant, name, sequence) WHERE ((place > 0) OR (dataset <> '@none'::text))
  CREATE INDEX attribute_opaque ON broker.attribute USING btree (tenant, name, sequence) WHERE is_opaque
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE broker.audience (
    tenant text NOT NULL,
    since_sequence bigint NOT NULL,
    xact_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    listens_until timestamp with time zone NOT NULL
)
  CONSTRAINT audience_pkey PRIMARY KEY (tenant)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE broker.context (
    id text NOT NULL,
    tenant text,
    kind text NOT NULL,
    url text,
    body text NOT NULL,
    etag text,
    created_at timestamp with time zone NOT NULL,
    fetched_at timestamp with time zone NOT NULL
)
  CONSTRAINT body_is_not_too_large CHECK ((octet_length(body) <= 2097152))
  CONSTRAINT cached_ones_have_a_url CHECK (((kind = 'Cached'::text) = (url IS NOT NULL)))
  CONSTRAINT context_pkey PRIMARY KEY (id)
  CONSTRAINT context_url_key UNIQUE (url)
  CONSTRAINT hosted_ones_have_a_tenant CHECK (((kind = 'Hosted'::text) = (tenant IS NOT NULL)))
  CONSTRAINT kind_is_known CHECK ((kind = ANY (ARRAY['Hosted'::text, 'Cached'::text, 'ImplicitlyCreated'::text])))
  CREATE INDEX context_by_tenant ON broker.context USING btree (tenant, kind, created_at DESC)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE broker.context_epoch (
    one boolean NOT NULL DEFAULT true,
    epoch bigint NOT NULL DEFAULT 0
)
  CONSTRAINT context_epoch_pkey PRIMARY KEY (one)
  CONSTRAINT there_is_one_epoch CHECK (one)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE broker.context_use (
    key text NOT NULL,
    hits bigint NOT NULL,
    used_at timestamp with time zone NOT NULL
)
  CONSTRAINT context_use_pkey PRIMARY KEY (key)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE broker.courier (
    holder text NOT NULL,
    seen_at timestamp with time zone NOT NULL
)
  CONSTRAINT courier_pkey PRIMARY KEY (holder)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE broker.delivery (
    delivery_id bigint NOT NULL,
    tenant text NOT NULL,
    subscription text NOT NULL,
    bucket smallint NOT NULL,
    order_key text NOT NULL,
    event bigint,
    body text,
    notification_id uuid NOT NULL DEFAULT uuidv7(),
    state text NOT NULL DEFAULT 'due'::text,
    attempts smallint NOT NULL DEFAULT 0,
    next_at timestamp with time zone NOT NULL,
    xact_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    recorded_at timestamp with time zone NOT NULL,
    last_error text
)
  CONSTRAINT delivery_pkey PRIMARY KEY (delivery_id)
  CONSTRAINT it_says_something CHECK ((num_nonnulls(event, body) = 1))
  CONSTRAINT state_is_known CHECK ((state = ANY (ARRAY['due'::text, 'dead'::text])))
  CREATE INDEX delivery_by_event ON broker.delivery USING btree (event) WHERE (event IS NOT NULL)
  CREATE INDEX delivery_by_subscription ON broker.delivery USING btree (tenant, subscription, delivery_id) WHERE (state = 'due'::text)
  CREATE INDEX delivery_by_transaction ON broker.delivery USING btree (xact_id)
  CREATE INDEX delivery_dead ON broker.delivery USING btree (tenant, subscription, delivery_id) WHERE (state = 'dead'::text)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE broker.delivery_lease (
    bucket smallint NOT NULL,
    holder text,
    leased_until timestamp with time zone NOT NULL DEFAULT '-infinity'::timestamp with time zone
)
  CONSTRAINT delivery_lease_pkey PRIMARY KEY (bucket)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE broker.delivery_total (
    tenant text NOT NULL,
    delivered bigint NOT NULL DEFAULT 0,
    dropped bigint NOT NULL DEFAULT 0,
    times_sent bigint NOT NULL DEFAULT 0,
    times_failed bigint NOT NULL DEFAULT 0
)
  CONSTRAINT delivery_total_pkey PRIMARY KEY (tenant)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE broker.entity (
    tenant text NOT NULL,
    id text NOT NULL,
    sequence bigint NOT NULL,
    types text[] NOT NULL,
    scopes text[] NOT NULL DEFAULT '{}'::text[],
    document text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    modified_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    v2_id text,
    v2_type text,
    v2_path text,
    ends_at timestamp with time zone
)
  CONSTRAINT entity_pkey PRIMARY KEY (tenant, id)
  CONSTRAINT id_is_not_too_long CHECK ((octet_length(id) <= 2048))
  CREATE INDEX entity_by_end ON broker.entity USING btree (ends_at) WHERE (ends_at IS NOT NULL)
  CREATE INDEX entity_by_expiry ON broker.entity USING btree (tenant, expires_at) WHERE (expires_at IS NOT NULL)
  CREATE INDEX entity_by_v2_id ON broker.entity USING btree (tenant, v2_id) WHERE (v2_id IS NOT NULL)
  CREATE UNIQUE INDEX entity_by_sequence ON broker.entity USING btree (tenant, sequence)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE broker.entity_map (
    tenant text NOT NULL,
    id text NOT NULL,
    entries jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    expires_at timestamp with time zone NOT NULL
)
  CONSTRAINT entity_map_pkey PRIMARY KEY (tenant, id)
  CREATE INDEX entity_map_by_age ON broker.entity_map USING btree (tenant, created_at)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE broker.entity_scope (
    tenant text NOT NULL,
    key text NOT NULL,
    sequence bigint NOT NULL
)
  CONSTRAINT entity_scope_pkey PRIMARY KEY (tenant, key, sequence)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE broker.entity_type (
    tenant text NOT NULL,
    type text NOT NULL,
    sequence bigint NOT NULL
)
  CONSTRAINT entity_type_pkey PRIMARY KEY (tenant, type, sequence)
  CREATE INDEX entity_type_by_entity ON broker.entity_type USING btree (tenant, sequence)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE broker.event (
    sequence bigint NOT NULL,
    tenant text NOT NULL,
    entity_id text NOT NULL,
    xact_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    recorded_at timestamp with time zone NOT NULL,
    document text NOT NULL
)
  CONSTRAINT event_pkey PRIMARY KEY (sequence)
  CREATE INDEX event_by_transaction ON broker.event USING btree (xact_id)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE broker.feed_finding (
    feed text NOT NULL,
    digest bytea NOT NULL,
    found_at timestamp with time zone NOT NULL,
    times integer NOT NULL DEFAULT 1,
    topic text NOT NULL,
    findings jsonb NOT NULL
)
  CONSTRAINT feed_finding_pkey PRIMARY KEY (feed, digest)
  CREATE INDEX feed_finding_by_time ON broker.feed_finding USING btree (feed, found_at DESC)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE broker.feed_turn (
    feed text NOT NULL,
    next_at timestamp with time zone NOT NULL DEFAULT now(),
    failures integer NOT NULL DEFAULT 0,
    state text NOT NULL DEFAULT 'waiting'::text,
    changed_at timestamp with time zone NOT NULL DEFAULT now(),
    last_error text,
    taken_at timestamp with time zone,
    taken bigint NOT NULL DEFAULT 0,
    refused bigint NOT NULL DEFAULT 0
)
  CONSTRAINT feed_state_is_known CHECK ((state = ANY (ARRAY['waiting'::text, 'open'::text, 'away'::text])))
  CONSTRAINT feed_turn_pkey PRIMARY KEY (feed)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE broker.history (
    tenant text NOT NULL,
    series uuid NOT NULL,
    instance_id uuid NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    observed_at timestamp with time zone,
    modified_at timestamp with time zone NOT NULL,
    moment timestamp with time zone NOT NULL,
    is_deletion boolean NOT NULL DEFAULT false,
    sort text NOT NULL,
    number double precision,
    fingerprint bigint NOT NULL,
    document text NOT NULL
)
  CONSTRAINT history_pkey PRIMARY KEY (tenant, series, recorded_at, instance_id)
  CREATE INDEX history_by_moment ON ONLY broker.history USING btree (tenant, series, moment, instance_id)
  CREATE INDEX history_deletion ON ONLY broker.history USING btree (tenant, series, recorded_at) WHERE is_deletion
  CREATE TRIGGER history_grows AFTER INSERT ON broker.history REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION broker.count_history('1')
  CREATE TRIGGER history_shrinks AFTER DELETE ON broker.history REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION broker.count_history('-1')
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE broker.history_count (
    tenant text NOT NULL,
    instances bigint NOT NULL
)
  CREATE INDEX history_count_by_tenant ON broker.history_count USING btree (tenant)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE broker.history_policy (
    tenant text,
    type text,
    keeps_history boolean NOT NULL,
    retention_days integer,
    valid_from date NOT NULL,
    valid_until date,
    reason text NOT NULL
)
  CONSTRAINT one_policy_a_time UNIQUE NULLS NOT DISTINCT (tenant, type, valid_from)
  CONSTRAINT policy_ends_after_it_begins CHECK ((valid_until > valid_from))
  CONSTRAINT retention_is_at_least_a_day CHECK ((retention_days >= 1))
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE broker.import_run (
    run_id uuid NOT NULL DEFAULT uuidv7(),
    tenant text NOT NULL,
    dataset text NOT NULL,
    origin text NOT NULL,
    digest bytea NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    read_rows integer NOT NULL DEFAULT 0,
    written_entities integer NOT NULL DEFAULT 0,
    removed_entities integer NOT NULL DEFAULT 0,
    findings jsonb NOT NULL DEFAULT '[]'::jsonb,
    failure text,
    is_settled boolean NOT NULL DEFAULT true,
    unchanged_entities integer NOT NULL DEFAULT 0
)
  CONSTRAINT import_run_pkey PRIMARY KEY (run_id)
  CREATE INDEX import_run_by_dataset ON broker.import_run USING btree (tenant, dataset, started_at DESC)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE broker.imported (
    tenant text NOT NULL,
    dataset text NOT NULL,
    entity_id text NOT NULL,
    run_id uuid NOT NULL,
    digests bytea[] NOT NULL DEFAULT '{}'::bytea[],
    written_at timestamp with time zone
)
  CONSTRAINT imported_pkey PRIMARY KEY (tenant, dataset, entity_id)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE broker.registration (
    tenant text NOT NULL,
    id text NOT NULL,
    sequence bigint NOT NULL,
    document text NOT NULL,
    expires_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    times_sent bigint NOT NULL DEFAULT 0,
    times_failed bigint NOT NULL DEFAULT 0,
    last_success timestamp with time zone,
    last_failure timestamp with time zone
)
  CONSTRAINT id_is_not_too_long CHECK ((octet_length(id) <= 2048))
  CONSTRAINT registration_pkey PRIMARY KEY (tenant, id)
  CREATE INDEX registration_by_expiry ON broker.registration USING btree (expires_at) WHERE (expires_at IS NOT NULL)
  CREATE UNIQUE INDEX registration_by_sequence ON broker.registration USING btree (tenant, sequence)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE broker.series (
    tenant text NOT NULL,
    key uuid NOT NULL,
    entity_id text NOT NULL,
    name text NOT NULL,
    dataset text NOT NULL
)
  CONSTRAINT series_pkey PRIMARY KEY (tenant, key)
  CREATE INDEX series_by_entity ON broker.series USING btree (tenant, entity_id, name)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE broker.subscription (
    tenant text NOT NULL,
    id text NOT NULL,
    sequence bigint NOT NULL,
    kind text NOT NULL,
    api text NOT NULL,
    bucket smallint NOT NULL,
    document text NOT NULL,
    next_interval_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    modified_at timestamp with time zone NOT NULL
)
  CONSTRAINT id_is_not_too_long CHECK ((octet_length(id) <= 2048))
  CONSTRAINT subscription_pkey PRIMARY KEY (tenant, id)
  CREATE INDEX subscription_by_interval ON broker.subscription USING btree (next_interval_at) WHERE (next_interval_at IS NOT NULL)
  CREATE INDEX subscription_by_sequence ON broker.subscription USING btree (tenant, kind, api, sequence)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE broker.subscription_total (
    tenant text NOT NULL,
    subscription text NOT NULL,
    delivered bigint NOT NULL DEFAULT 0,
    dropped bigint NOT NULL DEFAULT 0,
    times_sent bigint NOT NULL DEFAULT 0,
    times_failed bigint NOT NULL DEFAULT 0,
    last_notification timestamp with time zone,
    last_success timestamp with time zone,
    last_failure timestamp with time zone,
    last_error text,
    is_failing boolean,
    notified bigint NOT NULL DEFAULT 0,
    notified_failed bigint NOT NULL DEFAULT 0,
    fails_in_a_row integer NOT NULL DEFAULT 0,
    last_success_code smallint
)
  CONSTRAINT subscription_total_pkey PRIMARY KEY (tenant, subscription)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE broker.temporal_entity (
    tenant text NOT NULL,
    id text NOT NULL,
    sequence bigint NOT NULL,
    types text[] NOT NULL,
    scopes text[] NOT NULL DEFAULT '{}'::text[],
    created_at timestamp with time zone NOT NULL,
    modified_at timestamp with time zone NOT NULL,
    deleted_at timestamp with time zone
)
  CONSTRAINT temporal_entity_pkey PRIMARY KEY (tenant, id)
  CREATE INDEX temporal_entity_by_type ON broker.temporal_entity USING gin (types)
  CREATE UNIQUE INDEX temporal_entity_by_sequence ON broker.temporal_entity USING btree (tenant, sequence)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE broker.tenant (
    name text NOT NULL,
    title text NOT NULL,
    is_default boolean NOT NULL DEFAULT false,
    quota jsonb NOT NULL DEFAULT '{}'::jsonb,
    context_url text,
    subscriptions_epoch bigint NOT NULL DEFAULT 0,
    registrations_epoch bigint NOT NULL DEFAULT 0,
    created_at timestamp with time zone NOT NULL DEFAULT now()
)
  CONSTRAINT name_is_an_identifier CHECK ((name ~ '^[a-z0-9_]{1,50}$'::text))
  CONSTRAINT tenant_pkey PRIMARY KEY (name)
  CREATE UNIQUE INDEX tenant_has_one_default ON broker.tenant USING btree (is_default) WHERE is_default
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE coin.account (
    account_id uuid NOT NULL,
    class text NOT NULL,
    belongs_to text NOT NULL DEFAULT ''::text,
    tier text NOT NULL DEFAULT 't0'::text,
    status text NOT NULL DEFAULT 'active'::text,
    balance_yen bigint,
    paid_on date,
    paid_yen bigint NOT NULL DEFAULT 0,
    sent_month date,
    sent_yen bigint NOT NULL DEFAULT 0,
    opened_at timestamp with time zone NOT NULL DEFAULT clock_timestamp()
)
  CONSTRAINT account_class_check CHECK ((class = ANY (ARRAY['wallet'::text, 'campaign_budget'::text, 'merchant'::text, 'issued'::text, 'used'::text, 'expired'::text, 'refunded'::text, 'recalled'::text, 'fee_income'::text, 'funder_commitment'::text, 'funder_receivable'::text, 'return_claim'::text, 'clearing'::text])))
  CONSTRAINT account_pkey PRIMARY KEY (account_id)
  CONSTRAINT account_status_check CHECK ((status = ANY (ARRAY['active'::text, 'frozen'::text, 'closed'::text])))
  CONSTRAINT account_tier_check CHECK ((tier = ANY (ARRAY['t0'::text, 't1'::text, 't2'::text])))
  CONSTRAINT nobody_spends_what_is_not_there CHECK ((balance_yen >= 0))
  CONSTRAINT only_locked_accounts_keep_a_balance CHECK (((class = ANY (ARRAY['wallet'::text, 'campaign_budget'::text])) = (balance_yen IS NOT NULL)))
  CREATE UNIQUE INDEX system_account_is_one ON coin.account USING btree (class, belongs_to) WHERE (class <> ALL (ARRAY['wallet'::text, 'merchant'::text]))
  GRANT SELECT TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE coin.account_snapshot (
    account_id uuid NOT NULL,
    instrument_id text NOT NULL,
    balance_yen bigint NOT NULL
)
  CONSTRAINT account_snapshot_pkey PRIMARY KEY (account_id, instrument_id)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE coin.answer (
    client_id text NOT NULL,
    key text NOT NULL,
    body_sha256 bytea NOT NULL,
    outcome jsonb
)
  CONSTRAINT answer_key_check CHECK (((length(key) >= 1) AND (length(key) <= 200)))
  CONSTRAINT answer_pkey PRIMARY KEY (client_id, key)
  GRANT SELECT TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE coin.bill (
    bill_id text NOT NULL,
    shop_account_id uuid NOT NULL,
    amount_yen bigint NOT NULL,
    made_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    paid_by uuid,
    voided_at timestamp with time zone
)
  CONSTRAINT bill_amount_yen_check CHECK ((amount_yen > 0))
  CONSTRAINT bill_pkey PRIMARY KEY (bill_id)
  CONSTRAINT bill_shop_account_id_fkey FOREIGN KEY (shop_account_id) REFERENCES coin.account(account_id)
  CREATE INDEX bill_of_shop ON coin.bill USING btree (shop_account_id, made_at)
  GRANT SELECT TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE coin.entry (
    entry_id uuid NOT NULL,
    transfer_id uuid NOT NULL,
    kind text NOT NULL,
    account_id uuid NOT NULL,
    instrument_id text NOT NULL,
    amount_yen bigint NOT NULL,
    booked_at timestamp with time zone NOT NULL,
    posting_sha256 bytea NOT NULL,
    mac bytea NOT NULL,
    xact_id xid8 NOT NULL DEFAULT pg_current_xact_id()
)
  CONSTRAINT entry_amount_yen_check CHECK ((amount_yen <> 0))
  CONSTRAINT entry_pkey PRIMARY KEY (entry_id)
  CREATE INDEX entry_account_id_entry_id_idx ON ONLY coin.entry USING btree (account_id, entry_id)
  CREATE INDEX entry_account_id_xact_id_idx ON ONLY coin.entry USING btree (account_id, xact_id)
  CREATE INDEX entry_transfer_id_idx ON ONLY coin.entry USING btree (transfer_id)
  CREATE INDEX entry_xact_id_entry_id_idx ON ONLY coin.entry USING btree (xact_id, entry_id)
  CREATE TRIGGER only_ever_added BEFORE DELETE OR UPDATE OR TRUNCATE ON coin.entry FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  GRANT SELECT TO mieone_app
  GRANT SELECT TO mieone_auditor
  GRANT SELECT TO mieone_sealer

TABLE coin.holder (
    holder_token bytea NOT NULL,
    sealed_account bytea NOT NULL,
    opened_at timestamp with time zone NOT NULL DEFAULT clock_timestamp()
)
  CONSTRAINT holder_pkey PRIMARY KEY (holder_token)
  GRANT DELETE, INSERT, SELECT TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE coin.instrument (
    instrument_id text NOT NULL,
    issuer_id text NOT NULL,
    value_kind text NOT NULL,
    funding text NOT NULL,
    legal_class text NOT NULL
)
  CONSTRAINT free_value_is_of_the_class_free CHECK (((funding = 'free'::text) = (legal_class = 'free'::text)))
  CONSTRAINT instrument_funding_check CHECK ((funding = ANY (ARRAY['paid'::text, 'free'::text])))
  CONSTRAINT instrument_issuer_id_fkey FOREIGN KEY (issuer_id) REFERENCES coin.issuer(issuer_id)
  CONSTRAINT instrument_legal_class_check CHECK ((legal_class = ANY (ARRAY['free'::text, 'exempt_public'::text, 'exempt_6m'::text, 'prepaid'::text, 'funds_transfer'::text])))
  CONSTRAINT instrument_pkey PRIMARY KEY (instrument_id)
  CONSTRAINT instrument_value_kind_check CHECK ((value_kind = ANY (ARRAY['coin'::text, 'point'::text, 'voucher'::text, 'benefit'::text, 'visitor'::text])))
  CONSTRAINT what_a_lot_refers_to UNIQUE (instrument_id, issuer_id, funding, legal_class)
  GRANT INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE coin.issuer (
    issuer_id text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL
)
  CONSTRAINT issuer_kind_check CHECK ((kind = ANY (ARRAY['town'::text, 'association'::text, 'bank'::text])))
  CONSTRAINT issuer_pkey PRIMARY KEY (issuer_id)
  GRANT INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE coin.lot (
    lot_id uuid NOT NULL,
    account_id uuid NOT NULL,
    issuer_id text NOT NULL,
    instrument_id text NOT NULL,
    funding text NOT NULL,
    funder text NOT NULL DEFAULT ''::text,
    legal_class text NOT NULL,
    scope text NOT NULL,
    expires_at timestamp with time zone,
    campaign text NOT NULL DEFAULT ''::text,
    grant_run text NOT NULL DEFAULT ''::text,
    issued_at timestamp with time zone NOT NULL,
    opened_by_id uuid NOT NULL,
    parent_lot_id uuid,
    granted_yen bigint NOT NULL,
    open_yen bigint NOT NULL
)
  CONSTRAINT equal_value_lies_in_one_lot UNIQUE NULLS NOT DISTINCT (account_id, instrument_id, issuer_id, funding, funder, legal_class, scope, expires_at, campaign, grant_run)
  CONSTRAINT exempt_lot_ends_within_six_months CHECK (((legal_class <> 'exempt_6m'::text) OR (expires_at <= ((((issued_at AT TIME ZONE 'Asia/Tokyo'::text))::date + '6 mons'::interval) AT TIME ZONE 'Asia/Tokyo'::text))))
  CONSTRAINT exempt_lot_has_an_end CHECK (((legal_class <> 'exempt_6m'::text) OR (expires_at IS NOT NULL)))
  CONSTRAINT lot_account_id_fkey FOREIGN KEY (account_id) REFERENCES coin.account(account_id)
  CONSTRAINT lot_is_what_its_instrument_is FOREIGN KEY (instrument_id, issuer_id, funding, legal_class) REFERENCES coin.instrument(instrument_id, issuer_id, funding, legal_class)
  CONSTRAINT lot_never_holds_more_than_it_was_given CHECK (((open_yen >= 0) AND (open_yen <= granted_yen)))
  CONSTRAINT lot_pkey PRIMARY KEY (lot_id)
  CREATE INDEX lot_by_end ON coin.lot USING btree (expires_at) WHERE (expires_at IS NOT NULL)
  CREATE INDEX lot_by_opening ON coin.lot USING btree (opened_by_id)
  CREATE TRIGGER lot_is_never_removed BEFORE DELETE OR TRUNCATE ON coin.lot FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  CREATE TRIGGER lot_keeps_its_terms BEFORE UPDATE ON coin.lot FOR EACH ROW WHEN (((((((((((((((old.lot_id IS DISTINCT FROM new.lot_id) OR (old.account_id IS DISTINCT FROM new.account_id)) OR (old.issuer_id IS DISTINCT FROM new.issuer_id)) OR (old.instrument_id IS DISTINCT FROM new.instrument_id)) OR (old.funding IS DISTINCT FROM new.funding)) OR (old.funder IS DISTINCT FROM new.funder)) OR (old.legal_class IS DISTINCT FROM new.legal_class)) OR (old.scope IS DISTINCT FROM new.scope)) OR (old.expires_at IS DISTINCT FROM new.expires_at)) OR (old.campaign IS DISTINCT FROM new.campaign)) OR (old.grant_run IS DISTINCT FROM new.grant_run)) OR (old.issued_at IS DISTINCT FROM new.issued_at)) OR (old.opened_by_id IS DISTINCT FROM new.opened_by_id)) OR (old.parent_lot_id IS DISTINCT FROM new.parent_lot_id))) EXECUTE FUNCTION coin.refuse_other_terms()
  GRANT SELECT TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE coin.lot_move (
    transfer_id uuid NOT NULL,
    ordinal integer NOT NULL,
    lot_id uuid NOT NULL,
    account_id uuid NOT NULL,
    amount_yen bigint NOT NULL,
    source_lot_id uuid
)
  CONSTRAINT lot_move_amount_yen_check CHECK ((amount_yen <> 0))
  CONSTRAINT lot_move_pkey PRIMARY KEY (transfer_id, ordinal)
  CREATE INDEX lot_move_lot_id_idx ON ONLY coin.lot_move USING btree (lot_id)
  CREATE TRIGGER only_ever_added BEFORE DELETE OR UPDATE OR TRUNCATE ON coin.lot_move FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  GRANT SELECT TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE coin.shop (
    shop_id uuid NOT NULL,
    account_id uuid NOT NULL,
    shop_code text NOT NULL,
    town_code text NOT NULL,
    name text NOT NULL,
    name_latin text NOT NULL,
    city_latin text NOT NULL,
    shop_class text NOT NULL,
    category text NOT NULL DEFAULT '0000'::text,
    postal_code text NOT NULL DEFAULT ''::text,
    status text NOT NULL DEFAULT 'open'::text,
    is_sample boolean NOT NULL DEFAULT false,
    opened_at timestamp with time zone NOT NULL DEFAULT clock_timestamp()
)
  CONSTRAINT shop_account_id_fkey FOREIGN KEY (account_id) REFERENCES coin.account(account_id)
  CONSTRAINT shop_account_id_key UNIQUE (account_id)
  CONSTRAINT shop_pkey PRIMARY KEY (shop_id)
  CONSTRAINT shop_shop_code_check CHECK ((shop_code ~ '^[0-9]{7}$'::text))
  CONSTRAINT shop_shop_code_key UNIQUE (shop_code)
  CONSTRAINT shop_status_check CHECK ((status = ANY (ARRAY['open'::text, 'closed'::text])))
  CREATE INDEX shop_of_town ON coin.shop USING btree (town_code, shop_code)
  GRANT INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE coin.shop_terminal (
    terminal_id uuid NOT NULL,
    shop_id uuid NOT NULL,
    label text NOT NULL DEFAULT ''::text,
    token_sha256 bytea NOT NULL,
    made_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    revoked_at timestamp with time zone
)
  CONSTRAINT shop_terminal_pkey PRIMARY KEY (terminal_id)
  CONSTRAINT shop_terminal_shop_id_fkey FOREIGN KEY (shop_id) REFERENCES coin.shop(shop_id)
  CONSTRAINT shop_terminal_token_sha256_key UNIQUE (token_sha256)
  GRANT INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE coin.snapshot_horizon (
    one boolean NOT NULL DEFAULT true,
    through xid8 NOT NULL DEFAULT '0'::xid8
)
  CONSTRAINT snapshot_horizon_one_check CHECK (one)
  CONSTRAINT snapshot_horizon_pkey PRIMARY KEY (one)
  GRANT SELECT TO mieone_auditor
  GRANT SELECT, UPDATE TO mieone_app

TABLE coin.transfer (
    transfer_id uuid NOT NULL,
    kind text NOT NULL,
    booked_at timestamp with time zone NOT NULL,
    amount_yen bigint NOT NULL,
    payer_id uuid,
    payee_id uuid,
    reverses_id uuid,
    bill_id text,
    campaign text NOT NULL DEFAULT ''::text,
    reason text NOT NULL DEFAULT ''::text
)
  CONSTRAINT refund_names_what_it_reverses CHECK (((kind = 'refund'::text) = (reverses_id IS NOT NULL)))
  CONSTRAINT transfer_amount_yen_check CHECK ((amount_yen > 0))
  CONSTRAINT transfer_kind_check CHECK ((kind = ANY (ARRAY['allot'::text, 'grant'::text, 'charge'::text, 'pay'::text, 'refund'::text, 'send'::text, 'expire'::text])))
  CONSTRAINT transfer_pkey PRIMARY KEY (transfer_id)
  CREATE INDEX transfer_reverses_id_idx ON ONLY coin.transfer USING btree (reverses_id) WHERE (reverses_id IS NOT NULL)
  CREATE TRIGGER only_ever_added BEFORE DELETE OR UPDATE OR TRUNCATE ON coin.transfer FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  GRANT SELECT TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE consent.ask (
    ask_id uuid NOT NULL,
    person_id uuid NOT NULL,
    service text NOT NULL,
    details jsonb NOT NULL,
    return_to text,
    invited_by uuid,
    asked_at timestamp with time zone NOT NULL,
    decided_at timestamp with time zone,
    granted boolean
)
  CONSTRAINT ask_pkey PRIMARY KEY (ask_id)
  CONSTRAINT decided_means_answered CHECK (((decided_at IS NULL) = (granted IS NULL)))
  CREATE INDEX ask_open ON consent.ask USING btree (person_id, asked_at) WHERE (decided_at IS NULL)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE consent.event (
    entry_id uuid NOT NULL,
    mac bytea NOT NULL,
    xact_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    record_id uuid NOT NULL,
    revision integer NOT NULL,
    at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    service text NOT NULL,
    dataset text NOT NULL,
    purpose text NOT NULL,
    items text[] NOT NULL,
    excluded text[] NOT NULL,
    notice_id uuid,
    notice_sha256 bytea,
    language text NOT NULL,
    valid_until timestamp with time zone,
    reconsent_by timestamp with time zone,
    actor_kind text NOT NULL,
    actor_id text NOT NULL,
    mandate_id uuid
)
  CONSTRAINT event_pkey PRIMARY KEY (entry_id)
  CONSTRAINT event_record_id_fkey FOREIGN KEY (record_id) REFERENCES consent.record(record_id)
  CONSTRAINT event_record_id_revision_key UNIQUE (record_id, revision)
  CREATE INDEX event_xact_id_entry_id_idx ON consent.event USING btree (xact_id, entry_id)
  CREATE TRIGGER only_ever_added BEFORE DELETE OR UPDATE OR TRUNCATE ON consent.event FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  GRANT INSERT, SELECT TO mieone_app
  GRANT SELECT TO mieone_auditor
  GRANT SELECT TO mieone_sealer

TABLE consent.notice (
    notice_id uuid NOT NULL,
    service text NOT NULL,
    dataset text NOT NULL,
    purpose text NOT NULL,
    version integer NOT NULL,
    content_sha256 bytea NOT NULL,
    written_at timestamp with time zone NOT NULL
)
  CONSTRAINT notice_pkey PRIMARY KEY (notice_id)
  CONSTRAINT notice_service_dataset_purpose_content_sha256_key UNIQUE (service, dataset, purpose, content_sha256)
  CONSTRAINT notice_service_dataset_purpose_version_key UNIQUE (service, dataset, purpose, version)
  CREATE TRIGGER only_ever_added BEFORE DELETE OR UPDATE OR TRUNCATE ON consent.notice FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  GRANT INSERT, SELECT TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE consent.notice_text (
    notice_id uuid NOT NULL,
    language text NOT NULL,
    body text NOT NULL,
    sha256 bytea NOT NULL
)
  CONSTRAINT notice_text_notice_id_fkey FOREIGN KEY (notice_id) REFERENCES consent.notice(notice_id)
  CONSTRAINT notice_text_pkey PRIMARY KEY (notice_id, language)
  CREATE TRIGGER only_ever_added BEFORE DELETE OR UPDATE OR TRUNCATE ON consent.notice_text FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  GRANT INSERT, SELECT TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE consent.receipt (
    receipt_id uuid NOT NULL,
    entry_id uuid NOT NULL,
    record_id uuid NOT NULL,
    compact text NOT NULL,
    issued_at timestamp with time zone NOT NULL
)
  CONSTRAINT receipt_entry_id_fkey FOREIGN KEY (entry_id) REFERENCES consent.event(entry_id)
  CONSTRAINT receipt_entry_id_key UNIQUE (entry_id)
  CONSTRAINT receipt_pkey PRIMARY KEY (receipt_id)
  CONSTRAINT receipt_record_id_fkey FOREIGN KEY (record_id) REFERENCES consent.record(record_id)
  CREATE INDEX receipt_of_record ON consent.receipt USING btree (record_id)
  CREATE TRIGGER only_ever_added BEFORE DELETE OR UPDATE OR TRUNCATE ON consent.receipt FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  GRANT INSERT, SELECT TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE consent.record (
    record_id uuid NOT NULL,
    person_id uuid NOT NULL,
    service text NOT NULL,
    dataset text NOT NULL,
    purpose text NOT NULL,
    state text NOT NULL,
    revision integer NOT NULL,
    items text[] NOT NULL,
    excluded text[] NOT NULL,
    notice_id uuid,
    language text NOT NULL,
    valid_until timestamp with time zone,
    reconsent_by timestamp with time zone,
    changed_at timestamp with time zone NOT NULL
)
  CONSTRAINT given_names_its_text_and_its_end CHECK (((state <> ALL (ARRAY['given'::text, 'reconsent_requested'::text])) OR ((notice_id IS NOT NULL) AND (valid_until IS NOT NULL) AND (cardinality(items) > 0))))
  CONSTRAINT one_record_per_scope UNIQUE (person_id, service, dataset, purpose)
  CONSTRAINT reconsent_has_a_deadline CHECK (((state <> 'reconsent_requested'::text) OR (reconsent_by IS NOT NULL)))
  CONSTRAINT record_notice_id_fkey FOREIGN KEY (notice_id) REFERENCES consent.notice(notice_id)
  CONSTRAINT record_pkey PRIMARY KEY (record_id)
  CONSTRAINT state_is_known CHECK ((state = ANY (ARRAY['requested'::text, 'given'::text, 'refused'::text, 'reconsent_requested'::text, 'withdrawn'::text, 'expired'::text, 'superseded'::text, 'invalidated'::text, 'ended_by_controller'::text])))
  CREATE INDEX record_ending ON consent.record USING btree (valid_until) WHERE (state = ANY (ARRAY['given'::text, 'reconsent_requested'::text]))
  CREATE INDEX record_of_scope ON consent.record USING btree (service, dataset, purpose) WHERE (state = 'given'::text)
  CREATE INDEX record_reconsent ON consent.record USING btree (reconsent_by) WHERE (state = 'reconsent_requested'::text)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE core.chain_head (
    chain text NOT NULL,
    seq bigint NOT NULL,
    hash bytea NOT NULL,
    signed_at timestamp with time zone NOT NULL,
    key_id text NOT NULL,
    signature bytea NOT NULL
)
  CONSTRAINT chain_head_pkey PRIMARY KEY (chain, seq)
  CREATE TRIGGER only_ever_added BEFORE DELETE OR UPDATE OR TRUNCATE ON core.chain_head FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  GRANT INSERT, SELECT TO mieone_sealer
  GRANT SELECT TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE core.chain_link (
    chain text NOT NULL,
    seq bigint NOT NULL,
    entry_id uuid NOT NULL,
    hash bytea NOT NULL
)
  CONSTRAINT chain_link_chain_entry_id_key UNIQUE (chain, entry_id)
  CONSTRAINT chain_link_pkey PRIMARY KEY (chain, seq)
  CREATE TRIGGER only_ever_added BEFORE DELETE OR UPDATE OR TRUNCATE ON core.chain_link FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  GRANT INSERT, SELECT TO mieone_sealer
  GRANT SELECT TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE core.chain_state (
    chain text NOT NULL,
    horizon xid8 NOT NULL,
    seq bigint NOT NULL,
    hash bytea NOT NULL,
    sealed_at timestamp with time zone NOT NULL
)
  CONSTRAINT chain_state_pkey PRIMARY KEY (chain)
  GRANT INSERT, SELECT, UPDATE TO mieone_sealer
  GRANT SELECT TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE core.delivery (
    event_id uuid NOT NULL,
    subscriber text NOT NULL,
    key text NOT NULL,
    state text NOT NULL DEFAULT 'due'::text,
    attempts integer NOT NULL DEFAULT 0,
    next_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    last_error text,
    done_at timestamp with time zone
)
  CONSTRAINT delivery_event_id_fkey FOREIGN KEY (event_id) REFERENCES core.event(event_id)
  CONSTRAINT delivery_pkey PRIMARY KEY (event_id, subscriber)
  CONSTRAINT delivery_state_is_known CHECK ((state = ANY (ARRAY['due'::text, 'done'::text, 'dead'::text])))
  CREATE INDEX delivery_dead ON core.delivery USING btree (subscriber) WHERE (state = 'dead'::text)
  CREATE INDEX delivery_due ON core.delivery USING btree (next_at) WHERE (state = 'due'::text)
  CREATE INDEX delivery_order ON core.delivery USING btree (subscriber, key, event_id) WHERE (state = 'due'::text)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE core.event (
    event_id uuid NOT NULL,
    name text NOT NULL,
    key text NOT NULL,
    payload jsonb NOT NULL,
    published_at timestamp with time zone NOT NULL DEFAULT clock_timestamp()
)
  CONSTRAINT event_pkey PRIMARY KEY (event_id)
  GRANT INSERT, SELECT TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE core.job (
    name text NOT NULL,
    next_at timestamp with time zone NOT NULL DEFAULT now(),
    last_started_at timestamp with time zone,
    last_done_at timestamp with time zone,
    last_count bigint,
    failures integer NOT NULL DEFAULT 0,
    last_error text
)
  CONSTRAINT job_pkey PRIMARY KEY (name)
  GRANT INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE core.migration (
    block text NOT NULL,
    number integer NOT NULL,
    name text NOT NULL,
    sha256 bytea NOT NULL,
    applied_at timestamp with time zone NOT NULL DEFAULT now()
)
  CONSTRAINT migration_pkey PRIMARY KEY (block, number)
  GRANT SELECT TO mieone_app
  GRANT SELECT TO mieone_auditor
  GRANT SELECT TO mieone_sealer

TABLE core.session (
    token_digest bytea NOT NULL,
    entrance text NOT NULL,
    actor jsonb NOT NULL,
    actor_id text NOT NULL,
    acr text NOT NULL,
    authenticated_at timestamp with time zone NOT NULL,
    card_at timestamp with time zone,
    opened_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone
)
  CONSTRAINT session_entrance_is_known CHECK ((entrance = ANY (ARRAY['people'::text, 'desk'::text, 'shop'::text, 'developers'::text])))
  CONSTRAINT session_pkey PRIMARY KEY (token_digest)
  CREATE INDEX session_actor ON core.session USING btree (actor_id) WHERE (ended_at IS NULL)
  CREATE INDEX session_expiry ON core.session USING btree (expires_at)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE core.subscription (
    event text NOT NULL,
    subscriber text NOT NULL
)
  CONSTRAINT subscription_pkey PRIMARY KEY (event, subscriber)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE exchange.access_right (
    right_id uuid NOT NULL,
    service text NOT NULL,
    dataset text NOT NULL,
    items text[] NOT NULL,
    operations text[] NOT NULL DEFAULT '{read}'::text[],
    purpose text NOT NULL,
    basis text NOT NULL,
    basis_ref text,
    state text NOT NULL,
    valid_from date NOT NULL,
    valid_until date,
    granted_by text NOT NULL,
    granted_at timestamp with time zone NOT NULL
)
  CONSTRAINT access_right_pkey PRIMARY KEY (right_id)
  CONSTRAINT access_right_service_dataset_purpose_basis_basis_ref_valid__key UNIQUE NULLS NOT DISTINCT (service, dataset, purpose, basis, basis_ref, valid_from)
  CONSTRAINT access_right_service_fkey FOREIGN KEY (service) REFERENCES exchange.service(service_id)
  CONSTRAINT right_begins_before_it_ends CHECK (((valid_until IS NULL) OR (valid_from < valid_until)))
  CONSTRAINT right_names_a_basis CHECK ((basis = ANY (ARRAY['opt_in'::text, 'law'::text, 'entrustment'::text, 'emergency'::text])))
  CONSTRAINT right_names_items CHECK ((cardinality(items) > 0))
  CONSTRAINT right_state_is_known CHECK ((state = ANY (ARRAY['requested'::text, 'active'::text, 'suspended'::text, 'revoked'::text])))
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE exchange.emergency (
    emergency_id uuid NOT NULL,
    officer text NOT NULL,
    organisation text NOT NULL,
    reason text NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    valid_until timestamp with time zone NOT NULL,
    declared_at timestamp with time zone NOT NULL
)
  CONSTRAINT emergency_ends_within_a_day CHECK (((valid_until > valid_from) AND (valid_until <= (valid_from + '24:00:00'::interval))))
  CONSTRAINT emergency_pkey PRIMARY KEY (emergency_id)
  CONSTRAINT emergency_says_why CHECK ((length(btrim(reason)) >= 10))
  CREATE TRIGGER only_ever_added BEFORE DELETE OR UPDATE OR TRUNCATE ON exchange.emergency FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  GRANT INSERT, SELECT TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE exchange.legal_basis (
    basis_id text NOT NULL,
    basis text NOT NULL,
    purposes text[] NOT NULL,
    covers text NOT NULL,
    citation text NOT NULL,
    source text NOT NULL,
    verified boolean NOT NULL,
    valid_from date NOT NULL,
    valid_until date
)
  CONSTRAINT basis_begins_before_it_ends CHECK (((valid_until IS NULL) OR (valid_from < valid_until)))
  CONSTRAINT basis_is_a_law_or_an_emergency CHECK ((basis = ANY (ARRAY['law'::text, 'emergency'::text])))
  CONSTRAINT covers_is_known CHECK ((covers = ANY (ARRAY['holder'::text, 'everyone'::text])))
  CONSTRAINT legal_basis_pkey PRIMARY KEY (basis_id)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE exchange.service (
    service_id text NOT NULL,
    sector text NOT NULL,
    organisation text NOT NULL,
    is_own boolean NOT NULL,
    state text NOT NULL,
    towns text[],
    contact text,
    changed_at timestamp with time zone NOT NULL
)
  CONSTRAINT service_pkey PRIMARY KEY (service_id)
  CONSTRAINT service_state_is_known CHECK ((state = ANY (ARRAY['applied'::text, 'active'::text, 'suspended'::text, 'removed'::text])))
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE identity.access_grant (
    grant_id uuid NOT NULL,
    person_id uuid NOT NULL,
    client_id text NOT NULL,
    epoch bigint NOT NULL DEFAULT 1,
    scopes text[] NOT NULL,
    details jsonb NOT NULL DEFAULT '[]'::jsonb,
    granted_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone
)
  CONSTRAINT access_grant_client_id_fkey FOREIGN KEY (client_id) REFERENCES identity.client(client_id)
  CONSTRAINT access_grant_pkey PRIMARY KEY (grant_id)
  CONSTRAINT epoch_starts_at_one CHECK ((epoch >= 1))
  CREATE UNIQUE INDEX one_living_grant ON identity.access_grant USING btree (person_id, client_id) WHERE (ended_at IS NULL)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE identity.attribute (
    person_id uuid NOT NULL,
    name text NOT NULL,
    version integer NOT NULL,
    sealed bytea NOT NULL,
    source text NOT NULL,
    observed_at timestamp with time zone NOT NULL
)
  CONSTRAINT attribute_person_id_fkey FOREIGN KEY (person_id) REFERENCES identity.person(person_id)
  CONSTRAINT attribute_pkey PRIMARY KEY (person_id, name, version)
  CONSTRAINT attribute_source_is_known CHECK ((source = ANY (ARRAY['jpki_sign'::text, 'jpki_auth'::text, 'dsa'::text, 'mdoc'::text, 'counter'::text, 'self'::text])))
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE identity.client (
    client_id text NOT NULL,
    organisation_id text NOT NULL,
    name text NOT NULL,
    sector text NOT NULL,
    state text NOT NULL,
    redirect_uris text[] NOT NULL DEFAULT '{}'::text[],
    post_logout_redirect_uris text[] NOT NULL DEFAULT '{}'::text[],
    backchannel_logout_uri text,
    scopes text[] NOT NULL,
    datasets text[] NOT NULL DEFAULT '{}'::text[],
    keys jsonb NOT NULL DEFAULT '[]'::jsonb,
    jwks_uri text,
    keys_fetched_at timestamp with time zone,
    dpop_nonce_required boolean NOT NULL DEFAULT false,
    registered_at timestamp with time zone NOT NULL
)
  CONSTRAINT client_id_is_a_plain_word CHECK ((client_id ~ '^[a-z0-9][a-z0-9_-]{1,62}$'::text))
  CONSTRAINT client_keeps_public_keys_only CHECK ((NOT jsonb_path_exists(keys, '$[*]."d"'::jsonpath)))
  CONSTRAINT client_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES identity.organisation(organisation_id)
  CONSTRAINT client_pkey PRIMARY KEY (client_id)
  CONSTRAINT client_state_is_known CHECK ((state = ANY (ARRAY['registered'::text, 'active'::text, 'suspended'::text, 'closed'::text])))
  CREATE INDEX client_sector ON identity.client USING btree (sector)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE identity.client_session (
    sid text NOT NULL,
    client_id text NOT NULL,
    sub text NOT NULL,
    session_digest bytea NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone
)
  CONSTRAINT client_session_client_id_fkey FOREIGN KEY (client_id) REFERENCES identity.client(client_id)
  CONSTRAINT client_session_pkey PRIMARY KEY (sid)
  CREATE UNIQUE INDEX one_sid_per_session_and_client ON identity.client_session USING btree (session_digest, client_id) WHERE (ended_at IS NULL)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE identity.code (
    code_hash bytea NOT NULL,
    client_id text NOT NULL,
    grant_id uuid NOT NULL,
    grant_epoch bigint NOT NULL,
    redirect_uri text NOT NULL,
    code_challenge text NOT NULL,
    dpop_jkt text,
    nonce text,
    scopes text[] NOT NULL,
    sub text NOT NULL,
    sid text NOT NULL,
    acr text NOT NULL,
    authenticated_at timestamp with time zone NOT NULL,
    asks_auth_time boolean NOT NULL,
    userinfo_claims text[] NOT NULL,
    details jsonb NOT NULL,
    issued_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone
)
  CONSTRAINT code_client_id_fkey FOREIGN KEY (client_id) REFERENCES identity.client(client_id)
  CONSTRAINT code_grant_id_fkey FOREIGN KEY (grant_id) REFERENCES identity.access_grant(grant_id)
  CONSTRAINT code_lives_a_minute_at_most CHECK ((expires_at <= (issued_at + '00:01:00'::interval)))
  CONSTRAINT code_pkey PRIMARY KEY (code_hash)
  CREATE INDEX code_expiry ON identity.code USING btree (expires_at)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE identity.conflict_case (
    case_id uuid NOT NULL,
    transaction_id uuid NOT NULL,
    person_ids uuid[] NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone
)
  CONSTRAINT conflict_case_pkey PRIMARY KEY (case_id)
  CONSTRAINT conflict_case_transaction_id_key UNIQUE (transaction_id)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE identity.destruction_list (
    number bigint NOT NULL,
    person_id uuid NOT NULL,
    destroyed_at timestamp with time zone NOT NULL,
    reason text NOT NULL
)
  CONSTRAINT destruction_list_person_id_key UNIQUE (person_id)
  CONSTRAINT destruction_list_pkey PRIMARY KEY (number)
  CONSTRAINT reason_is_known CHECK ((reason = ANY (ARRAY['left'::text, 'died'::text, 'restored'::text])))
  CREATE TRIGGER only_ever_added BEFORE DELETE OR UPDATE OR TRUNCATE ON identity.destruction_list FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  GRANT INSERT, SELECT TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE identity.entrustment (
    entrustment_id text NOT NULL,
    town text NOT NULL,
    organisation_id text NOT NULL,
    acts text[] NOT NULL,
    procedures text[] NOT NULL,
    basis text NOT NULL,
    is_confirmed boolean NOT NULL,
    valid_from date NOT NULL,
    valid_until date
)
  CONSTRAINT entrustment_begins_before_it_ends CHECK (((valid_until IS NULL) OR (valid_from < valid_until)))
  CONSTRAINT entrustment_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES identity.organisation(organisation_id)
  CONSTRAINT entrustment_pkey PRIMARY KEY (entrustment_id)
  CONSTRAINT nobody_else_decides CHECK ((NOT ('decide'::text = ANY (acts))))
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor
  POLICY audit_reads_all r true
  POLICY own_towns * core.town_is_visible(town)

TABLE identity.identity_link (
    link_id uuid NOT NULL,
    person_id uuid NOT NULL,
    kind text NOT NULL,
    sealed_key bytea NOT NULL,
    token bytea NOT NULL,
    state text NOT NULL,
    verified_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone
)
  CONSTRAINT an_external_key_links_to_one_person UNIQUE (kind, token)
  CONSTRAINT identity_link_person_id_fkey FOREIGN KEY (person_id) REFERENCES identity.person(person_id)
  CONSTRAINT identity_link_pkey PRIMARY KEY (link_id)
  CONSTRAINT link_kind_is_known CHECK ((kind = ANY (ARRAY['dsa_ppid'::text, 'jpki_auth'::text, 'jpki_sign'::text, 'pf_user'::text, 'mdoc_device'::text, 'counter'::text])))
  CONSTRAINT link_state_is_known CHECK ((state = ANY (ARRAY['verified'::text, 'stale'::text, 'superseded'::text, 'revoked'::text])))
  CREATE INDEX identity_link_person ON identity.identity_link USING btree (person_id)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE identity.logout_delivery (
    delivery_id uuid NOT NULL,
    client_id text NOT NULL,
    sub text NOT NULL,
    sid text NOT NULL,
    state text NOT NULL DEFAULT 'queued'::text,
    attempts integer NOT NULL DEFAULT 0,
    next_at timestamp with time zone NOT NULL,
    last_error text,
    done_at timestamp with time zone
)
  CONSTRAINT logout_delivery_client_id_fkey FOREIGN KEY (client_id) REFERENCES identity.client(client_id)
  CONSTRAINT logout_delivery_pkey PRIMARY KEY (delivery_id)
  CONSTRAINT logout_delivery_state_is_known CHECK ((state = ANY (ARRAY['queued'::text, 'retrying'::text, 'delivered'::text, 'dead_letter'::text])))
  CREATE INDEX logout_delivery_due ON identity.logout_delivery USING btree (next_at) WHERE (state = ANY (ARRAY['queued'::text, 'retrying'::text]))
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE identity.logout_request (
    reference_hash bytea NOT NULL,
    client_id text,
    sid text,
    redirect_uri text,
    expires_at timestamp with time zone NOT NULL
)
  CONSTRAINT logout_request_pkey PRIMARY KEY (reference_hash)
  CREATE INDEX logout_request_expiry ON identity.logout_request USING btree (expires_at)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE identity.mandate (
    mandate_id uuid NOT NULL,
    principal_id uuid NOT NULL,
    agent_id uuid NOT NULL,
    kind text NOT NULL,
    scope text[] NOT NULL,
    state text NOT NULL,
    evidence text NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    valid_until timestamp with time zone NOT NULL,
    ended_at timestamp with time zone
)
  CONSTRAINT a_mandate_has_a_scope CHECK ((cardinality(scope) > 0))
  CONSTRAINT a_mandate_lasts CHECK ((valid_from < valid_until))
  CONSTRAINT mandate_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES identity.person(person_id)
  CONSTRAINT mandate_kind_is_known CHECK ((kind = ANY (ARRAY['parent'::text, 'adult_guardian'::text, 'curator'::text, 'assistant'::text, 'carer'::text])))
  CONSTRAINT mandate_pkey PRIMARY KEY (mandate_id)
  CONSTRAINT mandate_state_is_known CHECK ((state = ANY (ARRAY['draft'::text, 'evidence_pending'::text, 'active'::text, 'suspended'::text, 'expired'::text, 'revoked'::text, 'ended_by_event'::text, 'rejected'::text])))
  CONSTRAINT nobody_acts_for_themselves CHECK ((principal_id <> agent_id))
  CREATE INDEX mandate_agent ON identity.mandate USING btree (agent_id)
  CREATE INDEX mandate_principal ON identity.mandate USING btree (principal_id)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE identity.optin_transaction (
    transaction_id uuid NOT NULL,
    browser_digest bytea NOT NULL,
    state text NOT NULL,
    nonce bytea NOT NULL,
    purpose text NOT NULL,
    return_to text NOT NULL,
    for_person uuid,
    started_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    consumed_at timestamp with time zone,
    asked_at timestamp with time zone,
    sealed_certificate bytea,
    person_id uuid,
    is_new boolean,
    failure text
)
  CONSTRAINT a_challenge_lives_ten_minutes CHECK ((expires_at <= (started_at + '00:10:00'::interval)))
  CONSTRAINT a_failure_has_its_code CHECK (((state = 'failed'::text) = (failure IS NOT NULL)))
  CONSTRAINT only_a_started_one_is_unspent CHECK (((state = 'started'::text) = (consumed_at IS NULL)))
  CONSTRAINT optin_state_is_known CHECK ((state = ANY (ARRAY['started'::text, 'asking'::text, 'settled'::text, 'done'::text, 'failed'::text])))
  CONSTRAINT optin_transaction_nonce_key UNIQUE (nonce)
  CONSTRAINT optin_transaction_pkey PRIMARY KEY (transaction_id)
  CREATE INDEX optin_asking ON identity.optin_transaction USING btree (asked_at) WHERE (state = 'asking'::text)
  CREATE INDEX optin_old ON identity.optin_transaction USING btree (expires_at)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE identity.organisation (
    organisation_id text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    name_en text NOT NULL DEFAULT ''::text,
    seat_town text,
    is_sample boolean NOT NULL DEFAULT false,
    registered_at timestamp with time zone NOT NULL
)
  CONSTRAINT a_town_has_its_code CHECK (((kind = 'town'::text) <= (seat_town IS NOT NULL)))
  CONSTRAINT organisation_id_is_a_plain_word CHECK ((organisation_id ~ '^[a-z0-9][a-z0-9_-]{1,62}$'::text))
  CONSTRAINT organisation_kind_is_known CHECK ((kind = ANY (ARRAY['town'::text, 'authority'::text, 'association'::text, 'company'::text, 'public_body'::text])))
  CONSTRAINT organisation_pkey PRIMARY KEY (organisation_id)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE identity.pairwise_id (
    sector text NOT NULL,
    person_id uuid NOT NULL,
    pairwise_id text NOT NULL,
    issued_at timestamp with time zone NOT NULL DEFAULT now()
)
  CONSTRAINT pairwise_id_is_128_bits CHECK ((pairwise_id ~ '^[A-Za-z0-9_-]{22}$'::text))
  CONSTRAINT pairwise_id_pairwise_id_key UNIQUE (pairwise_id)
  CONSTRAINT pairwise_id_person_id_fkey FOREIGN KEY (person_id) REFERENCES identity.person(person_id)
  CONSTRAINT pairwise_id_pkey PRIMARY KEY (sector, person_id)
  CREATE INDEX pairwise_id_person ON identity.pairwise_id USING btree (person_id)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE identity.passkey (
    passkey_id uuid NOT NULL,
    person_id uuid NOT NULL,
    credential_id bytea NOT NULL,
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL,
    is_backup_eligible boolean NOT NULL,
    is_backed_up boolean NOT NULL,
    aaguid text NOT NULL,
    sealed_nickname bytea NOT NULL,
    state text NOT NULL DEFAULT 'active'::text,
    created_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone
)
  CONSTRAINT passkey_credential_id_key UNIQUE (credential_id)
  CONSTRAINT passkey_person_id_fkey FOREIGN KEY (person_id) REFERENCES identity.person(person_id)
  CONSTRAINT passkey_pkey PRIMARY KEY (passkey_id)
  CONSTRAINT passkey_state_is_known CHECK ((state = ANY (ARRAY['active'::text, 'suspended'::text, 'removed'::text])))
  CREATE INDEX passkey_person ON identity.passkey USING btree (person_id)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE identity.passkey_challenge (
    challenge bytea NOT NULL,
    kind text NOT NULL,
    browser_digest bytea NOT NULL,
    person_id uuid,
    expires_at timestamp with time zone NOT NULL,
    spent_at timestamp with time zone
)
  CONSTRAINT challenge_kind_is_known CHECK ((kind = ANY (ARRAY['register'::text, 'sign_in'::text])))
  CONSTRAINT passkey_challenge_pkey PRIMARY KEY (challenge)
  CREATE INDEX passkey_challenge_old ON identity.passkey_challenge USING btree (expires_at)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE identity.person (
    person_id uuid NOT NULL,
    state text NOT NULL,
    user_handle bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    shredded_at timestamp with time zone
)
  CONSTRAINT a_closed_person_says_since_when CHECK (((state = ANY (ARRAY['closed'::text, 'shredded'::text])) = (closed_at IS NOT NULL)))
  CONSTRAINT a_shredded_person_says_since_when CHECK (((state = 'shredded'::text) = (shredded_at IS NOT NULL)))
  CONSTRAINT person_pkey PRIMARY KEY (person_id)
  CONSTRAINT person_state_is_known CHECK ((state = ANY (ARRAY['provisional'::text, 'active'::text, 'suspended'::text, 'closed'::text, 'shredded'::text])))
  CONSTRAINT person_user_handle_key UNIQUE (user_handle)
  CONSTRAINT user_handle_is_64_random_bytes CHECK ((octet_length(user_handle) = 64))
  CREATE TRIGGER a_shredded_person_never_returns BEFORE UPDATE ON identity.person FOR EACH ROW WHEN ((old.state = 'shredded'::text)) EXECUTE FUNCTION identity.refuse_revival()
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE identity.person_key (
    person_id uuid NOT NULL,
    purpose text NOT NULL,
    wrapped bytea,
    state text NOT NULL DEFAULT 'active'::text,
    made_at timestamp with time zone NOT NULL,
    destroyed_at timestamp with time zone
)
  CONSTRAINT a_destroyed_key_is_gone CHECK (((state = 'destroyed'::text) = (wrapped IS NULL)))
  CONSTRAINT a_destroyed_key_says_when CHECK (((state = 'destroyed'::text) = (destroyed_at IS NOT NULL)))
  CONSTRAINT key_state_is_known CHECK ((state = ANY (ARRAY['active'::text, 'destroyed'::text])))
  CONSTRAINT person_key_person_id_fkey FOREIGN KEY (person_id) REFERENCES identity.person(person_id)
  CONSTRAINT person_key_pkey PRIMARY KEY (person_id, purpose)
  CREATE TRIGGER a_destroyed_key_never_returns BEFORE UPDATE ON identity.person_key FOR EACH ROW WHEN ((old.state = 'destroyed'::text)) EXECUTE FUNCTION identity.refuse_revival()
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE identity.proofing_event (
    event_id uuid NOT NULL,
    person_id uuid NOT NULL,
    transaction_id uuid NOT NULL,
    path text NOT NULL,
    method_code text NOT NULL,
    basis text NOT NULL,
    evidence_digest bytea NOT NULL,
    revocation_source text NOT NULL,
    revocation_checked_at timestamp with time zone NOT NULL,
    assurance integer NOT NULL,
    profile_as_of date NOT NULL,
    is_profile_verified boolean NOT NULL,
    actor_kind text NOT NULL,
    actor_id text NOT NULL,
    at timestamp with time zone NOT NULL
)
  CONSTRAINT assurance_is_known CHECK (((assurance >= 0) AND (assurance <= 2)))
  CONSTRAINT proofing_event_pkey PRIMARY KEY (event_id)
  CONSTRAINT proofing_event_transaction_id_key UNIQUE (transaction_id)
  CREATE INDEX proofing_event_person ON identity.proofing_event USING btree (person_id)
  CREATE TRIGGER only_ever_added BEFORE DELETE OR UPDATE OR TRUNCATE ON identity.proofing_event FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  GRANT INSERT, SELECT TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE identity.protection (
    subject_id uuid NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    valid_until timestamp with time zone,
    recorded_at timestamp with time zone NOT NULL DEFAULT now()
)
  CONSTRAINT protection_lasts CHECK (((valid_until IS NULL) OR (valid_from < valid_until)))
  CONSTRAINT protection_pkey PRIMARY KEY (subject_id, valid_from)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE identity.pushed_request (
    reference_hash bytea NOT NULL,
    client_id text NOT NULL,
    request jsonb NOT NULL,
    pushed_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    opened_at timestamp with time zone,
    open_until timestamp with time zone,
    stepped_up_at timestamp with time zone,
    agreed_by uuid,
    used_at timestamp with time zone
)
  CONSTRAINT pushed_request_client_id_fkey FOREIGN KEY (client_id) REFERENCES identity.client(client_id)
  CONSTRAINT pushed_request_lives_under_ten_minutes CHECK ((expires_at < (pushed_at + '00:10:00'::interval)))
  CONSTRAINT pushed_request_pkey PRIMARY KEY (reference_hash)
  CREATE INDEX pushed_request_expiry ON identity.pushed_request USING btree (expires_at)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE identity.spent_value (
    kind text NOT NULL,
    holder text NOT NULL,
    value_hash bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL
)
  CONSTRAINT spent_value_pkey PRIMARY KEY (kind, holder, value_hash)
  CREATE INDEX spent_value_expiry ON identity.spent_value USING btree (expires_at)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE identity.staff_ceremony (
    ceremony_hash bytea NOT NULL,
    challenge bytea NOT NULL,
    enrolment_hash bytea,
    expires_at timestamp with time zone NOT NULL
)
  CONSTRAINT staff_ceremony_enrolment_hash_fkey FOREIGN KEY (enrolment_hash) REFERENCES identity.staff_enrolment(code_hash)
  CONSTRAINT staff_ceremony_pkey PRIMARY KEY (ceremony_hash)
  CREATE INDEX staff_ceremony_expiry ON identity.staff_ceremony USING btree (expires_at)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE identity.staff_enrolment (
    code_hash bytea NOT NULL,
    post_id uuid NOT NULL,
    kind text NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone
)
  CONSTRAINT enrolment_kind_is_known CHECK ((kind = ANY (ARRAY['passkey'::text, 'trial'::text])))
  CONSTRAINT staff_enrolment_pkey PRIMARY KEY (code_hash)
  CONSTRAINT staff_enrolment_post_id_fkey FOREIGN KEY (post_id) REFERENCES identity.staff_post(post_id)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE identity.staff_passkey (
    credential_id bytea NOT NULL,
    post_id uuid NOT NULL,
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL,
    state text NOT NULL DEFAULT 'active'::text,
    registered_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone
)
  CONSTRAINT staff_passkey_pkey PRIMARY KEY (credential_id)
  CONSTRAINT staff_passkey_post_id_fkey FOREIGN KEY (post_id) REFERENCES identity.staff_post(post_id)
  CONSTRAINT staff_passkey_state_is_known CHECK ((state = ANY (ARRAY['active'::text, 'suspended'::text, 'removed'::text])))
  CREATE INDEX staff_passkey_post ON identity.staff_passkey USING btree (post_id)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE identity.staff_post (
    post_id uuid NOT NULL,
    organisation_id text NOT NULL,
    role text NOT NULL,
    name text NOT NULL,
    is_sample boolean NOT NULL DEFAULT false,
    user_handle bytea NOT NULL,
    session_towns text[] NOT NULL DEFAULT '{}'::text[],
    opened_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone
)
  CONSTRAINT staff_post_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES identity.organisation(organisation_id)
  CONSTRAINT staff_post_pkey PRIMARY KEY (post_id)
  CONSTRAINT staff_post_user_handle_key UNIQUE (user_handle)
  CONSTRAINT staff_role_is_known CHECK ((role = ANY (ARRAY['town_officer'::text, 'authority_head'::text, 'association'::text])))
  CREATE INDEX staff_post_organisation ON identity.staff_post USING btree (organisation_id)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE identity.token (
    token_hash bytea NOT NULL,
    kind text NOT NULL,
    client_id text NOT NULL,
    grant_id uuid,
    epoch bigint NOT NULL,
    scopes text[] NOT NULL,
    jkt text NOT NULL,
    sub text,
    sid text,
    acr text,
    authenticated_at timestamp with time zone,
    userinfo_claims text[] NOT NULL DEFAULT '{}'::text[],
    details jsonb NOT NULL DEFAULT '[]'::jsonb,
    code_hash bytea,
    issued_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone
)
  CONSTRAINT access_token_lives_five_minutes_at_most CHECK (((kind = 'refresh'::text) OR (expires_at <= (issued_at + '00:05:00'::interval))))
  CONSTRAINT refresh_token_has_a_grant CHECK (((kind = 'access'::text) OR (grant_id IS NOT NULL)))
  CONSTRAINT sub_comes_with_a_grant CHECK (((sub IS NULL) = (grant_id IS NULL)))
  CONSTRAINT token_client_id_fkey FOREIGN KEY (client_id) REFERENCES identity.client(client_id)
  CONSTRAINT token_grant_id_fkey FOREIGN KEY (grant_id) REFERENCES identity.access_grant(grant_id)
  CONSTRAINT token_kind_is_known CHECK ((kind = ANY (ARRAY['access'::text, 'refresh'::text])))
  CONSTRAINT token_pkey PRIMARY KEY (token_hash)
  CREATE INDEX token_code ON identity.token USING btree (code_hash) WHERE (code_hash IS NOT NULL)
  CREATE INDEX token_expiry ON identity.token USING btree (expires_at)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE inbox.delivery (
    delivery_id uuid NOT NULL,
    message_id uuid NOT NULL,
    channel text NOT NULL,
    state text NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    changed_by text NOT NULL
)
  CONSTRAINT channel_is_known CHECK ((channel = ANY (ARRAY['portal'::text, 'print'::text, 'mail'::text, 'sms'::text])))
  CONSTRAINT delivery_message_id_fkey FOREIGN KEY (message_id) REFERENCES inbox.message(message_id) ON DELETE CASCADE
  CONSTRAINT delivery_pkey PRIMARY KEY (delivery_id)
  CONSTRAINT state_is_known CHECK ((state = ANY (ARRAY['created'::text, 'sending'::text, 'sent'::text, 'delivered'::text, 'cancelled'::text, 'technical-failure'::text, 'temporary-failure'::text, 'permanent-failure'::text, 'returned-letter'::text])))
  CREATE INDEX delivery_of_message ON inbox.delivery USING btree (message_id, channel, delivery_id)
  CREATE INDEX print_queue ON inbox.delivery USING btree (channel, changed_at) WHERE (channel = 'print'::text)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE inbox.message (
    message_id uuid NOT NULL,
    key text NOT NULL,
    person_id uuid NOT NULL,
    sealed bytea NOT NULL,
    arrived_at timestamp with time zone NOT NULL,
    read_at timestamp with time zone
)
  CONSTRAINT a_key_is_delivered_once UNIQUE (key)
  CONSTRAINT message_pkey PRIMARY KEY (message_id)
  CREATE INDEX message_of_person ON inbox.message USING btree (person_id, arrived_at)
  CREATE INDEX unread_of_person ON inbox.message USING btree (person_id) WHERE (read_at IS NULL)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE procedures.answers (
    case_id uuid NOT NULL,
    version integer NOT NULL,
    town text NOT NULL,
    sealed bytea NOT NULL,
    recorded_at timestamp with time zone NOT NULL
)
  CONSTRAINT answers_case_id_fkey FOREIGN KEY (case_id) REFERENCES procedures.case_file(case_id)
  CONSTRAINT answers_pkey PRIMARY KEY (case_id, version)
  CREATE TRIGGER only_ever_added BEFORE DELETE OR UPDATE OR TRUNCATE ON procedures.answers FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  GRANT INSERT, SELECT TO mieone_app
  GRANT SELECT TO mieone_auditor
  POLICY audit_reads_all r true
  POLICY own_towns * core.town_is_visible(town)

TABLE procedures.birth_watch (
    person_id uuid NOT NULL,
    town text NOT NULL,
    look_at timestamp with time zone NOT NULL
)
  CONSTRAINT birth_watch_pkey PRIMARY KEY (person_id)
  CREATE INDEX birth_watch_due ON procedures.birth_watch USING btree (look_at)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor
  POLICY audit_reads_all r true
  POLICY own_towns * core.town_is_visible(town)

TABLE procedures.case_event (
    entry_id uuid NOT NULL,
    mac bytea NOT NULL,
    xact_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    town text NOT NULL,
    case_id uuid NOT NULL,
    seq integer NOT NULL,
    at timestamp with time zone NOT NULL,
    act text NOT NULL,
    actor_class text NOT NULL,
    actor_id text NOT NULL,
    organisation text NOT NULL,
    note bytea
)
  CONSTRAINT actor_class_is_known CHECK ((actor_class = ANY (ARRAY['applicant'::text, 'association'::text, 'town_officer'::text, 'authority_head'::text, 'board'::text, 'external'::text, 'system'::text])))
  CONSTRAINT case_event_case_id_fkey FOREIGN KEY (case_id) REFERENCES procedures.case_file(case_id)
  CONSTRAINT case_event_pkey PRIMARY KEY (entry_id)
  CONSTRAINT only_the_authority_decides CHECK (((act <> ALL (ARRAY['decide'::text, 'extend'::text, 'revoke'::text])) OR (actor_class = ANY (ARRAY['town_officer'::text, 'authority_head'::text, 'board'::text]))))
  CONSTRAINT seq_has_no_doubles UNIQUE (case_id, seq)
  CONSTRAINT the_association_concludes_nothing CHECK (((act <> ALL (ARRAY['conclude'::text, 'return'::text])) OR (actor_class = ANY (ARRAY['town_officer'::text, 'authority_head'::text, 'board'::text]))))
  CREATE INDEX case_event_xact_id_entry_id_idx ON procedures.case_event USING btree (xact_id, entry_id)
  CREATE TRIGGER only_ever_added BEFORE DELETE OR UPDATE OR TRUNCATE ON procedures.case_event FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  GRANT INSERT, SELECT TO mieone_app
  GRANT SELECT TO mieone_auditor
  GRANT SELECT TO mieone_sealer
  POLICY audit_reads_all r true
  POLICY own_towns * core.town_is_visible(town)

TABLE procedures.case_file (
    case_id uuid NOT NULL,
    town text NOT NULL,
    number text NOT NULL,
    procedure text NOT NULL,
    definition_hash text NOT NULL,
    person_id uuid NOT NULL,
    authority text NOT NULL,
    submit_token uuid NOT NULL,
    arrived_at timestamp with time zone NOT NULL,
    event_on date,
    state text NOT NULL,
    due_on date,
    event_count integer NOT NULL,
    changed_at timestamp with time zone NOT NULL
)
  CONSTRAINT a_token_is_used_once UNIQUE (submit_token)
  CONSTRAINT case_file_definition_hash_fkey FOREIGN KEY (definition_hash) REFERENCES procedures.definition(sha256)
  CONSTRAINT case_file_pkey PRIMARY KEY (case_id)
  CONSTRAINT number_is_given_once UNIQUE (number)
  CREATE INDEX case_of_person ON procedures.case_file USING btree (person_id, arrived_at)
  CREATE INDEX case_queue ON procedures.case_file USING btree (town, COALESCE(due_on, 'infinity'::date), arrived_at)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor
  POLICY audit_reads_all r true
  POLICY own_towns * core.town_is_visible(town)

TABLE procedures.case_key (
    case_id uuid NOT NULL,
    town text NOT NULL,
    sealed bytea NOT NULL
)
  CONSTRAINT case_key_case_id_fkey FOREIGN KEY (case_id) REFERENCES procedures.case_file(case_id)
  CONSTRAINT case_key_pkey PRIMARY KEY (case_id)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor
  POLICY audit_reads_all r true
  POLICY own_towns * core.town_is_visible(town)

TABLE procedures.counter (
    town text NOT NULL,
    series text NOT NULL,
    year integer NOT NULL,
    last_number bigint NOT NULL
)
  CONSTRAINT counter_pkey PRIMARY KEY (town, series, year)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor
  POLICY audit_reads_all r true
  POLICY own_towns * core.town_is_visible(town)

TABLE procedures.decision (
    decision_id uuid NOT NULL,
    town text NOT NULL,
    case_id uuid NOT NULL,
    evaluation_id uuid NOT NULL,
    outcome text NOT NULL,
    authority text NOT NULL,
    delegation text NOT NULL,
    actor_class text NOT NULL,
    decided_by text NOT NULL,
    law_refs text[] NOT NULL,
    reasons bytea NOT NULL,
    decided_at timestamp with time zone NOT NULL
)
  CONSTRAINT decision_case_id_fkey FOREIGN KEY (case_id) REFERENCES procedures.case_file(case_id)
  CONSTRAINT decision_case_id_key UNIQUE (case_id)
  CONSTRAINT decision_evaluation_id_fkey FOREIGN KEY (evaluation_id) REFERENCES procedures.evaluation(evaluation_id)
  CONSTRAINT decision_pkey PRIMARY KEY (decision_id)
  CONSTRAINT it_cites_law CHECK ((cardinality(law_refs) > 0))
  CONSTRAINT only_the_authority_decides CHECK ((actor_class = ANY (ARRAY['town_officer'::text, 'authority_head'::text, 'board'::text])))
  CONSTRAINT outcome_is_known CHECK ((outcome = ANY (ARRAY['granted'::text, 'partial'::text, 'refused'::text])))
  CREATE TRIGGER only_ever_added BEFORE DELETE OR UPDATE OR TRUNCATE ON procedures.decision FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  CREATE TRIGGER the_authority_decides BEFORE INSERT ON procedures.decision FOR EACH ROW EXECUTE FUNCTION procedures.check_decision()
  GRANT INSERT, SELECT TO mieone_app
  GRANT SELECT TO mieone_auditor
  POLICY audit_reads_all r true
  POLICY own_towns * core.town_is_visible(town)

TABLE procedures.definition (
    sha256 text NOT NULL,
    procedure text NOT NULL,
    valid_from date NOT NULL,
    body text NOT NULL,
    recorded_at timestamp with time zone NOT NULL
)
  CONSTRAINT definition_pkey PRIMARY KEY (sha256)
  CREATE TRIGGER only_ever_added BEFORE DELETE OR UPDATE OR TRUNCATE ON procedures.definition FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  GRANT INSERT, SELECT TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE procedures.draft (
    draft_id uuid NOT NULL,
    town text NOT NULL,
    person_id uuid NOT NULL,
    procedure text NOT NULL,
    definition_hash text NOT NULL,
    answers bytea NOT NULL,
    submit_token uuid NOT NULL,
    saved_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    case_id uuid
)
  CONSTRAINT a_sent_draft_keeps_no_answers CHECK (((case_id IS NULL) OR (answers = '\x'::bytea)))
  CONSTRAINT draft_pkey PRIMARY KEY (draft_id)
  CONSTRAINT draft_submit_token_key UNIQUE (submit_token)
  CREATE INDEX draft_expiry ON procedures.draft USING btree (expires_at)
  CREATE UNIQUE INDEX one_open_draft ON procedures.draft USING btree (person_id, procedure) WHERE (case_id IS NULL)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor
  POLICY audit_reads_all r true
  POLICY own_towns * core.town_is_visible(town)

TABLE procedures.entitlement (
    entitlement_id uuid NOT NULL,
    town text NOT NULL,
    case_id uuid NOT NULL,
    person_id uuid NOT NULL,
    procedure text NOT NULL,
    decision_id uuid NOT NULL,
    sealed bytea NOT NULL,
    recorded_at timestamp with time zone NOT NULL
)
  CONSTRAINT entitlement_case_id_fkey FOREIGN KEY (case_id) REFERENCES procedures.case_file(case_id)
  CONSTRAINT entitlement_case_id_key UNIQUE (case_id)
  CONSTRAINT entitlement_decision_id_fkey FOREIGN KEY (decision_id) REFERENCES procedures.decision(decision_id)
  CONSTRAINT entitlement_pkey PRIMARY KEY (entitlement_id)
  CREATE TRIGGER only_ever_added BEFORE DELETE OR UPDATE OR TRUNCATE ON procedures.entitlement FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  GRANT INSERT, SELECT TO mieone_app
  GRANT SELECT TO mieone_auditor
  POLICY audit_reads_all r true
  POLICY own_towns * core.town_is_visible(town)

TABLE procedures.evaluation (
    evaluation_id uuid NOT NULL,
    town text NOT NULL,
    case_id uuid NOT NULL,
    answers_version integer NOT NULL,
    ruleset_hash text NOT NULL,
    digest bytea NOT NULL,
    sealed bytea NOT NULL,
    evaluated_at timestamp with time zone NOT NULL
)
  CONSTRAINT evaluation_case_id_fkey FOREIGN KEY (case_id) REFERENCES procedures.case_file(case_id)
  CONSTRAINT evaluation_pkey PRIMARY KEY (evaluation_id)
  CREATE INDEX evaluation_of_case ON procedures.evaluation USING btree (case_id, evaluated_at)
  CREATE TRIGGER only_ever_added BEFORE DELETE OR UPDATE OR TRUNCATE ON procedures.evaluation FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  GRANT INSERT, SELECT TO mieone_app
  GRANT SELECT TO mieone_auditor
  POLICY audit_reads_all r true
  POLICY own_towns * core.town_is_visible(town)

TABLE procedures.letter (
    letter_id uuid NOT NULL,
    town text NOT NULL,
    case_id uuid NOT NULL,
    decision_id uuid NOT NULL,
    document_number bigint NOT NULL,
    template text NOT NULL,
    digest bytea NOT NULL,
    pdf bytea NOT NULL,
    is_specimen boolean NOT NULL,
    unverified text[] NOT NULL,
    made_at timestamp with time zone NOT NULL,
    made_by text NOT NULL
)
  CONSTRAINT letter_case_id_fkey FOREIGN KEY (case_id) REFERENCES procedures.case_file(case_id)
  CONSTRAINT letter_decision_id_fkey FOREIGN KEY (decision_id) REFERENCES procedures.decision(decision_id)
  CONSTRAINT letter_decision_id_key UNIQUE (decision_id)
  CONSTRAINT letter_pkey PRIMARY KEY (letter_id)
  CREATE TRIGGER only_ever_added BEFORE DELETE OR UPDATE OR TRUNCATE ON procedures.letter FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  GRANT INSERT, SELECT TO mieone_app
  GRANT SELECT TO mieone_auditor
  POLICY audit_reads_all r true
  POLICY own_towns * core.town_is_visible(town)

TABLE procedures.offer (
    town text NOT NULL,
    person_id uuid NOT NULL,
    procedure text NOT NULL,
    event_on date NOT NULL,
    offered_at timestamp with time zone NOT NULL
)
  CONSTRAINT offer_pkey PRIMARY KEY (person_id, procedure, event_on)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor
  POLICY audit_reads_all r true
  POLICY own_towns * core.town_is_visible(town)

TABLE procedures.queue_sight (
    town text NOT NULL,
    actor_id text NOT NULL,
    case_id uuid NOT NULL,
    seen_on date NOT NULL
)
  CONSTRAINT queue_sight_case_id_fkey FOREIGN KEY (case_id) REFERENCES procedures.case_file(case_id)
  CONSTRAINT queue_sight_pkey PRIMARY KEY (actor_id, case_id, seen_on)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor
  POLICY audit_reads_all r true
  POLICY own_towns * core.town_is_visible(town)

TABLE procedures.task (
    task_id uuid NOT NULL,
    town text NOT NULL,
    case_id uuid NOT NULL,
    task text NOT NULL,
    actor_class text NOT NULL,
    actor_id text NOT NULL,
    is_core boolean NOT NULL,
    started_at timestamp with time zone NOT NULL,
    stopped_at timestamp with time zone NOT NULL,
    checked text[] NOT NULL
)
  CONSTRAINT it_stops_after_it_started CHECK ((stopped_at >= started_at))
  CONSTRAINT task_case_id_fkey FOREIGN KEY (case_id) REFERENCES procedures.case_file(case_id)
  CONSTRAINT task_pkey PRIMARY KEY (task_id)
  CREATE INDEX task_of_case ON procedures.task USING btree (case_id)
  CREATE TRIGGER only_ever_added BEFORE DELETE OR UPDATE OR TRUNCATE ON procedures.task FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  GRANT INSERT, SELECT TO mieone_app
  GRANT SELECT TO mieone_auditor
  POLICY audit_reads_all r true
  POLICY own_towns * core.town_is_visible(town)

TABLE registry.change_record (
    town text NOT NULL,
    change_id uuid NOT NULL DEFAULT uuidv7(),
    resident_id uuid NOT NULL,
    run_id uuid NOT NULL,
    kind text NOT NULL,
    fields text[] NOT NULL,
    previous bytea
)
  CONSTRAINT a_change_keeps_what_was CHECK (((kind = 'changed'::text) <= (previous IS NOT NULL)))
  CONSTRAINT change_kind_is_known CHECK ((kind = ANY (ARRAY['added'::text, 'changed'::text, 'removed'::text])))
  CONSTRAINT change_record_pkey PRIMARY KEY (change_id)
  CREATE INDEX change_record_resident ON registry.change_record USING btree (town, resident_id, change_id)
  CREATE TRIGGER only_ever_added BEFORE DELETE OR UPDATE OR TRUNCATE ON registry.change_record FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  GRANT INSERT, SELECT TO mieone_app
  GRANT SELECT TO mieone_auditor
  POLICY audit_reads_all r true
  POLICY own_towns * core.town_is_visible(town)

TABLE registry.household (
    town text NOT NULL,
    household_number text NOT NULL,
    first_seen_in uuid NOT NULL
)
  CONSTRAINT household_number_is_prefixed CHECK ((household_number ~ '^S-[0-9A-Z]{1,15}$'::text))
  CONSTRAINT household_pkey PRIMARY KEY (town, household_number)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor
  POLICY audit_reads_all r true
  POLICY own_towns * core.town_is_visible(town)

TABLE registry.import_finding (
    town text NOT NULL,
    run_id uuid NOT NULL,
    row_number bigint NOT NULL,
    column_name text,
    reason text NOT NULL,
    weight text NOT NULL
)
  CONSTRAINT finding_weight_is_known CHECK ((weight = ANY (ARRAY['refused'::text, 'remark'::text])))
  CONSTRAINT import_finding_run_id_fkey FOREIGN KEY (run_id) REFERENCES registry.import_run(run_id)
  CREATE INDEX import_finding_run ON registry.import_finding USING btree (run_id, row_number)
  CREATE TRIGGER only_ever_added BEFORE DELETE OR UPDATE OR TRUNCATE ON registry.import_finding FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  GRANT INSERT, SELECT TO mieone_app
  GRANT SELECT TO mieone_auditor
  POLICY audit_reads_all r true
  POLICY own_towns * core.town_is_visible(town)

TABLE registry.import_run (
    town text NOT NULL,
    run_id uuid NOT NULL,
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
    imported_at timestamp with time zone NOT NULL
)
  CONSTRAINT import_counts_add_up CHECK (((taken <= row_count) AND (refused <= row_count)))
  CONSTRAINT import_extent_is_known CHECK ((extent = ANY (ARRAY['whole'::text, 'changes'::text])))
  CONSTRAINT import_run_pkey PRIMARY KEY (run_id)
  CREATE INDEX import_run_town ON registry.import_run USING btree (town, imported_at DESC)
  CREATE TRIGGER only_ever_added BEFORE DELETE OR UPDATE OR TRUNCATE ON registry.import_run FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  GRANT INSERT, SELECT TO mieone_app
  GRANT SELECT TO mieone_auditor
  POLICY audit_reads_all r true
  POLICY own_towns * core.town_is_visible(town)

TABLE registry.link (
    town text NOT NULL,
    link_id uuid NOT NULL DEFAULT uuidv7(),
    resident_id uuid NOT NULL,
    pairwise_id text NOT NULL,
    method text NOT NULL,
    linked_by text NOT NULL,
    linked_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    ended_because text
)
  CONSTRAINT an_end_has_a_reason CHECK (((ended_at IS NULL) = (ended_because IS NULL)))
  CONSTRAINT link_method_is_known CHECK ((method = ANY (ARRAY['exact'::text, 'counter'::text])))
  CONSTRAINT link_pkey PRIMARY KEY (link_id)
  CONSTRAINT link_town_resident_id_fkey FOREIGN KEY (town, resident_id) REFERENCES registry.resident(town, resident_id)
  CREATE UNIQUE INDEX one_living_link_a_person ON registry.link USING btree (pairwise_id) WHERE (ended_at IS NULL)
  CREATE UNIQUE INDEX one_living_link_a_resident ON registry.link USING btree (town, resident_id) WHERE (ended_at IS NULL)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor
  POLICY audit_reads_all r true
  POLICY own_towns * core.town_is_visible(town)

TABLE registry.matching_case (
    town text NOT NULL,
    case_id uuid NOT NULL DEFAULT uuidv7(),
    pairwise_id text NOT NULL,
    reason text NOT NULL,
    sealed bytea,
    state text NOT NULL DEFAULT 'open'::text,
    opened_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    closed_by text
)
  CONSTRAINT a_closed_case_forgets_the_claim CHECK (((state = 'open'::text) = (sealed IS NOT NULL)))
  CONSTRAINT a_closed_case_names_who CHECK ((((state = 'open'::text) = (closed_at IS NULL)) AND ((closed_at IS NULL) = (closed_by IS NULL))))
  CONSTRAINT case_reason_is_known CHECK ((reason = ANY (ARRAY['nobody'::text, 'several'::text, 'taken'::text])))
  CONSTRAINT case_state_is_known CHECK ((state = ANY (ARRAY['open'::text, 'linked'::text, 'refused'::text])))
  CONSTRAINT matching_case_pkey PRIMARY KEY (case_id)
  CREATE INDEX matching_case_open ON registry.matching_case USING btree (town, opened_at) WHERE (state = 'open'::text)
  CREATE UNIQUE INDEX one_open_case_a_person ON registry.matching_case USING btree (pairwise_id) WHERE (state = 'open'::text)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor
  POLICY audit_reads_all r true
  POLICY own_towns * core.town_is_visible(town)

TABLE registry.matching_due (
    pairwise_id text NOT NULL,
    event_id uuid NOT NULL,
    noticed_at timestamp with time zone NOT NULL,
    next_at timestamp with time zone NOT NULL,
    attempts bigint NOT NULL DEFAULT 0,
    last_failure text
)
  CONSTRAINT attempts_are_counted_up CHECK ((attempts >= 0))
  CONSTRAINT matching_due_pkey PRIMARY KEY (pairwise_id)
  CREATE INDEX matching_due_next ON registry.matching_due USING btree (next_at, pairwise_id)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor

TABLE registry.resident (
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
    run_id uuid NOT NULL
)
  CONSTRAINT addressee_number_is_prefixed CHECK ((addressee_number ~ '^A-[0-9A-Z]{1,15}$'::text))
  CONSTRAINT protection_ends_after_it_begins CHECK (((protected_until IS NULL) OR (protected_from < protected_until)))
  CONSTRAINT resident_pkey PRIMARY KEY (town, resident_id)
  CONSTRAINT resident_status_is_known CHECK ((status = ANY (ARRAY['resident'::text, 'moved_out'::text, 'deceased'::text, 'removed'::text, 'absent'::text])))
  CONSTRAINT resident_town_addressee_number_key UNIQUE (town, addressee_number)
  CONSTRAINT resident_town_household_number_fkey FOREIGN KEY (town, household_number) REFERENCES registry.household(town, household_number)
  CREATE INDEX resident_household ON registry.resident USING btree (town, household_number)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor
  POLICY audit_reads_all r true
  POLICY own_towns * core.town_is_visible(town)

TABLE registry.search_token (
    town text NOT NULL,
    token bytea NOT NULL,
    resident_id uuid NOT NULL
)
  CONSTRAINT search_token_pkey PRIMARY KEY (town, token, resident_id)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor
  POLICY audit_reads_all r true
  POLICY own_towns * core.town_is_visible(town)

TABLE registry.upload (
    town text NOT NULL,
    upload_id uuid NOT NULL,
    extent text NOT NULL,
    sealed bytea NOT NULL,
    uploaded_by text NOT NULL,
    uploaded_at timestamp with time zone NOT NULL
)
  CONSTRAINT upload_extent_is_known CHECK ((extent = ANY (ARRAY['whole'::text, 'changes'::text])))
  CONSTRAINT upload_pkey PRIMARY KEY (upload_id)
  GRANT DELETE, INSERT, SELECT, UPDATE TO mieone_app
  GRANT SELECT TO mieone_auditor
  POLICY audit_reads_all r true
  POLICY own_towns * core.town_is_visible(town)
