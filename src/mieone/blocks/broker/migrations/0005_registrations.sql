-- Context sources: other brokers that hold part of what a tenant asks for. They are few and read as a
-- whole into memory (see tenant.registrations_epoch), so their documents need no index of their own.
CREATE TABLE broker.registration (
    tenant text NOT NULL,
    id text NOT NULL,
    sequence bigint GENERATED ALWAYS AS IDENTITY,
    -- model.Registration as JSON, written and read by this application only.
    document text NOT NULL,
    expires_at timestamptz,
    created_at timestamptz NOT NULL,
    -- How it went with this source; counted apart, so that counting changes no document.
    times_sent bigint NOT NULL DEFAULT 0,
    times_failed bigint NOT NULL DEFAULT 0,
    last_success timestamptz,
    last_failure timestamptz,
    PRIMARY KEY (tenant, id),
    CONSTRAINT id_is_not_too_long CHECK (octet_length(id) <= 2048)
);
CREATE UNIQUE INDEX registration_by_sequence ON broker.registration (tenant, sequence);
CREATE INDEX registration_by_expiry ON broker.registration (
    expires_at
) WHERE expires_at IS NOT NULL;
