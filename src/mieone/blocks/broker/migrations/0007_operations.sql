-- Who may write in production, and where what was imported came from.
-- A key opens open data of one tenant; it is shown once and kept as a digest.
CREATE TABLE broker.api_key (
    digest bytea PRIMARY KEY,
    prefix text NOT NULL,
    tenant text NOT NULL REFERENCES broker.tenant (name),
    title text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    valid_until timestamptz,
    revoked_at timestamptz
);
CREATE INDEX api_key_by_tenant ON broker.api_key (tenant, created_at);

CREATE TABLE broker.import_run (
    run_id uuid PRIMARY KEY DEFAULT uuidv7(),
    tenant text NOT NULL,
    dataset text NOT NULL,
    origin text NOT NULL,
    -- Of the bytes that were read: the same file is not read twice.
    digest bytea NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    read_rows integer NOT NULL DEFAULT 0,
    written_entities integer NOT NULL DEFAULT 0,
    removed_entities integer NOT NULL DEFAULT 0,
    findings jsonb NOT NULL DEFAULT '[]',
    failure text
);
CREATE INDEX import_run_by_dataset ON broker.import_run (tenant, dataset, started_at DESC);

-- Which entities a dataset brought, so that what left the source leaves here as well.
CREATE TABLE broker.imported (
    tenant text NOT NULL,
    dataset text NOT NULL,
    entity_id text NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant, dataset, entity_id)
);

CREATE TABLE broker.feed_turn (
    feed text PRIMARY KEY,
    next_at timestamptz NOT NULL DEFAULT now(),
    failures integer NOT NULL DEFAULT 0
);
