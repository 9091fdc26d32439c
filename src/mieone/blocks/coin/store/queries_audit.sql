-- name: list_unbalanced_transfers
SELECT
    e.transfer_id::text AS place,
    format('entries in %s sum to %s', e.instrument_id, sum(e.amount_yen)) AS what
FROM coin.entry AS e
GROUP BY e.transfer_id, e.instrument_id
HAVING sum(e.amount_yen) <> 0
ORDER BY e.transfer_id
LIMIT 50;

-- name: list_drifted_accounts
SELECT
    a.account_id::text AS place,
    format('%s says %s, its entries say %s', a.class, a.balance_yen, coalesce(d.amount_yen, 0))
        AS what
FROM coin.account AS a
LEFT JOIN (
    SELECT e.account_id, sum(e.amount_yen) AS amount_yen FROM coin.entry AS e GROUP BY e.account_id
) AS d ON d.account_id = a.account_id
WHERE a.balance_yen IS NOT NULL AND a.balance_yen <> coalesce(d.amount_yen, 0)
ORDER BY a.account_id
LIMIT 50;

-- name: list_drifted_lots
SELECT
    l.lot_id::text AS place,
    format(
        'holds %s of %s, its moves say %s', l.open_yen, l.granted_yen, coalesce(d.moved_yen, 0)
    ) AS what
FROM coin.lot AS l
LEFT JOIN (
    SELECT
        m.lot_id,
        sum(m.amount_yen) AS moved_yen,
        coalesce(sum(m.amount_yen) FILTER (WHERE m.amount_yen > 0 AND t.kind <> 'refund'), 0)
            AS granted_yen
    FROM coin.lot_move AS m
    INNER JOIN coin.transfer AS t ON t.transfer_id = m.transfer_id
    GROUP BY m.lot_id
) AS d ON d.lot_id = l.lot_id
WHERE l.open_yen <> coalesce(d.moved_yen, 0) OR l.granted_yen <> coalesce(d.granted_yen, 0)
ORDER BY l.lot_id
LIMIT 50;

-- name: list_unexplained_wallet_entries
SELECT
    x.transfer_id::text AS place,
    format('wallet %s: entries %s, lot moves %s', x.account_id, x.entries_yen, x.moves_yen) AS what
FROM (
    SELECT
        b.transfer_id,
        b.account_id,
        b.instrument_id,
        sum(b.entry_yen) AS entries_yen,
        sum(b.move_yen) AS moves_yen
    FROM (
        SELECT
            e.transfer_id, e.account_id, e.instrument_id, e.amount_yen AS entry_yen, 0 AS move_yen
        FROM coin.entry AS e
        INNER JOIN coin.account AS a ON a.account_id = e.account_id AND a.class = 'wallet'
        UNION ALL
        SELECT m.transfer_id, m.account_id, l.instrument_id, 0, m.amount_yen
        FROM coin.lot_move AS m
        INNER JOIN coin.lot AS l ON l.lot_id = m.lot_id
    ) AS b
    GROUP BY b.transfer_id, b.account_id, b.instrument_id
) AS x
WHERE x.entries_yen <> x.moves_yen
ORDER BY x.transfer_id
LIMIT 50;

-- name: list_open_circles
-- issued = outstanding + used + expired + refunded + recalled, for each instrument.
SELECT
    e.instrument_id AS place,
    format('issued and what became of it differ by %s', sum(e.amount_yen)) AS what
FROM coin.entry AS e
INNER JOIN coin.account AS a ON a.account_id = e.account_id
WHERE
    a.class IN (
        'wallet', 'merchant', 'issued', 'used', 'expired', 'refunded', 'recalled', 'clearing'
    )
GROUP BY e.instrument_id
HAVING sum(e.amount_yen) <> 0
LIMIT 50;

-- name: list_drifted_snapshots
SELECT
    s.account_id::text AS place,
    format('snapshot %s, entries %s', s.balance_yen, coalesce(d.amount_yen, 0)) AS what
FROM coin.account_snapshot AS s
LEFT JOIN (
    SELECT e.account_id, e.instrument_id, sum(e.amount_yen) AS amount_yen
    FROM coin.entry AS e
    WHERE e.xact_id < (SELECT h.through FROM coin.snapshot_horizon AS h)
    GROUP BY e.account_id, e.instrument_id
) AS d ON d.account_id = s.account_id AND d.instrument_id = s.instrument_id
WHERE s.balance_yen <> coalesce(d.amount_yen, 0)
LIMIT 50;

-- name: list_orphans
SELECT
    e.entry_id::text AS place, format('names account %s, which is not there', e.account_id) AS what
FROM coin.entry AS e
WHERE NOT EXISTS (SELECT FROM coin.account AS a WHERE a.account_id = e.account_id)
UNION ALL
SELECT t.transfer_id::text, 'has no entries'
FROM coin.transfer AS t
WHERE NOT EXISTS (SELECT FROM coin.entry AS e WHERE e.transfer_id = t.transfer_id)
UNION ALL
SELECT k.client_id || ' ' || k.key, 'was told accepted, and the transfer is not there'
FROM coin.answer AS k
WHERE
    k.outcome ->> 'code' = 'accepted' AND k.outcome ? 'transfer_id'
    AND NOT EXISTS (
        SELECT FROM coin.transfer AS t WHERE t.transfer_id = (k.outcome ->> 'transfer_id')::uuid
    )
LIMIT 50;

-- name: list_doubled_answers
SELECT k.outcome ->> 'transfer_id' AS place, 'was given to two keys' AS what
FROM coin.answer AS k
WHERE k.outcome ? 'transfer_id'
GROUP BY k.outcome ->> 'transfer_id'
HAVING count(*) > 1
LIMIT 50;

-- name: page_transfers
SELECT
    transfer_id,
    kind,
    booked_at,
    amount_yen,
    payer_id,
    payee_id,
    reverses_id,
    bill_id,
    campaign,
    reason
FROM coin.transfer WHERE $1::uuid IS NULL OR transfer_id > $1
ORDER BY transfer_id LIMIT $2;

-- name: list_moves_of
SELECT transfer_id, ordinal, lot_id, account_id, amount_yen, source_lot_id
FROM coin.lot_move WHERE transfer_id BETWEEN $1 AND $2
ORDER BY transfer_id, ordinal;

-- name: list_lots_opened_by
SELECT
    lot_id, account_id, issuer_id, instrument_id, funding, funder, legal_class, scope, expires_at,
    campaign, grant_run, issued_at, opened_by_id, parent_lot_id
FROM coin.lot WHERE opened_by_id = ANY($1::uuid[]);

-- name: list_entry_digests_of
SELECT DISTINCT transfer_id, kind, booked_at, posting_sha256
FROM coin.entry WHERE transfer_id = ANY($1::uuid[]);
