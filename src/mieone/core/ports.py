"""Ports: acts that a lower floor needs from a higher one, or that meet at the door.

A personal attribute that another block, town or company holds comes only through `Disclose`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol, TypeAlias
from uuid import UUID

import msgspec

from mieone.core.database import Conn
from mieone.core.model import Actor, SubjectId, TownCode

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"


class Basis(StrEnum):
    """Why a disclosure is lawful. There is no default."""

    OPT_IN = "opt_in"
    LAW = "law"
    ENTRUSTMENT = "entrustment"
    EMERGENCY = "emergency"


class PersonSubject(msgspec.Struct, frozen=True, tag="person"):
    """Somebody who holds a Mie-ID."""

    person_id: UUID


class ResidentSubject(msgspec.Struct, frozen=True, tag="resident"):
    """Somebody who stands in a town's register, with or without a Mie-ID."""

    town: TownCode
    resident_id: UUID


Subject: TypeAlias = PersonSubject | ResidentSubject


class DisclosureRequest(msgspec.Struct, frozen=True, kw_only=True):
    request_id: UUID
    service: str
    """The service that will receive the answer (its id in block `exchange`)."""
    actor: Actor
    on_behalf_of: UUID | None = None
    """The mandate under which somebody acts for the subject."""
    subject: Subject
    """Whose record is asked for; others who appear in it are concerned too."""
    dataset: str
    """`name@version`."""
    items: tuple[str, ...]
    purpose: str
    basis: Basis
    basis_ref: str | None = None
    """The dated row that `law`, `entrustment` and `emergency` name."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One human being's row in the answer."""

    ref: str | None
    """The receiver's pairwise identifier, where this human being holds a Mie-ID and it is the holder."""
    holder: bool
    items: Mapping[str, Json]
    needs_own_basis: bool = False
    """An adult beside the holder; a consent sheet names whose own agreement is needed."""


class Disclosure(msgspec.Struct, frozen=True, kw_only=True):
    request_id: UUID
    dataset: str
    records: tuple[Record, ...]
    as_of: datetime


class Disclose(Protocol):
    """The one door."""

    async def __call__(self, request: DisclosureRequest) -> Disclosure:
        """Never called inside a transaction. Raises exchange's `Refused` (after it is on record)."""
        ...


class Concerned(msgspec.Struct, frozen=True, kw_only=True):
    """A human being who appears in a dataset's answer; no attributes but what the decision needs."""

    subject_id: SubjectId
    person_id: UUID | None
    key: str
    """The provider's own name for the row, meaningful to nobody else."""
    holder: bool
    needs_own_basis: bool
    """False for the holder and for a child under the holder's parental authority."""
    town: TownCode | None = None
    """In whose register the row stands; None where it belongs to no town."""


class ProvideRequest(msgspec.Struct, frozen=True, kw_only=True):
    holder: str | ResidentSubject
    """The provider's own pairwise identifier of the person, or a row of a town's register."""
    keys: tuple[str, ...]
    """The rows (`Concerned.key`) that may be given."""
    items: tuple[str, ...]
    towns: frozenset[TownCode]


class ProvidedRow(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    items: Mapping[str, Json]


Concern: TypeAlias = Callable[[Conn, "str | ResidentSubject"], Awaitable[Sequence[Concerned]]]
Provide: TypeAlias = Callable[[ProvideRequest], Awaitable[Sequence[ProvidedRow]]]


class DatasetItem(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    label: str
    """Message id."""
    category: str
    """What the resident's history groups it under: name, address, birth, household, …"""


class Dataset(msgspec.Struct, frozen=True, kw_only=True):
    """What a block of ours provides through the door; declared in its block.py."""

    name: str
    version: int
    provider: str
    """The provider's sector: the door asks under this sector's pairwise identifier."""
    label: str
    items: tuple[DatasetItem, ...]
    concerned: Concern
    """Runs in the deciding transaction (all towns visible); an empty answer means nobody is known."""
    provide: Provide
    """Runs outside any transaction of the door, with a deadline."""
    timeout_s: float = 2.0

    @property
    def ref(self) -> str:
        return f"{self.name}@{self.version}"


class GrantOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Free value given by a campaign's budget to a person."""

    key: str
    """The payer's own key: the same key pays once."""
    person_id: UUID
    campaign: str
    amount_yen: int
    reason: str
    """Message id, shown to the receiver."""
    on: date


class Pay(Protocol):
    async def grant(self, conn: Conn, order: GrantOrder) -> UUID:
        """Returns the transfer's id; a second call with the same key returns the first one's.

        Raises KeyReused when the key has paid somebody else or another amount.
        """
        ...


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A message to a person, in the person's own language when it is read."""

    key: str
    person_id: UUID
    message: str
    """Message id with `.title` and `.body` under it."""
    values: Mapping[str, str] = {}
    link: str | None = None
    """A path of the people's entrance."""


class Notify(Protocol):
    async def send(self, conn: Conn, note: Note) -> None:
        """In the caller's transaction; the same key is delivered once."""
        ...


class ConsentDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a service asks for: these items of this dataset, for this purpose, until then."""

    dataset: str
    items: tuple[str, ...]
    purpose: str
    until: date | None = None


class ConsentRequested(msgspec.Struct, frozen=True, kw_only=True):
    """The person has to decide; send the browser there, it comes back to `return_to`."""

    url: str


class ConsentSettled(msgspec.Struct, frozen=True, kw_only=True):
    granted: tuple[ConsentDetail, ...]


class ConsentGate(Protocol):
    async def request(
        self,
        conn: Conn,
        person_id: UUID,
        client_id: str,
        details: Sequence[ConsentDetail],
        return_to: str,
        decided: UUID | None = None,
    ) -> ConsentRequested | ConsentSettled:
        """`decided` is the id that came back with the browser (`?consent_request=`), if any.

        Given or refused, a request that the person has decided is settled, with what was granted.
        """
        ...
