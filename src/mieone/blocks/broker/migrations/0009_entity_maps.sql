-- Entity maps: which entities a query found, kept for a while so that its pages stay the same.
-- Each is a list for one reader; it goes when its time is over.
CREATE TABLE broker.entity_map (
    tenant text NOT NULL,
    id text NOT NULL,
    -- An array of [entity id, [sources]] in the order of the answer; @none is this broker.
    entries jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX entity_map_by_age ON broker.entity_map (tenant, created_at);
