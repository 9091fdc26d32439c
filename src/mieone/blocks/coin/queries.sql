-- name: claim_answers
-- Waits for a flush elsewhere that holds the same key; sorted, so that two flushes never wait in a ring.
INSERT INTO coin.answer (client_id, key, body_sha256)
SELECT a.client_id, a.key, a.body_sha256
FROM unnest($1::text[], $2::text[], $3::bytea[]) AS a (client_id, key, body_sha256)
ORDER BY a.client_id, a.key
ON CONFLICT (client_id, key) DO NOTHING
RETURNING client_id, key;

-- name: list_answers
SELECT k.client_id, k.key, k.body_sha256, k.outcome
FROM coin.answer AS k
INNER JOIN unnest($1::text[], $2::text[]) AS a (client_id, key)
    ON k.client_id = a.client_id AND k.key = a.key;

-- name: lock_bills
SELECT bill_id, shop_account_id, amount_yen, expires_at, paid_by, voided_at
FROM coin.bill WHERE bill_id = ANY($1::text[])
ORDER BY bill_id
FOR NO KEY UPDATE;

-- name: lock_accounts
-- Wallets and refunding shops by id, budgets last: the same order in every process.
SELECT account_id, class, tier, status, balance_yen, paid_on, paid_yen, sent_month, sent_yen
FROM coin.account WHERE account_id = ANY($1::uuid[])
ORDER BY class = 'campaign_budget', account_id
FOR NO KEY UPDATE;

-- name: read_clock
SELECT clock_timestamp();

-- name: list_lots
-- Spent lots that have not ended are needed too: new value of the same terms joins them.
SELECT
    lot_id, account_id, issuer_id, instrument_id, funding, funder, legal_class, scope, expires_at,
    campaign, grant_run, issued_at, granted_yen, open_yen, parent_lot_id
FROM coin.lot
WHERE account_id = ANY($1::uuid[]) AND (
    open_yen > 0 OR expires_at IS NULL OR expires_at > $3
    OR lot_id IN (SELECT m.lot_id FROM coin.lot_move AS m WHERE m.transfer_id = ANY($2::uuid[]))
);

-- name: list_payments
SELECT transfer_id, payer_id, payee_id, booked_at
FROM coin.transfer WHERE transfer_id = ANY($1::uuid[]) AND kind = 'pay';

-- name: list_takes
SELECT
    m.transfer_id, m.lot_id, l.instrument_id, -m.amount_yen AS amount_yen,
    coalesce((
        SELECT sum(b.amount_yen) FROM coin.transfer AS r
        INNER JOIN coin.lot_move AS b ON b.transfer_id = r.transfer_id
        WHERE r.reverses_id = m.transfer_id AND b.lot_id = m.lot_id AND b.amount_yen > 0
    ), 0)::bigint AS restored_yen
FROM coin.lot_move AS m
INNER JOIN coin.lot AS l ON l.lot_id = m.lot_id
WHERE m.transfer_id = ANY($1::uuid[])
ORDER BY m.transfer_id, m.ordinal;

-- name: list_shop_facts
SELECT account_id, town_code, shop_class, status FROM coin.shop WHERE account_id = ANY($1::uuid[]);

-- name: list_takings
-- Snapshot and tail in one statement, so that a payment just made is in it.
SELECT
    a.account_id,
    (
        coalesce((
            SELECT sum(s.balance_yen)
            FROM coin.account_snapshot AS s
            WHERE s.account_id = a.account_id
        ), 0)
        + coalesce((
            SELECT sum(e.amount_yen) FROM coin.entry AS e
            WHERE
                e.account_id = a.account_id
                AND e.xact_id >= (SELECT h.through FROM coin.snapshot_horizon AS h)
        ), 0)
    )::bigint AS balance_yen
FROM unnest($1::uuid[]) AS a (account_id);

-- name: post
SELECT coin.post(
    $1::coin.transfer_row[], $2::coin.entry_row[], $3::coin.move_row[], $4::coin.lot_row[],
    $5::coin.usage_row[], $6::coin.answer_row[]
);

-- name: roll_up
-- Everything of transactions that ended before the horizon moves from the tail into the snapshot.
WITH horizon AS (
    SELECT h.through AS old, pg_snapshot_xmin(pg_current_snapshot()) AS new
    FROM coin.snapshot_horizon AS h FOR UPDATE
),

moved AS (
    SELECT e.account_id, e.instrument_id, sum(e.amount_yen)::bigint AS amount_yen
    FROM coin.entry AS e
    INNER JOIN coin.account AS a ON a.account_id = e.account_id AND a.balance_yen IS NULL
    CROSS JOIN horizon AS h
    WHERE e.xact_id >= h.old AND e.xact_id < h.new
    GROUP BY e.account_id, e.instrument_id
),

advanced AS (
    UPDATE coin.snapshot_horizon SET through = h.new FROM horizon AS h RETURNING 1
)

INSERT INTO coin.account_snapshot AS s (account_id, instrument_id, balance_yen)
SELECT m.account_id, m.instrument_id, m.amount_yen FROM moved AS m
WHERE EXISTS (SELECT FROM advanced)
ON CONFLICT (account_id, instrument_id)
DO UPDATE SET balance_yen = s.balance_yen + excluded.balance_yen;

-- name: is_horizon_ahead
-- A restored server counts transactions anew; then every snapshot is made again.
SELECT h.through > pg_snapshot_xmax(pg_current_snapshot()) FROM coin.snapshot_horizon AS h;

-- name: clear_snapshots
WITH gone AS (DELETE FROM coin.account_snapshot RETURNING 1)

UPDATE coin.snapshot_horizon SET through = '0' WHERE (SELECT count(*) FROM gone) >= 0;

-- name: open_month
SELECT coin.open_month($1::date);

-- name: list_wallets_with_ended_lots
SELECT DISTINCT account_id FROM coin.lot
WHERE expires_at <= $1 AND open_yen > 0
LIMIT $2;

-- name: record_issuer
INSERT INTO coin.issuer (issuer_id, kind, name) VALUES ($1, $2, $3)
ON CONFLICT (issuer_id) DO UPDATE SET name = excluded.name;

-- name: record_instrument
-- What an instrument is legally never changes; another one gets another id.
INSERT INTO coin.instrument (instrument_id, issuer_id, value_kind, funding, legal_class)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (instrument_id) DO NOTHING;

-- name: get_instrument
SELECT issuer_id, value_kind, funding, legal_class FROM coin.instrument WHERE instrument_id = $1;

-- name: record_account
INSERT INTO coin.account (account_id, class, belongs_to, tier, balance_yen)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (account_id) DO NOTHING;

-- name: find_holder
SELECT sealed_account FROM coin.holder WHERE holder_token = $1;

-- name: record_holder
INSERT INTO coin.holder (holder_token, sealed_account) VALUES ($1, $2)
ON CONFLICT (holder_token) DO NOTHING
RETURNING holder_token;

-- name: forget_holder
DELETE FROM coin.holder WHERE holder_token = $1 RETURNING sealed_account;

-- name: find_balance
SELECT balance_yen, tier, status FROM coin.account WHERE account_id = $1;

-- name: list_open_lots
SELECT
    lot_id, account_id, issuer_id, instrument_id, funding, funder, legal_class, scope, expires_at,
    campaign, grant_run, issued_at, granted_yen, open_yen, parent_lot_id
FROM coin.lot WHERE account_id = $1 AND open_yen > 0
ORDER BY expires_at NULLS LAST, lot_id
LIMIT 100;

-- name: list_history
-- One line a transfer, newest first; the other side's shop where there is one.
SELECT
    t.transfer_id, t.kind, t.booked_at, t.campaign, t.reason, t.reverses_id,
    sum(e.amount_yen)::bigint AS amount_yen, s.name AS shop_name, s.shop_code
FROM coin.entry AS e
INNER JOIN coin.transfer AS t ON t.transfer_id = e.transfer_id
LEFT JOIN coin.shop AS s
    ON s.account_id = CASE WHEN e.account_id = t.payer_id THEN t.payee_id ELSE t.payer_id END
WHERE e.account_id = $1 AND ($2::uuid IS NULL OR t.transfer_id < $2)
GROUP BY
    t.transfer_id, t.kind, t.booked_at, t.campaign, t.reason, t.reverses_id, s.name, s.shop_code
ORDER BY t.transfer_id DESC
LIMIT $3;

-- name: find_transfer
SELECT transfer_id, kind, booked_at, amount_yen, payer_id, payee_id, bill_id
FROM coin.transfer WHERE transfer_id = $1;

-- name: list_shop_payments
-- What this shop took and gave back since an instant, newest first, with what has been given back of each.
SELECT
    t.transfer_id, t.kind, t.booked_at, t.amount_yen, t.bill_id, t.reverses_id,
    coalesce((
        SELECT sum(r.amount_yen) FROM coin.transfer AS r WHERE r.reverses_id = t.transfer_id
    ), 0)::bigint AS refunded_yen
FROM coin.transfer AS t
WHERE
    t.transfer_id IN (
        SELECT e.transfer_id FROM coin.entry AS e
        WHERE e.account_id = $1 AND e.entry_id >= coin.first_id_at($2)
    )
    AND t.booked_at >= $2 AND ($3::uuid IS NULL OR t.transfer_id < $3)
ORDER BY t.transfer_id DESC
LIMIT $4;

-- name: find_shop_payment
SELECT
    t.transfer_id, t.kind, t.booked_at, t.amount_yen, t.bill_id, t.reverses_id,
    coalesce((
        SELECT sum(r.amount_yen) FROM coin.transfer AS r WHERE r.reverses_id = t.transfer_id
    ), 0)::bigint AS refunded_yen
FROM coin.transfer AS t
WHERE t.transfer_id = $2 AND t.payee_id = $1 AND t.kind = 'pay';

-- name: sum_shop_since
SELECT
    coalesce(sum(e.amount_yen), 0)::bigint AS amount_yen,
    (
        count(DISTINCT e.transfer_id) FILTER (WHERE e.kind = 'pay')
        - count(DISTINCT e.transfer_id) FILTER (WHERE e.kind = 'refund')
    ) AS payments
FROM coin.entry AS e
WHERE e.account_id = $1 AND e.entry_id >= coin.first_id_at($2) AND e.booked_at >= $2;

-- name: record_shop
INSERT INTO coin.shop (
    shop_id, account_id, shop_code, town_code, name, name_latin, city_latin, shop_class, category,
    postal_code, is_sample
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (shop_id) DO NOTHING;

-- name: find_shop_by_code
SELECT
    shop_id, account_id, shop_code, town_code AS town, name, name_latin, city_latin, shop_class,
    category, postal_code, status, is_sample
FROM coin.shop WHERE shop_code = $1;

-- name: find_shop
SELECT
    shop_id, account_id, shop_code, town_code AS town, name, name_latin, city_latin, shop_class,
    category, postal_code, status, is_sample
FROM coin.shop WHERE shop_id = $1;

-- name: find_shop_by_account
SELECT
    shop_id, account_id, shop_code, town_code AS town, name, name_latin, city_latin, shop_class,
    category, postal_code, status, is_sample
FROM coin.shop WHERE account_id = $1;

-- name: list_sample_shops
SELECT
    shop_id, account_id, shop_code, town_code AS town, name, name_latin, city_latin, shop_class,
    category, postal_code, status, is_sample
FROM coin.shop WHERE is_sample ORDER BY shop_code LIMIT 100;

-- name: list_shops
SELECT
    shop_id, account_id, shop_code, town_code AS town, name, name_latin, city_latin, shop_class,
    category, postal_code, status, is_sample
FROM coin.shop WHERE
    status = 'open' AND ($1::text IS NULL OR town_code = $1)
    AND ($2::text IS NULL OR shop_code > $2)
ORDER BY shop_code LIMIT $3;

-- name: record_terminal
INSERT INTO coin.shop_terminal (terminal_id, shop_id, label, token_sha256) VALUES ($1, $2, $3, $4);

-- name: find_terminal_shop
SELECT t.shop_id FROM coin.shop_terminal AS t WHERE t.token_sha256 = $1 AND t.revoked_at IS NULL;

-- name: void_terminals
UPDATE coin.shop_terminal SET revoked_at = $2 WHERE shop_id = $1 AND revoked_at IS NULL;

-- name: record_bill
-- Numbers are short; one that was drawn before is drawn again.
INSERT INTO coin.bill (bill_id, shop_account_id, amount_yen, made_at, expires_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (bill_id) DO NOTHING
RETURNING bill_id;

-- name: find_bill
SELECT bill_id, shop_account_id, amount_yen, expires_at, paid_by, voided_at
FROM coin.bill WHERE bill_id = $1;

-- name: find_bill_shop
SELECT s.shop_code FROM coin.bill AS b
INNER JOIN coin.shop AS s ON s.account_id = b.shop_account_id
WHERE b.bill_id = $1;

-- name: void_bill
UPDATE coin.bill SET voided_at = clock_timestamp()
WHERE bill_id = $1 AND shop_account_id = $2 AND paid_by IS NULL AND voided_at IS NULL;
