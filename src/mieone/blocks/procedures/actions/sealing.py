"""What people wrote, sealed: drafts under a key of the draft, cases under a key of their own."""

import secrets
from uuid import UUID

import msgspec

from mieone.blocks.procedures.model import CaseFile, CaseId
from mieone.blocks.procedures.problems import CaseNotFound
from mieone.blocks.procedures.store import cases
from mieone.core.database import Conn
from mieone.core.keys import KeyRing, decrypt, encrypt

Answers = dict[str, str | list[dict[str, str]]]
DRAFT = "procedures.draft"
RETENTION = "procedures.retention"


class CaseVault(msgspec.Struct, frozen=True):
    """Seals and opens everything of one case; without its key nothing of it can be read."""

    case_id: UUID
    key: bytes

    def seal(self, plain: bytes, what: str) -> bytes:
        return encrypt(self.key, plain, self._aad(what))

    def open(self, sealed: bytes, what: str) -> bytes:
        return decrypt(self.key, sealed, self._aad(what))

    def _aad(self, what: str) -> bytes:
        return f"{self.case_id}/{what}".encode()


async def make_vault(conn: Conn, keyring: KeyRing, case: CaseFile) -> CaseVault:
    vault = CaseVault(case.id, secrets.token_bytes(32))
    sealed = keyring.seal(vault.key, RETENTION, case.town, str(case.id))
    await cases.record_case_key(conn, case, sealed)
    return vault


async def open_vault(conn: Conn, keyring: KeyRing, case: CaseFile) -> CaseVault:
    """Raises CaseNotFound once the case's key was destroyed: nothing of it is left to show."""
    sealed = await cases.find_case_key(conn, case.id)
    if sealed is None:
        raise CaseNotFound
    key = keyring.open_sealed(sealed, RETENTION, case.town, str(case.id))
    return CaseVault(CaseId(case.id), key)


class DraftContent(msgspec.Struct, frozen=True, kw_only=True):
    answers: Answers = {}
    known: dict[str, str] = {}
    """Path of a field → what the register said when it was copied."""


def seal_draft(keyring: KeyRing, draft_id: UUID, content: DraftContent) -> bytes:
    return keyring.seal(msgspec.json.encode(content), DRAFT, str(draft_id))


def open_draft_content(keyring: KeyRing, draft_id: UUID, sealed: bytes) -> DraftContent:
    plain = keyring.open_sealed(sealed, DRAFT, str(draft_id))
    return msgspec.json.decode(plain, type=DraftContent)


def encode_answers(answers: Answers) -> bytes:
    return msgspec.json.encode(answers, order="deterministic")


def decode_answers(plain: bytes) -> Answers:
    return msgspec.json.decode(plain, type=Answers)
