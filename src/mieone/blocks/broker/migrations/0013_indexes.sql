-- Scopes (and NGSI v2's service paths) get an index, as types have one: `/A/B` under the keys `/A/B`,
-- `/#`, `/A/#` and `/A/B/#`, so that what lies below a scope is found by equality, in order of making.
-- Whoever looks from an entity knows its keys: a second index would only tempt the planner.
CREATE TABLE broker.entity_scope (
    tenant text NOT NULL,
    -- As rules/scope_keys.py makes them; what is without a scope stands under `/`.
    key text NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (tenant, key, sequence)
);

WITH path AS (
    SELECT
        kept.tenant,
        kept.sequence,
        string_to_array(nullif(btrim(named.path, '/'), ''), '/') AS levels
    FROM broker.entity AS kept
    CROSS JOIN LATERAL unnest(
        CASE
            WHEN cardinality(kept.scopes) > 0 THEN kept.scopes
            ELSE ARRAY[coalesce(kept.v2_path, '/')]
        END
    ) AS named (path)
),

branch AS (
    SELECT
        path.tenant,
        path.sequence,
        CASE
            WHEN taken.count = 0 THEN '/#'
            ELSE '/' || array_to_string(path.levels[:taken.count], '/') || '/#'
        END AS key
    FROM path
    CROSS JOIN LATERAL generate_series(0, least(cardinality(path.levels), 8)) AS taken (count)
    WHERE path.levels IS NOT NULL
)

INSERT INTO broker.entity_scope (tenant, key, sequence)
SELECT
    tenant,
    key,
    sequence
FROM branch
WHERE octet_length(key) <= 512
UNION
SELECT
    tenant,
    '/#' AS key,
    sequence
FROM broker.entity
WHERE cardinality(scopes) > 0
UNION
SELECT
    tenant,
    '/' || coalesce(array_to_string(levels, '/'), '') AS key,
    sequence
FROM path
WHERE
    levels IS NULL
    OR (cardinality(levels) <= 8 AND octet_length(array_to_string(levels, '/')) < 512);

-- What has expired is looked for in one tenant, and must not be found by going through all it holds.
DROP INDEX broker.entity_by_expiry;
CREATE INDEX entity_by_expiry ON broker.entity (tenant, expires_at) WHERE expires_at IS NOT NULL;
