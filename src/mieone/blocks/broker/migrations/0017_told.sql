-- What a series tells between two instants, once by the moment of an instance (observed, or recorded where nobody
-- says), which has an index, and once by another of its times, for which a series is read through. The planner puts
-- the bodies in the place of the calls.
CREATE FUNCTION broker.told_by_moment(
    of_tenant text, of_series uuid, low timestamptz, high timestamptz, is_observed boolean
) RETURNS TABLE (
    instance_id uuid,
    recorded_at timestamptz,
    modified_at timestamptz,
    at timestamptz,
    is_deletion boolean,
    sort text,
    number double precision,
    fingerprint bigint,
    document text
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT
    h.instance_id, h.recorded_at, h.modified_at, h.moment, h.is_deletion, h.sort, h.number, h.fingerprint, h.document
FROM broker.history AS h
WHERE
    h.tenant = of_tenant
    AND h.series = of_series
    AND h.moment >= low
    AND h.moment < high
    AND NOT h.is_deletion
    AND (NOT is_observed OR h.observed_at IS NOT NULL)
$$;

CREATE FUNCTION broker.told_by_other_time(
    of_tenant text, of_series uuid, low timestamptz, high timestamptz, property text
) RETURNS TABLE (
    instance_id uuid,
    recorded_at timestamptz,
    modified_at timestamptz,
    at timestamptz,
    is_deletion boolean,
    sort text,
    number double precision,
    fingerprint bigint,
    document text
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT
    h.instance_id, h.recorded_at, h.modified_at, broker.time_of(property, h.recorded_at, h.modified_at),
    h.is_deletion, h.sort, h.number, h.fingerprint, h.document
FROM broker.history AS h
WHERE
    h.tenant = of_tenant
    AND h.series = of_series
    AND broker.time_of(property, h.recorded_at, h.modified_at) >= low
    AND broker.time_of(property, h.recorded_at, h.modified_at) < high
    AND h.is_deletion = (property = 'deletedAt')
$$;
