-- JSON-LD contexts: hosted by a tenant, made of several for a Link header, or cached from elsewhere.
-- How often each is used is counted in memory and brought here in bulk, into a table of its own.
CREATE TABLE broker.context (
    id text PRIMARY KEY,
    -- Only of a hosted one: the others follow from what they are called, and are shared by all.
    tenant text,
    kind text NOT NULL,
    -- Where a cached one came from.
    url text UNIQUE,
    -- The document as it is served, with its @context.
    body text NOT NULL,
    etag text,
    created_at timestamptz NOT NULL,
    fetched_at timestamptz NOT NULL,
    CONSTRAINT kind_is_known CHECK (kind IN ('Hosted', 'Cached', 'ImplicitlyCreated')),
    CONSTRAINT cached_ones_have_a_url CHECK ((kind = 'Cached') = (url IS NOT NULL)),
    CONSTRAINT hosted_ones_have_a_tenant CHECK ((kind = 'Hosted') = (tenant IS NOT NULL)),
    CONSTRAINT body_is_not_too_large CHECK (octet_length(body) <= 2097152)
);
CREATE INDEX context_by_tenant ON broker.context (tenant, kind, created_at DESC);

CREATE TABLE broker.context_use (
    -- The id, or the URL of a core context, which is no row.
    key text PRIMARY KEY,
    hits bigint NOT NULL,
    used_at timestamptz NOT NULL
) WITH (fillfactor = 70);

-- Raised when a context is changed or removed: whoever holds terms in memory makes them again.
CREATE TABLE broker.context_epoch (
    one boolean PRIMARY KEY DEFAULT true,
    epoch bigint NOT NULL DEFAULT 0,
    CONSTRAINT there_is_one_epoch CHECK (one)
);
INSERT INTO broker.context_epoch DEFAULT VALUES;
