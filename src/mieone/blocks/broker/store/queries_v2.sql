-- name: list_named
-- Entities whose NGSI v2 id is one of $2, and those that stand under one of the ids $3.
-- Two indexes, each asked for itself and in its order: else another may be read as a whole.
WITH by_id AS MATERIALIZED (
    SELECT sequence, document
    FROM broker.entity
    WHERE tenant = $1 AND id = ANY($3::text[]) AND (expires_at IS NULL OR expires_at > $4)
    ORDER BY id
),

by_v2_id AS MATERIALIZED (
    SELECT sequence, document
    FROM broker.entity
    WHERE tenant = $1 AND v2_id = ANY($2::text[]) AND (expires_at IS NULL OR expires_at > $4)
    ORDER BY v2_id
)

SELECT named.document
FROM (
    SELECT sequence, document FROM by_id
    UNION
    SELECT sequence, document FROM by_v2_id
) AS named
ORDER BY named.sequence
LIMIT $5;

-- name: list_types
-- $2: service paths that fit exactly (`/` is no scope at all), $3: patterns of what is below; both
-- NULL for all.
SELECT
    kind.type,
    count(*) AS entities
FROM broker.entity AS held
CROSS JOIN LATERAL unnest(held.types) AS kind (type)
WHERE
    held.tenant = $1
    AND (held.expires_at IS NULL OR held.expires_at > $4)
    AND (
        $2::text[] IS NULL
        OR held.scopes && $2
        OR (cardinality(held.scopes) = 0 AND '/' = ANY($2))
        OR EXISTS (
            SELECT 1
            FROM unnest(held.scopes) AS path (name)
            WHERE path.name LIKE ANY($3::text[])
        )
    )
GROUP BY kind.type
ORDER BY kind.type
LIMIT $5;

-- name: list_attribute_kinds
-- What default instances of entities of these types look like, in the $6 made last of each type.
WITH looked_at AS (
    SELECT
        wanted.type,
        held.document::jsonb -> 'attributes' AS attributes
    FROM unnest($2::text[]) AS wanted (type)
    CROSS JOIN LATERAL (
        SELECT entity.document
        FROM broker.entity_type
        INNER JOIN broker.entity
            ON entity.tenant = entity_type.tenant AND entity.sequence = entity_type.sequence
        WHERE
            entity_type.tenant = $1
            AND entity_type.type = wanted.type
            AND (entity.expires_at IS NULL OR entity.expires_at > $5)
            AND (
                $3::text[] IS NULL
                OR entity.scopes && $3
                OR (cardinality(entity.scopes) = 0 AND '/' = ANY($3))
                OR EXISTS (
                    SELECT 1
                    FROM unnest(entity.scopes) AS path (name)
                    WHERE path.name LIKE ANY($4::text[])
                )
            )
        ORDER BY entity_type.sequence DESC
        LIMIT $6
    ) AS held
)

SELECT DISTINCT
    looked_at.type,
    attribute.name,
    attribute.instances #>> '{@none,kind}' AS kind,
    jsonb_typeof(attribute.instances #> '{@none,value}') AS shape,
    attribute.instances #>> '{@none,value,@type}' AS value_type,
    attribute.instances #>> '{@none,remembered,type}' AS remembered
FROM looked_at
CROSS JOIN LATERAL jsonb_each(looked_at.attributes) AS attribute (name, instances)
WHERE attribute.instances ? '@none'
ORDER BY 1, 2, 3, 4, 5, 6
LIMIT 20000;
