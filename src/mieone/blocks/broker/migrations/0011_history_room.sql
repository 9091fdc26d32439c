-- How many instances each tenant keeps in its history: a row for each statement that adds or takes away some,
-- summed up from time to time. Rows are only added, so that writers never wait for each other here.
CREATE TABLE broker.history_count (
    tenant text NOT NULL,
    instances bigint NOT NULL
);
CREATE INDEX history_count_by_tenant ON broker.history_count (tenant);

INSERT INTO broker.history_count (tenant, instances)
SELECT
    tenant,
    count(*) AS instances
FROM broker.history
GROUP BY tenant;

CREATE FUNCTION broker.count_history() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO broker.history_count (tenant, instances)
    SELECT tenant, count(*) * tg_argv[0]::integer FROM changed GROUP BY tenant;
    RETURN NULL;
END $$;

-- Moving rows into a month of their own names the months, not the whole: that changes no count.
CREATE TRIGGER history_grows AFTER INSERT ON broker.history
REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION broker.count_history('1');

CREATE TRIGGER history_shrinks AFTER DELETE ON broker.history
REFERENCING OLD TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION broker.count_history('-1');

-- Months that lie wholly before the day go at once, oldest first, at most a few a call.
CREATE OR REPLACE FUNCTION broker.drop_history_months(before date) RETURNS integer
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
        EXECUTE format(
            'INSERT INTO broker.history_count (tenant, instances) '
            'SELECT tenant, -count(*) FROM broker.%I GROUP BY tenant', part);
        EXECUTE format('DROP TABLE broker.%I', part);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END $$;
