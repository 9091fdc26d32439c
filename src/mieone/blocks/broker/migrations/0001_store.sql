-- The broker's current state: one document an entity, and beside it what queries can use an index on.
-- Open data only; every statement takes the tenant first, so there is no row security (design §6).
SELECT core.create_block_schema('broker');

CREATE TABLE broker.tenant (
    name text PRIMARY KEY,
    title text NOT NULL,
    is_default boolean NOT NULL DEFAULT false,
    quota jsonb NOT NULL DEFAULT '{}',
    context_url text,
    -- Raised in the transaction that changes a subscription or a registration: whoever holds a copy
    -- in memory reads it again when the number is another.
    subscriptions_epoch bigint NOT NULL DEFAULT 0,
    registrations_epoch bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT name_is_an_identifier CHECK (name ~ '^[a-z0-9_]{1,50}$')
);
CREATE UNIQUE INDEX tenant_has_one_default ON broker.tenant (is_default) WHERE is_default;

CREATE TABLE broker.entity (
    tenant text NOT NULL,
    id text NOT NULL,
    sequence bigint GENERATED ALWAYS AS IDENTITY,
    types text[] NOT NULL,
    scopes text[] NOT NULL DEFAULT '{}',
    -- model.Entity as JSON, written and read by this application only.
    document text NOT NULL,
    created_at timestamptz NOT NULL,
    modified_at timestamptz NOT NULL,
    expires_at timestamptz,
    v2_id text,
    v2_type text,
    v2_path text,
    PRIMARY KEY (tenant, id),
    CONSTRAINT id_is_not_too_long CHECK (octet_length(id) <= 2048)
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX entity_by_sequence ON broker.entity (tenant, sequence);
CREATE INDEX entity_by_expiry ON broker.entity (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX entity_by_v2_id ON broker.entity (tenant, v2_id) WHERE v2_id IS NOT NULL;

CREATE TABLE broker.entity_type (
    tenant text NOT NULL,
    type text NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (tenant, type, sequence)
);
CREATE INDEX entity_type_by_entity ON broker.entity_type (tenant, sequence);

-- One row per indexable value of an instance: several for a short list, one that says `opaque` where
-- only the document knows (long lists, objects, long texts). Candidates come from here, answers from
-- the document.
CREATE TABLE broker.attribute (
    tenant text NOT NULL,
    name text NOT NULL,
    sequence bigint NOT NULL,
    dataset text NOT NULL DEFAULT '@none',
    place smallint NOT NULL DEFAULT 0,
    number double precision,
    words text,
    instant timestamptz,
    bounds box,
    is_opaque boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant, sequence, name, dataset, place),
    CONSTRAINT words_are_short CHECK (octet_length(words) <= 512)
) WITH (fillfactor = 70);
CREATE INDEX attribute_by_number ON broker.attribute (tenant, name, number, sequence)
WHERE number IS NOT NULL;
CREATE INDEX attribute_by_words ON broker.attribute (tenant, name, words, sequence)
WHERE words IS NOT NULL;
CREATE INDEX attribute_by_instant ON broker.attribute (tenant, name, instant, sequence)
WHERE instant IS NOT NULL;
CREATE INDEX attribute_opaque ON broker.attribute (tenant, name, sequence) WHERE is_opaque;
CREATE INDEX attribute_by_name ON broker.attribute (tenant, name, sequence) WHERE place = 0;
CREATE INDEX attribute_by_bounds ON broker.attribute USING gist (bounds) WHERE bounds IS NOT NULL;
