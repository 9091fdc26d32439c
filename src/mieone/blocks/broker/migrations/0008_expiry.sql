-- Attributes may end before their entity does: when the next thing of an entity is over, so that
-- one index finds whatever a job has to end.
ALTER TABLE broker.entity ADD COLUMN ends_at timestamptz;
UPDATE broker.entity SET ends_at = expires_at
WHERE expires_at IS NOT NULL;
CREATE INDEX entity_by_end ON broker.entity (ends_at) WHERE ends_at IS NOT NULL;
