-- name: list_types
-- From one type to the next, without reading what lies between.
WITH RECURSIVE found AS (
    (
        SELECT type
        FROM broker.entity_type
        WHERE tenant = $1
        ORDER BY type
        LIMIT 1
    )
    UNION ALL
    SELECT (
        SELECT kept.type
        FROM broker.entity_type AS kept
        WHERE kept.tenant = $1 AND kept.type > found.type
        ORDER BY kept.type
        LIMIT 1
    ) AS type
    FROM found
    WHERE found.type IS NOT NULL
)

SELECT type
FROM found
WHERE type IS NOT NULL
LIMIT $2;

-- name: list_names
WITH RECURSIVE found AS (
    (
        SELECT name
        FROM broker.attribute
        WHERE tenant = $1 AND place = 0
        ORDER BY name
        LIMIT 1
    )
    UNION ALL
    SELECT (
        SELECT kept.name
        FROM broker.attribute AS kept
        WHERE kept.tenant = $1 AND kept.place = 0 AND kept.name > found.name
        ORDER BY kept.name
        LIMIT 1
    ) AS name
    FROM found
    WHERE found.name IS NOT NULL
)

SELECT name
FROM found
WHERE name IS NOT NULL
LIMIT $2;

-- name: list_names_of_types
-- What the $3 entities made last of each type have.
SELECT DISTINCT
    wanted.type,
    kept.name
FROM unnest($2::text[]) AS wanted (type)
CROSS JOIN
    LATERAL (
        SELECT member.sequence
        FROM broker.entity_type AS member
        WHERE member.tenant = $1 AND member.type = wanted.type
        ORDER BY member.sequence DESC
        LIMIT $3
    ) AS latest
INNER JOIN broker.attribute AS kept
    ON kept.tenant = $1 AND latest.sequence = kept.sequence AND kept.place = 0
ORDER BY wanted.type, kept.name
LIMIT 100000;

-- name: list_types_of_names
-- What the $3 entities made last with each attribute are.
SELECT DISTINCT
    wanted.name,
    kept.type
FROM unnest($2::text[]) AS wanted (name)
CROSS JOIN
    LATERAL (
        SELECT member.sequence
        FROM broker.attribute AS member
        WHERE member.tenant = $1 AND member.name = wanted.name AND member.place = 0
        ORDER BY member.sequence DESC
        LIMIT $3
    ) AS latest
INNER JOIN broker.entity_type AS kept
    ON kept.tenant = $1 AND latest.sequence = kept.sequence
ORDER BY wanted.name, kept.type
LIMIT 100000;

-- name: count_type
SELECT count(*)
FROM broker.entity_type
WHERE tenant = $1 AND type = $2;

-- name: count_name
SELECT count(*)
FROM broker.attribute
WHERE tenant = $1 AND name = $2 AND place = 0;

-- name: list_last_of_type
SELECT held.document
FROM broker.entity_type AS kept
INNER JOIN broker.entity AS held ON held.tenant = $1 AND kept.sequence = held.sequence
WHERE kept.tenant = $1 AND kept.type = $2
ORDER BY kept.sequence DESC
LIMIT $3;

-- name: list_last_of_name
SELECT held.document
FROM broker.attribute AS kept
INNER JOIN broker.entity AS held ON held.tenant = $1 AND kept.sequence = held.sequence
WHERE kept.tenant = $1 AND kept.name = $2 AND kept.place = 0
ORDER BY kept.sequence DESC
LIMIT $3;
