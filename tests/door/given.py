"""A small world around the real door: a household register, a nursery, people with Mie-IDs.

Everything is real but the neighbours that other blocks will be: the register is a provider in memory
that keeps a log of its own, and the table of people stands in for block `identity`.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID, uuid4

import asyncpg
import msgspec
import rfc8785

from mieone.blocks import access, consent, exchange, identity
from mieone.blocks.access import OrganisationGroup
from mieone.blocks.consent import ConsentRevision, Decision, Notice, Scope
from mieone.blocks.consent import store as consent_store
from mieone.blocks.exchange.actions.people import IdentityPeople
from mieone.blocks.exchange.model import Mandate
from mieone.core.block import Block
from mieone.core.clock import Clock
from mieone.core.database import Conn, Database
from mieone.core.house import House
from mieone.core.ids import uuid7
from mieone.core.keys import KeyRing
from mieone.core.model import Actor, ActorKind, SubjectId, TownCode
from mieone.core.ports import (
    Basis,
    Concerned,
    Dataset,
    DatasetItem,
    Disclosure,
    DisclosureRequest,
    Json,
    PersonSubject,
    Provide,
    ProvidedRow,
    ProvideRequest,
    ResidentSubject,
)
from mieone.core.region import Names, Region
from mieone.core.settings import Settings

ITEMS = ("name", "relationship", "birth_on", "address")
DATASET = "household@1"
PURPOSE = "nursery-booking"
SERVICE = "nursery"
NURSERY = Actor(kind=ActorKind.SERVICE, id=SERVICE, organisation="org-nursery")
TOWN = TownCode("244422")

SCHEMA = """
CREATE SCHEMA stand_in;
CREATE TABLE stand_in.pairwise (
    sector text, person_id uuid, ref text UNIQUE, PRIMARY KEY (sector, person_id)
);
CREATE TABLE stand_in.protected (subject_id uuid PRIMARY KEY);
CREATE TABLE stand_in.mandate (
    mandate_id uuid PRIMARY KEY, principal uuid, agent uuid, scope text[],
    valid_from timestamptz, valid_until timestamptz
);
CREATE TABLE stand_in.entrustment (
    entrustment_id text, organisation text, valid_from date, valid_until date
);
GRANT USAGE ON SCHEMA stand_in TO mieone_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA stand_in TO mieone_app;
"""


class TablePeople:
    """What the door asks of `identity`, on tables of the test's own."""

    async def pairwise_id(self, conn: Conn, sector: str, person_id: UUID) -> str:
        await conn.execute(
            "INSERT INTO stand_in.pairwise VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            sector,
            person_id,
            uuid4().hex,
        )
        ref = await conn.fetchval(
            "SELECT ref FROM stand_in.pairwise WHERE sector = $1 AND person_id = $2",
            sector,
            person_id,
        )
        return str(ref)

    async def person_of(self, conn: Conn, sector: str, ref: str) -> UUID | None:
        found: UUID | None = await conn.fetchval(
            "SELECT person_id FROM stand_in.pairwise WHERE sector = $1 AND ref = $2", sector, ref
        )
        return found

    async def is_protected(
        self, conn: Conn, subject_ids: Sequence[UUID], at: datetime
    ) -> frozenset[UUID]:
        rows = await conn.fetch(
            "SELECT subject_id FROM stand_in.protected WHERE subject_id = ANY($1::uuid[])",
            list(subject_ids),
        )
        return frozenset(row["subject_id"] for row in rows)

    async def list_mandates(
        self, conn: Conn, agent: UUID, principal: UUID, at: datetime
    ) -> Sequence[Mandate]:
        rows = await conn.fetch(
            "SELECT * FROM stand_in.mandate WHERE agent = $1 AND principal = $2", agent, principal
        )
        return [msgspec.convert(dict(row.items()), Mandate) for row in rows]

    async def is_entrusted(
        self, conn: Conn, entrustment_id: str, organisation: str, town: TownCode | None, on: date
    ) -> bool:
        found = await conn.fetchval(
            "SELECT true FROM stand_in.entrustment WHERE entrustment_id = $1 "
            "AND organisation = $2 AND valid_from <= $3 AND (valid_until IS NULL OR $3 < valid_until)",
            entrustment_id,
            organisation,
            on,
        )
        return bool(found)


class RealPeople(IdentityPeople):
    """The same, on identity's own tables."""

    async def person_of(self, conn: Conn, sector: str, ref: str) -> UUID | None:
        return await identity.person_of(conn, sector, ref)


class Member(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    person_id: UUID | None
    resident_id: UUID
    items: dict[str, Json]
    is_child: bool = False

    @property
    def subject_id(self) -> SubjectId:
        return SubjectId(self.person_id or self.resident_id)

    @property
    def key_id(self) -> UUID:
        return UUID(self.key)


def member(name: str, *, has_id: bool = True, is_child: bool = False) -> Member:
    items: dict[str, Json] = {
        "name": name,
        "relationship": "子" if is_child else "妻",
        "birth_on": "2025-05-05" if is_child else "1990-01-01",
        "address": f"見本町大字{name}",
        "sex": "F",
    }
    return Member(
        key=uuid4().hex,
        person_id=uuid4() if has_id else None,
        resident_id=uuid4(),
        items=items,
        is_child=is_child,
    )


class Register:
    """The provider: answers about one household, and writes down by itself what it gave to whom."""

    def __init__(
        self, people: TablePeople | RealPeople, households: Sequence[Sequence[Member]]
    ) -> None:
        self._people = people
        self.households: list[list[Member]] = []
        self._index: dict[UUID, list[Member]] = {}
        for household in households:
            self.add(household)
        self.asked: list[ProvideRequest] = []
        self.gate: asyncio.Event | None = None
        self.reached = asyncio.Event()
        self.meeting: asyncio.Barrier | None = None
        self.fails = False
        self.gives_too_much = False
        self.answer: Provide | None = None
        """Stands in front of `provide` where somebody wants to watch."""

    def add(self, household: Sequence[Member]) -> None:
        members = list(household)
        self.households.append(members)
        for one in members:
            self._index |= {one.key_id: members, one.resident_id: members}
            if one.person_id is not None:
                self._index |= {one.person_id: members}

    def forget(self) -> None:
        """Long runs begin anew now and then."""
        self.households.clear()
        self._index.clear()
        self.asked.clear()

    def dataset(self, timeout_s: float = 2.0) -> Dataset:
        return Dataset(
            name="household",
            version=1,
            provider="registry",
            label="registry.datasets.household",
            items=tuple(
                DatasetItem(name=name, label=f"registry.items.{name}", category="household")
                for name in (*ITEMS, "sex")
            ),
            concerned=self.concerned,
            provide=self._answer,
            timeout_s=timeout_s,
        )

    async def concerned(self, conn: Conn, holder: str | ResidentSubject) -> Sequence[Concerned]:
        match holder:
            case ResidentSubject(resident_id=resident_id):
                me = self._find(resident_id)
            case _:
                person_id = await self._people.person_of(conn, "registry", holder)
                me = self._find(person_id) if person_id else None
        if me is None:
            return ()
        return [
            Concerned(
                subject_id=one.subject_id,
                person_id=one.person_id,
                key=one.key,
                holder=one is me,
                needs_own_basis=one is not me and not one.is_child,
                town=TOWN,
            )
            for one in self._household_of(me)
        ]

    async def _answer(self, request: ProvideRequest) -> Sequence[ProvidedRow]:
        return await (self.answer or self.provide)(request)

    async def provide(self, request: ProvideRequest) -> Sequence[ProvidedRow]:
        self.reached.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.meeting is not None:
            await self.meeting.wait()
        self.asked.append(request)
        if self.fails:
            raise ConnectionError
        everybody = self._index[UUID(request.keys[0])] if request.keys else []
        wanted = [one for one in everybody if one.key in request.keys]
        given = everybody if self.gives_too_much else wanted
        return [
            ProvidedRow(
                key=one.key,
                items=one.items
                if self.gives_too_much
                else {name: one.items[name] for name in request.items},
            )
            for one in given
        ]

    def _find(self, some_id: UUID) -> Member | None:
        for one in self._index.get(some_id, ()):
            if some_id in (one.person_id, one.resident_id):
                return one
        return None

    def _household_of(self, me: Member) -> Sequence[Member]:
        return self._index[me.resident_id]


class World(msgspec.Struct, kw_only=True):
    house: House
    clock: Clock
    people: TablePeople | RealPeople
    register: Register
    door: exchange.Door
    notice_id: UUID

    @property
    def database(self) -> Database:
        return self.house.database


NAMES = Names(
    ja="もりのこども園", kana="もりのこどもえん", yasashii="もりのこども園《えん》", en="Nursery"
)


def entry(
    sector: str = SERVICE, items: Sequence[str] = ITEMS, basis: Basis = Basis.OPT_IN
) -> exchange.ServiceEntry:
    right = exchange.RightEntry(
        dataset=DATASET,
        items=tuple(items),
        purpose=PURPOSE,
        basis=basis,
        valid_from=date(2026, 4, 1),
    )
    return exchange.ServiceEntry(
        sector=sector,
        organisation="org-nursery",
        group=OrganisationGroup.NURSERY,
        name=NAMES,
        behind=NAMES,
        rights=(right,),
    )


async def prepare_stand_in(owner_dsn: str) -> None:
    owner = await asyncpg.connect(owner_dsn)
    try:
        await owner.execute(SCHEMA)
    finally:
        await owner.close()


async def world(
    *,
    settings: Settings,
    clock: Clock,
    keyring: KeyRing,
    region: Region,
    database: Database,
    households: Sequence[Sequence[Member]],
    people: TablePeople | RealPeople | None = None,
    timeout_s: float = 2.0,
) -> World:
    people = people or TablePeople()
    register = Register(people, households)
    house = House(
        settings=settings,
        clock=clock,
        keyring=keyring,
        region=region,
        database=database,
        blocks=(Block(name="register", datasets=(register.dataset(timeout_s),)),),
    )
    door = exchange.Door(house, people)
    house.disclose = door
    async with database.transaction() as conn:
        await exchange.load_region(conn, house)
        await exchange.register_service(conn, house, SERVICE, entry())
        notice_id = await _notice(conn, clock)
    return World(
        house=house,
        clock=clock,
        people=people,
        register=register,
        door=door,
        notice_id=notice_id,
    )


async def _notice(conn: Conn, clock: Clock) -> UUID:
    """The text everybody here agrees to; the same one for every process."""
    digest = b"\x00" * 32
    known = await consent_store.find_notice(conn, SERVICE, DATASET, PURPOSE, digest)
    if known is not None:
        return known
    notice = Notice(
        notice_id=uuid7(),
        service=SERVICE,
        dataset=DATASET,
        purpose=PURPOSE,
        version=1,
        texts={"ja": "見せますか", "en": "Show it?", "ja-x-yasashii": "みせますか"},
    )
    await consent_store.record_notice(conn, notice, digest, clock.now())
    return notice.notice_id


def request(who: Member, **changes: object) -> DisclosureRequest:
    assert who.person_id is not None
    usual: dict[str, object] = {
        "request_id": uuid4(),
        "service": SERVICE,
        "actor": NURSERY,
        "subject": PersonSubject(who.person_id),
        "dataset": DATASET,
        "items": ITEMS,
        "purpose": PURPOSE,
        "basis": Basis.OPT_IN,
    }
    return DisclosureRequest(**{**usual, **changes})  # type: ignore[arg-type]


def own_view(who: Member, **changes: object) -> DisclosureRequest:
    """The person looks at their own data on their own page."""
    return request(
        who,
        **{
            "service": "portal",
            "actor": Actor(kind=ActorKind.PERSON, id=str(who.person_id)),
            "purpose": "own-view",
            "basis": Basis.LAW,
            "basis_ref": "own-view",
            **changes,
        },
    )


async def give(world: World, who: Member, items: Sequence[str] = ITEMS) -> ConsentRevision:
    assert who.person_id is not None
    scope = Scope(person_id=who.person_id, service=SERVICE, dataset=DATASET, purpose=PURPOSE)
    decision = Decision(
        items=tuple(items),
        excluded=tuple(name for name in ITEMS if name not in items),
        notice_id=world.notice_id,
        language="ja",
        valid_until=datetime.fromisoformat("2027-11-22T00:00:00+09:00"),
        actor=Actor(kind=ActorKind.PERSON, id=str(who.person_id)),
    )
    async with world.database.transaction() as conn:
        return await consent.give(conn, world.house, scope, decision)


async def withdraw(world: World, who: Member) -> None:
    assert who.person_id is not None
    async with world.database.transaction() as conn:
        for one in await consent.list_of(conn, who.person_id):
            actor = Actor(kind=ActorKind.PERSON, id=str(who.person_id))
            await consent.withdraw(conn, world.house, who.person_id, one.record_id, actor)


async def protect(world: World, who: Member) -> None:
    async with world.database.transaction() as conn:
        await conn.execute(
            "INSERT INTO stand_in.protected VALUES ($1) ON CONFLICT DO NOTHING", who.subject_id
        )


async def history(world: World, who: Member) -> list[access.Visit]:
    async with world.database.transaction() as conn:
        return await access.list_history(
            conn, [who.subject_id], world.clock.now(), own_looks=True, limit=1_000
        )


def names_in(disclosure: Disclosure) -> list[Json]:
    return [one.items["name"] for one in disclosure.records]


def receivers_digest(answer: Disclosure) -> bytes:
    """As anybody outside would compute it."""
    body: dict[str, object] = {
        "request_id": str(answer.request_id),
        "dataset": answer.dataset,
        "as_of": answer.as_of.isoformat(timespec="microseconds"),
        "records": [
            {"ref": one.ref, "holder": one.holder, "items": dict(one.items)}
            for one in answer.records
        ],
    }
    return hashlib.sha256(rfc8785.dumps(body)).digest()
