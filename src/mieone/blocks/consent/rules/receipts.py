"""What a receipt says: the record of ISO/IEC TS 27560, without one value about the person. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import msgspec

from mieone.blocks.access import Caption
from mieone.blocks.consent.model import ConsentEventKind, ConsentRevision, Purpose
from mieone.core.model import ActorKind
from mieone.core.region import Association

SCHEMA = "ISO-IEC-TS-27560:2023/mieone-1"
TYPE = "consent-receipt+jwt"
Claims: TypeAlias = Mapping[str, object]


class ReceiptFacts(msgspec.Struct, frozen=True, kw_only=True):
    receipt_id: UUID
    pseudonym: UUID
    """Of this receipt alone; it joins with nothing else."""
    issuer: str
    event: ConsentEventKind
    consent: ConsentRevision
    notice_text: str
    notice_sha256: bytes
    event_sha256: bytes
    asker: Caption
    provider: str
    purpose: Purpose
    association: Association
    actor_kind: ActorKind
    mandate_id: UUID | None
    at: datetime


def write_receipt(facts: ReceiptFacts) -> Claims:
    consent = facts.consent
    claims: dict[str, object] = {
        "iss": facts.issuer,
        "iat": int(facts.at.timestamp()),
        "jti": str(facts.receipt_id),
        "schema_version": SCHEMA,
        "receipt_id": str(facts.receipt_id),
        "record_id": str(facts.receipt_id),
        "pii_principal_id": str(facts.pseudonym),
        "processing": _processing(facts),
        "parties": _parties(facts),
        "event": {
            "event_time": facts.at.isoformat(),
            "validity_duration": consent.valid_until.isoformat() if consent.valid_until else None,
            "entity_id": str(facts.pseudonym),
            "event_type": facts.event.value,
            "event_state": consent.state.value,
            "entity_kind": facts.actor_kind.value,
        },
        "event_sha256": facts.event_sha256.hex(),
    }
    if facts.mandate_id is not None:
        claims["mandate"] = str(facts.mandate_id)
    return claims


def _processing(facts: ReceiptFacts) -> dict[str, object]:
    consent = facts.consent
    return {
        "privacy_notice": {
            "sha256": facts.notice_sha256.hex(),
            "language": consent.language,
            "text": facts.notice_text,
        },
        "language": consent.language,
        "purposes": [
            {"purpose": consent.purpose, "purpose_name": facts.purpose.name.ja},
        ],
        "lawful_basis": "consent",
        "services": [consent.service],
        "pii_information": [
            {"pii_type": item, "pii_attribute_id": f"{consent.dataset}#{item}"}
            for item in consent.items
        ],
        "pii_left_out": list(consent.excluded),
        "pii_controllers": ["asker"],
        "storage_locations": ["JP"],
        "retention_period": consent.valid_until.isoformat() if consent.valid_until else None,
        "jurisdiction": "JP",
        "recipient_third_parties": ["asker"],
        "collection_method": "disclosed by the provider through the door, each time it is asked",
        "withdrawal_method": "/my/consents",
    }


def _parties(facts: ReceiptFacts) -> list[dict[str, object]]:
    return [
        {
            "party_id": "asker",
            "party_name": facts.asker.name.ja,
            "party_address": None,
            "party_contact": facts.asker.detail.ja if facts.asker.detail else None,
            "party_type": facts.asker.group.value,
            "party_role": "pii_controller",
        },
        {
            "party_id": facts.provider,
            "party_name": facts.provider,
            "party_address": None,
            "party_contact": None,
            "party_type": "provider",
            "party_role": "provider",
        },
        {
            "party_id": "operator",
            "party_name": facts.association.name.ja,
            "party_address": facts.association.address,
            "party_contact": facts.association.telephone,
            "party_type": "association",
            "party_role": "operator_of_the_door",
        },
    ]
