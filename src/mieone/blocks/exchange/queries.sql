-- name: list_terms
-- The service and its rights for one dataset in one look; a service without rights comes alone.
SELECT
    s.service_id, s.sector, s.organisation, s.is_own, s.state, s.towns,
    r.right_id, r.dataset, r.items, r.purpose, r.basis, r.basis_ref, r.state AS right_state,
    r.valid_from, r.valid_until
FROM exchange.service AS s
LEFT JOIN exchange.access_right AS r
    ON r.service = s.service_id AND (r.dataset = $2 OR (r.dataset = '*' AND s.is_own))
WHERE s.service_id = $1
LIMIT 200;

-- name: has_service
SELECT true AS known FROM exchange.service WHERE service_id = $1;

-- name: find_legal_basis
SELECT basis_id, basis, purposes, covers, citation, verified, valid_from, valid_until
FROM exchange.legal_basis
WHERE basis_id = $1;

-- name: find_emergency
SELECT emergency_id, officer, organisation, reason, valid_from, valid_until
FROM exchange.emergency
WHERE emergency_id = $1;

-- name: record_emergency
INSERT INTO exchange.emergency (
    emergency_id, officer, organisation, reason, valid_from, valid_until, declared_at
) VALUES ($1, $2, $3, $4, $5, $6, $5);

-- name: record_service
INSERT INTO exchange.service (
    service_id, sector, organisation, is_own, state, towns, contact, changed_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (service_id) DO UPDATE
    SET
        organisation = excluded.organisation, is_own = excluded.is_own, towns = excluded.towns,
        contact = excluded.contact, changed_at = excluded.changed_at;

-- name: change_service_state
UPDATE exchange.service SET state = $2, changed_at = $3 WHERE service_id = $1
RETURNING service_id;

-- name: record_right
INSERT INTO exchange.access_right (
    right_id, service, dataset, items, purpose, basis, basis_ref, state, valid_from, valid_until,
    granted_by, granted_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, 'active', $8, $9, $10, $11)
ON CONFLICT (service, dataset, purpose, basis, basis_ref, valid_from) DO UPDATE
    SET items = excluded.items, valid_until = excluded.valid_until;

-- name: record_legal_basis
INSERT INTO exchange.legal_basis (
    basis_id, basis, purposes, covers, citation, source, verified, valid_from, valid_until
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (basis_id) DO UPDATE
    SET
        basis = excluded.basis, purposes = excluded.purposes, covers = excluded.covers,
        citation = excluded.citation, source = excluded.source, verified = excluded.verified,
        valid_from = excluded.valid_from, valid_until = excluded.valid_until;

-- name: list_services
SELECT service_id, sector, organisation, is_own, state, towns
FROM exchange.service
WHERE state <> 'removed'
ORDER BY is_own DESC, service_id
LIMIT 500;

-- name: list_rights
SELECT
    right_id, service, dataset, items, purpose, basis, basis_ref, state, valid_from, valid_until
FROM exchange.access_right
WHERE service = ANY($1::text[])
ORDER BY service, dataset, purpose
LIMIT 2000;
