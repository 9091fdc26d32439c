-- Subscriptions, what happened, and who is still to be told of it. Deliveries are recorded in the
-- transaction of the change; workers take them from here without a NOTIFY and without a lock a row.
CREATE TABLE broker.subscription (
    tenant text NOT NULL,
    id text NOT NULL,
    sequence bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    api text NOT NULL,
    bucket smallint NOT NULL,
    -- model.Subscription as JSON, written and read by this application only.
    document text NOT NULL,
    next_interval_at timestamptz,
    created_at timestamptz NOT NULL,
    modified_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, id),
    CONSTRAINT id_is_not_too_long CHECK (octet_length(id) <= 2048)
);
CREATE INDEX subscription_by_sequence ON broker.subscription (tenant, kind, api, sequence);
CREATE INDEX subscription_by_interval ON broker.subscription (next_interval_at)
WHERE next_interval_at IS NOT NULL;

-- How it went, apart from the subscription itself: this is written many times a second.
CREATE TABLE broker.subscription_total (
    tenant text NOT NULL,
    subscription text NOT NULL,
    delivered bigint NOT NULL DEFAULT 0,
    dropped bigint NOT NULL DEFAULT 0,
    times_sent bigint NOT NULL DEFAULT 0,
    times_failed bigint NOT NULL DEFAULT 0,
    last_notification timestamptz,
    last_success timestamptz,
    last_failure timestamptz,
    last_error text,
    is_failing boolean,
    PRIMARY KEY (tenant, subscription)
) WITH (fillfactor = 50);

-- What subscriptions that are gone had counted, so that a tenant's counters never run backwards.
CREATE TABLE broker.delivery_total (
    tenant text PRIMARY KEY,
    delivered bigint NOT NULL DEFAULT 0,
    dropped bigint NOT NULL DEFAULT 0,
    times_sent bigint NOT NULL DEFAULT 0,
    times_failed bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

-- One row a change that somebody is to be told of.
CREATE TABLE broker.event (
    sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant text NOT NULL,
    entity_id text NOT NULL,
    -- Rows of transactions that are all over are complete: streams read no further than that.
    xact_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    recorded_at timestamptz NOT NULL,
    document text NOT NULL
);
CREATE INDEX event_by_transaction ON broker.event (xact_id);

-- One row for each subscription that is to be told of an event; it goes when that is done.
CREATE TABLE broker.delivery (
    delivery_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant text NOT NULL,
    subscription text NOT NULL,
    bucket smallint NOT NULL,
    -- Deliveries of one subscription and key arrive in order.
    order_key text NOT NULL,
    event bigint,
    -- In place of an event: a notification that is written already.
    body text,
    -- Several rows of one id go out as one notification.
    notification_id uuid NOT NULL DEFAULT uuidv7(),
    state text NOT NULL DEFAULT 'due',
    attempts smallint NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL,
    xact_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    recorded_at timestamptz NOT NULL,
    last_error text,
    CONSTRAINT state_is_known CHECK (state IN ('due', 'dead')),
    CONSTRAINT it_says_something CHECK (num_nonnulls(event, body) = 1)
) WITH (fillfactor = 70);
CREATE INDEX delivery_by_transaction ON broker.delivery (xact_id);
CREATE INDEX delivery_by_subscription ON broker.delivery (tenant, subscription, delivery_id)
WHERE state = 'due';
CREATE INDEX delivery_dead ON broker.delivery (tenant, subscription, delivery_id)
WHERE state = 'dead';
CREATE INDEX delivery_by_event ON broker.delivery (event) WHERE event IS NOT NULL;

-- Which worker delivers for which part of the subscriptions, and until when nobody else may.
CREATE TABLE broker.delivery_lease (
    bucket smallint PRIMARY KEY,
    holder text,
    leased_until timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 50);
INSERT INTO broker.delivery_lease (bucket) SELECT g.n FROM generate_series(0, 63) AS g (n);

CREATE TABLE broker.courier (
    holder text PRIMARY KEY,
    seen_at timestamptz NOT NULL
);

-- Somebody listens to streams of this tenant: until then every change is recorded as an event.
CREATE TABLE broker.audience (
    tenant text PRIMARY KEY,
    -- Since this event there is no gap.
    since_sequence bigint NOT NULL,
    xact_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    listens_until timestamptz NOT NULL
);
