-- name: declare_feed
INSERT INTO broker.feed_turn (feed) VALUES ($1)
ON CONFLICT DO NOTHING;

-- name: claim_feed
UPDATE broker.feed_turn SET next_at = clock_timestamp() + $2
WHERE feed = $1 AND next_at <= clock_timestamp()
RETURNING feed;

-- name: set_turn
UPDATE broker.feed_turn SET next_at = clock_timestamp() + $2
WHERE feed = $1;

-- name: record_state
UPDATE broker.feed_turn
SET
    changed_at = CASE WHEN state = $2 THEN changed_at ELSE $4 END,
    state = $2,
    failures = CASE WHEN $3::text IS NULL THEN 0 ELSE failures + 1 END,
    last_error = coalesce($3, last_error)
WHERE feed = $1
RETURNING failures;

-- name: record_taken
UPDATE broker.feed_turn
SET
    taken_at = $2,
    taken = taken + $3,
    refused = refused + $4
WHERE feed = $1;

-- name: record_finding
INSERT INTO broker.feed_finding (feed, digest, found_at, topic, findings)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (feed, digest) DO UPDATE SET
    found_at = excluded.found_at,
    times = feed_finding.times + 1;

-- name: forget_findings
-- The newest are enough to put a gauge right.
DELETE FROM broker.feed_finding
WHERE
    feed = $1
    AND digest IN (
        SELECT f.digest
        FROM broker.feed_finding AS f
        WHERE f.feed = $1
        ORDER BY f.found_at DESC
        OFFSET 100
    );

-- name: list_feeds
SELECT
    feed,
    state,
    changed_at,
    failures,
    last_error,
    taken_at,
    taken,
    refused
FROM broker.feed_turn
ORDER BY feed
LIMIT 1000;

-- name: list_feed_findings
SELECT
    feed,
    found_at,
    times,
    topic,
    findings
FROM broker.feed_finding
ORDER BY found_at DESC
LIMIT $1;
