-- name: count_instances
SELECT coalesce(sum(instances), 0)::bigint FROM broker.history_count
WHERE tenant = $1;

-- name: sum_up_counts
-- Who sums up at the same time finds what is gone gone, and adds nothing.
WITH gone AS (
    DELETE FROM broker.history_count
    WHERE tenant = $1
    RETURNING instances
)

INSERT INTO broker.history_count (tenant, instances)
SELECT
    $1 AS tenant,
    sum(gone.instances) AS instances
FROM gone
HAVING count(*) > 0;
