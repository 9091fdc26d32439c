-- Whom to match: noted with the event in one transaction, asked at the door outside any, linked in another. What is here
-- outlives a crash between them. No town is known before the door has answered, so there is no town to stand under.

CREATE TABLE registry.matching_due (
    pairwise_id text PRIMARY KEY,
    event_id uuid NOT NULL,
    noticed_at timestamptz NOT NULL,
    next_at timestamptz NOT NULL,
    attempts bigint NOT NULL DEFAULT 0,
    last_failure text,
    CONSTRAINT attempts_are_counted_up CHECK (attempts >= 0)
);
CREATE INDEX matching_due_next ON registry.matching_due (next_at, pairwise_id);
