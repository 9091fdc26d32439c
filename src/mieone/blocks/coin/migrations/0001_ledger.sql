-- The ledger of Mie-Coin: accounts, lots, transfers, entries. What is booked is only ever added, and only
-- `coin.post` writes it, so balances cannot part from entries. Ids are version 7, months are ranges of ids.

SELECT core.create_block_schema('coin');

CREATE TABLE coin.issuer (
    issuer_id text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('town', 'association', 'bank')),
    name text NOT NULL
);

CREATE TABLE coin.instrument (
    instrument_id text PRIMARY KEY,
    issuer_id text NOT NULL REFERENCES coin.issuer,
    value_kind text NOT NULL
    CHECK (value_kind IN ('coin', 'point', 'voucher', 'benefit', 'visitor')),
    funding text NOT NULL CHECK (funding IN ('paid', 'free')),
    legal_class text NOT NULL
    CHECK (legal_class IN ('free', 'exempt_public', 'exempt_6m', 'prepaid', 'funds_transfer')),
    CONSTRAINT free_value_is_of_the_class_free CHECK ((funding = 'free') = (legal_class = 'free')),
    CONSTRAINT what_a_lot_refers_to UNIQUE (instrument_id, issuer_id, funding, legal_class)
);

CREATE TABLE coin.account (
    account_id uuid PRIMARY KEY,
    class text NOT NULL CHECK (class IN (
        'wallet',
        'campaign_budget',
        'merchant',
        'issued',
        'used',
        'expired',
        'refunded',
        'recalled',
        'fee_income', 'funder_commitment', 'funder_receivable', 'return_claim', 'clearing'
    )),
    belongs_to text NOT NULL DEFAULT '',
    tier text NOT NULL DEFAULT 't0' CHECK (tier IN ('t0', 't1', 't2')),
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'frozen', 'closed')),
    balance_yen bigint,
    paid_on date,
    paid_yen bigint NOT NULL DEFAULT 0,
    sent_month date,
    sent_yen bigint NOT NULL DEFAULT 0,
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT only_locked_accounts_keep_a_balance
    CHECK ((class IN ('wallet', 'campaign_budget')) = (balance_yen IS NOT NULL)),
    CONSTRAINT nobody_spends_what_is_not_there CHECK (balance_yen >= 0)
) WITH (fillfactor = 60);
CREATE UNIQUE INDEX system_account_is_one ON coin.account (class, belongs_to)
WHERE class NOT IN ('wallet', 'merchant');

CREATE TABLE coin.lot (
    lot_id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES coin.account,
    issuer_id text NOT NULL,
    instrument_id text NOT NULL,
    funding text NOT NULL,
    funder text NOT NULL DEFAULT '',
    legal_class text NOT NULL,
    scope text NOT NULL,
    expires_at timestamptz,
    campaign text NOT NULL DEFAULT '',
    grant_run text NOT NULL DEFAULT '',
    issued_at timestamptz NOT NULL,
    opened_by_id uuid NOT NULL,
    parent_lot_id uuid,
    granted_yen bigint NOT NULL,
    open_yen bigint NOT NULL,
    CONSTRAINT lot_is_what_its_instrument_is
    FOREIGN KEY (instrument_id, issuer_id, funding, legal_class)
    REFERENCES coin.instrument (instrument_id, issuer_id, funding, legal_class),
    CONSTRAINT lot_never_holds_more_than_it_was_given CHECK (open_yen BETWEEN 0 AND granted_yen),
    CONSTRAINT exempt_lot_ends_within_six_months CHECK (
        legal_class <> 'exempt_6m'
        OR expires_at <= ((issued_at AT TIME ZONE 'Asia/Tokyo')::date + interval '6 months')
        AT TIME ZONE 'Asia/Tokyo'
    ),
    CONSTRAINT exempt_lot_has_an_end CHECK (legal_class <> 'exempt_6m' OR expires_at IS NOT NULL),
    CONSTRAINT equal_value_lies_in_one_lot UNIQUE NULLS NOT DISTINCT (
        account_id, instrument_id, issuer_id, funding, funder, legal_class, scope, expires_at,
        campaign, grant_run
    )
) WITH (fillfactor = 60);
CREATE INDEX lot_by_opening ON coin.lot (opened_by_id);
CREATE INDEX lot_by_end ON coin.lot (expires_at) WHERE expires_at IS NOT NULL;

CREATE FUNCTION coin.refuse_other_terms() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a lot keeps its issuer, its funding and its end' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER lot_keeps_its_terms BEFORE UPDATE ON coin.lot FOR EACH ROW
WHEN (
    (
        old.lot_id, old.account_id, old.issuer_id, old.instrument_id, old.funding, old.funder,
        old.legal_class, old.scope, old.expires_at, old.campaign, old.grant_run, old.issued_at,
        old.opened_by_id, old.parent_lot_id
    )
    IS DISTINCT FROM
    (
        new.lot_id, new.account_id, new.issuer_id, new.instrument_id, new.funding, new.funder,
        new.legal_class, new.scope, new.expires_at, new.campaign, new.grant_run, new.issued_at,
        new.opened_by_id, new.parent_lot_id
    )
) EXECUTE FUNCTION coin.refuse_other_terms();
CREATE TRIGGER lot_is_never_removed BEFORE DELETE OR TRUNCATE ON coin.lot
FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change();

CREATE TABLE coin.transfer (
    transfer_id uuid PRIMARY KEY,
    kind text NOT NULL
    CHECK (kind IN ('allot', 'grant', 'charge', 'pay', 'refund', 'send', 'expire')),
    booked_at timestamptz NOT NULL,
    amount_yen bigint NOT NULL CHECK (amount_yen > 0),
    payer_id uuid,
    payee_id uuid,
    reverses_id uuid,
    bill_id text,
    campaign text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    CONSTRAINT refund_names_what_it_reverses CHECK ((kind = 'refund') = (reverses_id IS NOT NULL))
) PARTITION BY RANGE (transfer_id);
CREATE INDEX ON coin.transfer (reverses_id) WHERE reverses_id IS NOT NULL;

CREATE TABLE coin.entry (
    entry_id uuid PRIMARY KEY,
    transfer_id uuid NOT NULL,
    kind text NOT NULL,
    account_id uuid NOT NULL,
    instrument_id text NOT NULL,
    amount_yen bigint NOT NULL CHECK (amount_yen <> 0),
    booked_at timestamptz NOT NULL,
    posting_sha256 bytea NOT NULL,
    mac bytea NOT NULL,
    xact_id xid8 NOT NULL DEFAULT pg_current_xact_id()
) PARTITION BY RANGE (entry_id);
CREATE INDEX ON coin.entry (account_id, entry_id);
CREATE INDEX ON coin.entry (account_id, xact_id);
CREATE INDEX ON coin.entry (transfer_id);

CREATE TABLE coin.lot_move (
    transfer_id uuid NOT NULL,
    ordinal integer NOT NULL,
    lot_id uuid NOT NULL,
    account_id uuid NOT NULL,
    amount_yen bigint NOT NULL CHECK (amount_yen <> 0),
    source_lot_id uuid,
    PRIMARY KEY (transfer_id, ordinal)
) PARTITION BY RANGE (transfer_id);
CREATE INDEX ON coin.lot_move (lot_id);

CREATE TABLE coin.transfer_rest PARTITION OF coin.transfer DEFAULT;
CREATE TABLE coin.entry_rest PARTITION OF coin.entry DEFAULT;
CREATE TABLE coin.lot_move_rest PARTITION OF coin.lot_move DEFAULT;

SELECT core.make_ledger('coin.entry');
SELECT core.make_append_only(name::regclass) FROM unnest(ARRAY[
    'coin.transfer', 'coin.lot_move', 'coin.transfer_rest', 'coin.entry_rest', 'coin.lot_move_rest'
]) AS name;

-- One answer a client's key, kept as long as the entries; its table has no months because it is unique.
CREATE TABLE coin.answer (
    client_id text NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    body_sha256 bytea NOT NULL,
    outcome jsonb,
    PRIMARY KEY (client_id, key)
) WITH (fillfactor = 70);

CREATE TABLE coin.bill (
    bill_id text PRIMARY KEY,
    shop_account_id uuid NOT NULL REFERENCES coin.account,
    amount_yen bigint NOT NULL CHECK (amount_yen > 0),
    made_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    paid_by uuid,
    voided_at timestamptz
);
CREATE INDEX bill_of_shop ON coin.bill (shop_account_id, made_at);

-- Balances of accounts that nobody locks: a figure through a horizon, and the entries behind it.
CREATE TABLE coin.account_snapshot (
    account_id uuid NOT NULL,
    instrument_id text NOT NULL,
    balance_yen bigint NOT NULL,
    PRIMARY KEY (account_id, instrument_id)
);
CREATE TABLE coin.snapshot_horizon (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    through xid8 NOT NULL DEFAULT '0'
);
INSERT INTO coin.snapshot_horizon DEFAULT VALUES;

-- Who holds which wallet is kept apart: a blind token of a pairwise id, and the account sealed under it.
CREATE TABLE coin.holder (
    holder_token bytea PRIMARY KEY,
    sealed_account bytea NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE coin.shop (
    shop_id uuid PRIMARY KEY,
    account_id uuid NOT NULL UNIQUE REFERENCES coin.account,
    shop_code text NOT NULL UNIQUE CHECK (shop_code ~ '^[0-9]{7}$'),
    town_code text NOT NULL,
    name text NOT NULL,
    name_latin text NOT NULL,
    city_latin text NOT NULL,
    shop_class text NOT NULL,
    category text NOT NULL DEFAULT '0000',
    postal_code text NOT NULL DEFAULT '',
    status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'closed')),
    is_sample boolean NOT NULL DEFAULT false,
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX shop_of_town ON coin.shop (town_code, shop_code);
CREATE TABLE coin.shop_terminal (
    terminal_id uuid PRIMARY KEY,
    shop_id uuid NOT NULL REFERENCES coin.shop,
    label text NOT NULL DEFAULT '',
    token_sha256 bytea NOT NULL UNIQUE,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at timestamptz
);

-- The application reads; it writes through the functions below, and changes only what is listed here.
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA coin FROM mieone_app;
GRANT INSERT, UPDATE ON coin.issuer, coin.instrument, coin.shop, coin.shop_terminal TO mieone_app;
GRANT INSERT (account_id, class, belongs_to, tier, balance_yen) ON coin.account TO mieone_app;
GRANT UPDATE (tier, status) ON coin.account TO mieone_app;
GRANT INSERT (bill_id, shop_account_id, amount_yen, made_at, expires_at) ON coin.bill TO mieone_app;
GRANT UPDATE (voided_at) ON coin.bill TO mieone_app;
GRANT INSERT, DELETE ON coin.holder TO mieone_app;
GRANT INSERT (client_id, key, body_sha256) ON coin.answer TO mieone_app;
GRANT INSERT, UPDATE, DELETE ON coin.account_snapshot TO mieone_app;
GRANT UPDATE ON coin.snapshot_horizon TO mieone_app;

CREATE TYPE coin.transfer_row AS (
    transfer_id uuid, kind text, booked_at timestamptz, amount_yen bigint, payer_id uuid,
    payee_id uuid, reverses_id uuid, bill_id text, campaign text, reason text
);
CREATE TYPE coin.entry_row AS (
    entry_id uuid, transfer_id uuid, kind text, account_id uuid, instrument_id text,
    amount_yen bigint, booked_at timestamptz, posting_sha256 bytea, mac bytea
);
CREATE TYPE coin.move_row AS (
    transfer_id uuid, kind text, ordinal integer, lot_id uuid, account_id uuid, amount_yen bigint,
    source_lot_id uuid
);
CREATE TYPE coin.lot_row AS (
    lot_id uuid, account_id uuid, issuer_id text, instrument_id text, funding text, funder text,
    legal_class text, scope text, expires_at timestamptz, campaign text, grant_run text,
    issued_at timestamptz, opened_by_id uuid, parent_lot_id uuid
);
CREATE TYPE coin.usage_row AS (
    account_id uuid, paid_on date, paid_yen bigint, sent_month date, sent_yen bigint
);
CREATE TYPE coin.answer_row AS (client_id text, key text, outcome text);

-- The only writer of the ledger. Balances and lots follow from the entries and moves it is given.
CREATE FUNCTION coin.post(
    transfers coin.transfer_row[], entries coin.entry_row[], moves coin.move_row[],
    lots coin.lot_row[], usage coin.usage_row[], answers coin.answer_row[]
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM unnest(entries) AS e GROUP BY e.transfer_id, e.instrument_id
        HAVING sum(e.amount_yen) <> 0
    ) THEN
        RAISE EXCEPTION 'entries of a transfer do not sum to zero' USING ERRCODE = 'check_violation';
    END IF;

    INSERT INTO coin.transfer
    (transfer_id, kind, booked_at, amount_yen, payer_id, payee_id, reverses_id, bill_id, campaign, reason)
    SELECT t.* FROM unnest(transfers) AS t;

    INSERT INTO coin.entry
    (entry_id, transfer_id, kind, account_id, instrument_id, amount_yen, booked_at, posting_sha256, mac)
    SELECT e.* FROM unnest(entries) AS e;

    UPDATE coin.account AS a SET balance_yen = a.balance_yen + d.change
    FROM (
        SELECT e.account_id, sum(e.amount_yen)::bigint AS change FROM unnest(entries) AS e
        GROUP BY e.account_id
    ) AS d
    WHERE a.account_id = d.account_id AND a.balance_yen IS NOT NULL;

    INSERT INTO coin.lot_move (transfer_id, ordinal, lot_id, account_id, amount_yen, source_lot_id)
    SELECT m.transfer_id, m.ordinal, m.lot_id, m.account_id, m.amount_yen, m.source_lot_id
    FROM unnest(moves) AS m;

    INSERT INTO coin.lot
    (lot_id, account_id, issuer_id, instrument_id, funding, funder, legal_class, scope, expires_at,
     campaign, grant_run, issued_at, opened_by_id, parent_lot_id, granted_yen, open_yen)
    SELECT l.*, 0, 0 FROM unnest(lots) AS l;

    UPDATE coin.lot AS l SET
        open_yen = l.open_yen + m.moved,
        granted_yen = l.granted_yen + m.granted
    FROM (
        SELECT x.lot_id, x.account_id, sum(x.amount_yen)::bigint AS moved,
            coalesce(sum(x.amount_yen) FILTER (WHERE x.amount_yen > 0 AND x.kind <> 'refund'), 0)::bigint
            AS granted
        FROM unnest(moves) AS x GROUP BY x.lot_id, x.account_id
    ) AS m
    WHERE l.lot_id = m.lot_id AND l.account_id = m.account_id;

    UPDATE coin.account AS a SET
        paid_on = u.paid_on, paid_yen = u.paid_yen, sent_month = u.sent_month, sent_yen = u.sent_yen
    FROM unnest(usage) AS u WHERE a.account_id = u.account_id;

    UPDATE coin.bill AS b SET paid_by = t.transfer_id
    FROM unnest(transfers) AS t WHERE t.kind = 'pay' AND b.bill_id = t.bill_id;

    UPDATE coin.answer AS k SET outcome = w.outcome::jsonb
    FROM unnest(answers) AS w
    WHERE k.client_id = w.client_id AND k.key = w.key AND k.outcome IS NULL AND w.outcome IS NOT NULL;

    -- A request without sense uses up no key.
    DELETE FROM coin.answer AS k USING unnest(answers) AS w
    WHERE k.client_id = w.client_id AND k.key = w.key AND k.outcome IS NULL AND w.outcome IS NULL;
END $$;
REVOKE ALL ON FUNCTION coin.post FROM public;
GRANT EXECUTE ON FUNCTION coin.post TO mieone_app;

CREATE FUNCTION coin.first_id_at(at timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE
RETURN (lpad(to_hex((extract(EPOCH FROM at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid;

-- Months are opened ahead of time; a month whose first rows already lie in the rest stays there.
CREATE FUNCTION coin.open_month(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    first_day date := date_trunc('month', month)::date;
    lower_id uuid := coin.first_id_at(first_day::timestamp AT TIME ZONE 'Asia/Tokyo');
    upper_id uuid := coin.first_id_at((first_day + interval '1 month') AT TIME ZONE 'Asia/Tokyo');
    parent text;
    part text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('coin.open_month', 0));
    IF to_regclass('coin.entry_' || to_char(first_day, 'YYYY_MM')) IS NOT NULL THEN
        RETURN false;
    END IF;
    FOREACH parent IN ARRAY ARRAY['transfer', 'entry', 'lot_move'] LOOP
        part := 'coin.' || parent || '_' || to_char(first_day, 'YYYY_MM');
        EXECUTE format('CREATE TABLE %s PARTITION OF coin.%I FOR VALUES FROM (%L) TO (%L)',
            part, parent, lower_id, upper_id);
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON %s FROM mieone_app', part);
        PERFORM core.make_append_only(part::regclass);
        IF parent = 'entry' THEN
            EXECUTE format('GRANT SELECT ON %s TO mieone_sealer', part);
        END IF;
    END LOOP;
    RETURN true;
EXCEPTION WHEN check_violation THEN
    RETURN false;
END $$;
REVOKE ALL ON FUNCTION coin.open_month FROM public;
GRANT EXECUTE ON FUNCTION coin.open_month TO mieone_app;
