-- An import some of whose rows were refused for a reason that passes is read again, with the same bytes too.
ALTER TABLE broker.import_run
ADD COLUMN is_settled boolean NOT NULL DEFAULT true,
ADD COLUMN unchanged_entities integer NOT NULL DEFAULT 0;

-- What was written last, change by change, and when: what says the same again is not written again, unless
-- somebody else has changed the entity since. Of messages, the last ones: one that comes twice counts once.
ALTER TABLE broker.imported
ADD COLUMN digests bytea[] NOT NULL DEFAULT '{}',
ADD COLUMN written_at timestamptz;

-- How a feed is doing, for whoever looks after it.
ALTER TABLE broker.feed_turn
ADD COLUMN state text NOT NULL DEFAULT 'waiting',
ADD COLUMN changed_at timestamptz NOT NULL DEFAULT now(),
ADD COLUMN last_error text,
ADD COLUMN taken_at timestamptz,
ADD COLUMN taken bigint NOT NULL DEFAULT 0,
ADD COLUMN refused bigint NOT NULL DEFAULT 0,
ADD CONSTRAINT feed_state_is_known CHECK (state IN ('waiting', 'open', 'away'));

-- Messages that nobody can read are told and acknowledged: they would come again for ever.
CREATE TABLE broker.feed_finding (
    feed text NOT NULL,
    -- Of the message, which itself is not kept.
    digest bytea NOT NULL,
    found_at timestamptz NOT NULL,
    times integer NOT NULL DEFAULT 1,
    topic text NOT NULL,
    findings jsonb NOT NULL,
    PRIMARY KEY (feed, digest)
);
CREATE INDEX feed_finding_by_time ON broker.feed_finding (feed, found_at DESC);
