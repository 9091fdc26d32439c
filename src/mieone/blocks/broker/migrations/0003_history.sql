-- What every attribute was, and when: one row an instance, in months of its recording.
-- A series is one attribute (and datasetId) of one entity; its key is a digest, so that rows and indexes stay narrow.

CREATE TABLE broker.temporal_entity (
    tenant text NOT NULL,
    id text NOT NULL,
    sequence bigint GENERATED ALWAYS AS IDENTITY,
    types text[] NOT NULL,
    scopes text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    modified_at timestamptz NOT NULL,
    deleted_at timestamptz,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX temporal_entity_by_sequence ON broker.temporal_entity (tenant, sequence);
CREATE INDEX temporal_entity_by_type ON broker.temporal_entity USING gin (types);

CREATE TABLE broker.series (
    tenant text NOT NULL,
    key uuid NOT NULL,
    entity_id text NOT NULL,
    name text NOT NULL,
    dataset text NOT NULL,
    PRIMARY KEY (tenant, key)
);
CREATE INDEX series_by_entity ON broker.series (tenant, entity_id, name);

CREATE TABLE broker.history (
    tenant text NOT NULL,
    series uuid NOT NULL,
    instance_id uuid NOT NULL,
    -- To the microsecond also in the instance's id: from the id alone the row is found.
    recorded_at timestamptz NOT NULL,
    observed_at timestamptz,
    modified_at timestamptz NOT NULL,
    -- When it was observed; where nobody says, when it was recorded.
    moment timestamptz NOT NULL,
    is_deletion boolean NOT NULL DEFAULT false,
    -- For aggregation: what sort of value it is, its number (a boolean's, the size of a list), and a
    -- digest that is equal for equal values.
    sort text NOT NULL,
    number double precision,
    fingerprint bigint NOT NULL,
    -- model.Instance as JSON, written and read by this application only.
    document text NOT NULL,
    PRIMARY KEY (tenant, series, recorded_at, instance_id)
) PARTITION BY RANGE (recorded_at);
CREATE INDEX history_by_moment ON broker.history (tenant, series, moment, instance_id);
CREATE INDEX history_deletion ON broker.history (tenant, series, recorded_at) WHERE is_deletion;

-- The time of an instance that createdAt, modifiedAt or deletedAt asks for: it was created, and a deletion
-- deleted, when it was recorded.
CREATE FUNCTION broker.time_of(property text, recorded_at timestamptz, modified_at timestamptz)
RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE property WHEN 'modifiedAt' THEN modified_at ELSE recorded_at END;

-- A clock far from today loses nothing: what no month takes stands here until its month is opened.
CREATE TABLE broker.history_rest PARTITION OF broker.history DEFAULT;

CREATE FUNCTION broker.history_month(month date) RETURNS text
LANGUAGE sql STABLE
RETURN 'history_' || to_char(month, 'YYYY_MM');

-- The application may open coming months and close past ones, and nothing else.
CREATE FUNCTION broker.open_history_months(first date, months integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    month date;
    part text;
    lower_at timestamptz;
    upper_at timestamptz;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('broker.history', 0));
    FOR step IN 0 .. least(months, 24) - 1 LOOP
        month := (date_trunc('month', first::timestamp) + make_interval(months => step))::date;
        part := broker.history_month(month);
        CONTINUE WHEN to_regclass(format('broker.%I', part)) IS NOT NULL;
        lower_at := month::timestamp AT TIME ZONE 'UTC';
        upper_at := (month + interval '1 month') AT TIME ZONE 'UTC';
        -- Attached when it is whole: writers of other months are not held up meanwhile.
        EXECUTE format('CREATE TABLE broker.%I (LIKE broker.history INCLUDING ALL)', part);
        EXECUTE format(
            'WITH moved AS (DELETE FROM broker.history_rest '
            'WHERE recorded_at >= %L AND recorded_at < %L RETURNING *) '
            'INSERT INTO broker.%I SELECT * FROM moved', lower_at, upper_at, part);
        EXECUTE format(
            'ALTER TABLE broker.history ATTACH PARTITION broker.%I FOR VALUES FROM (%L) TO (%L)',
            part, lower_at, upper_at);
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;
REVOKE ALL ON FUNCTION broker.open_history_months FROM public;
GRANT EXECUTE ON FUNCTION broker.open_history_months TO mieone_app;

-- Months that lie wholly before the day go at once, oldest first, at most a few a call.
CREATE FUNCTION broker.drop_history_months(before date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part text;
    dropped integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('broker.history', 0));
    FOR part IN
        SELECT c.relname
        FROM pg_inherits AS i
        INNER JOIN pg_class AS c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'broker.history'::regclass
            AND c.relname ~ '^history_[0-9]{4}_[0-9]{2}$'
            AND to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month' <= before
        ORDER BY c.relname
        LIMIT 3
    LOOP
        EXECUTE format('DROP TABLE broker.%I', part);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END $$;
REVOKE ALL ON FUNCTION broker.drop_history_months FROM public;
GRANT EXECUTE ON FUNCTION broker.drop_history_months TO mieone_app;

-- Whose history is kept and for how long; no tenant or no type means all of them.
CREATE TABLE broker.history_policy (
    tenant text,
    type text,
    keeps_history boolean NOT NULL,
    retention_days integer,
    valid_from date NOT NULL,
    valid_until date,
    reason text NOT NULL,
    CONSTRAINT one_policy_a_time UNIQUE NULLS NOT DISTINCT (tenant, type, valid_from),
    CONSTRAINT retention_is_at_least_a_day CHECK (retention_days >= 1),
    CONSTRAINT policy_ends_after_it_begins CHECK (valid_until > valid_from)
);
