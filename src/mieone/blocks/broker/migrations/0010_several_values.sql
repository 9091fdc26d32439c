-- Attributes of several values: where a query names both ends of a range, each end may be met by
-- another value.
CREATE INDEX attribute_of_several ON broker.attribute (tenant, name, sequence)
WHERE place > 0 OR dataset <> '@none';
