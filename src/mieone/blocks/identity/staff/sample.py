"""Organisations of the region as data, and the sample posts that let somebody try the desk."""

import secrets
from datetime import date
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.model import TownCode
from mieone.core.region_files import RegionInvalid, read_yaml

from . import rules, store
from .model import Entrustment, Organisation, OrganisationKind, StaffPost, StaffRole

FILE = "organisations.yaml"
ASSOCIATION = "association"


class AuthorityRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    name: str
    name_en: str


class EntrustmentRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    towns: tuple[TownCode, ...]
    acts: tuple[str, ...]
    procedures: tuple[str, ...]
    basis: str
    is_confirmed: bool
    valid_from: date
    valid_until: date | None = None


class SamplePostRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`organisation` is an id; `towns` makes the same post in every town's hall."""

    role: StaffRole
    name: str
    organisation: str | None = None
    towns: tuple[TownCode, ...] = ()


class OrganisationsFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    authorities: tuple[AuthorityRow, ...] = ()
    entrustments: tuple[EntrustmentRow, ...] = ()
    sample_posts: tuple[SamplePostRow, ...] = ()


def town_organisation(town: TownCode) -> str:
    return f"town-{town}"


def read_organisations(house: House) -> OrganisationsFile:
    """A region without the file has its towns and its association, and nothing entrusted."""
    if not (house.region.directory / FILE).is_file():
        return OrganisationsFile()
    content = read_yaml(house.region.directory, FILE, OrganisationsFile)
    named = [town for row in content.entrustments for town in row.towns]
    named += [town for row in content.sample_posts for town in row.towns]
    for town in named:
        if not house.region.has_town(town):
            raise RegionInvalid(FILE, town, "is no town of this region")
    return content


async def load_organisations(house: House) -> None:
    """At every start: the towns, the association, the authorities, and what is entrusted to whom."""
    content = read_organisations(house)
    async with house.database.transaction(house.region.town_codes) as conn:
        for organisation in _organisations(house, content):
            await store.record_organisation(conn, organisation, house.clock.now())
        for row in content.entrustments:
            await _record_entrustments(conn, row)


def _organisations(house: House, content: OrganisationsFile) -> list[Organisation]:
    towns = [
        Organisation(
            organisation_id=town_organisation(town.code),
            kind=OrganisationKind.TOWN,
            name=town.name.ja,
            name_en=town.name.en,
            seat_town=town.code,
        )
        for town in house.region.towns
    ]
    association = Organisation(
        organisation_id=ASSOCIATION,
        kind=OrganisationKind.ASSOCIATION,
        name=house.region.association.name.ja,
        name_en=house.region.association.name.en,
    )
    authorities = [
        Organisation(
            organisation_id=row.id,
            kind=OrganisationKind.AUTHORITY,
            name=row.name,
            name_en=row.name_en,
        )
        for row in content.authorities
    ]
    return [*towns, association, *authorities]


async def _record_entrustments(conn: Conn, row: EntrustmentRow) -> None:
    for town in row.towns:
        entrustment = Entrustment(
            entrustment_id=f"{row.id}-{town}",
            town=town,
            organisation_id=ASSOCIATION,
            acts=row.acts,
            procedures=row.procedures,
            basis=row.basis,
            is_confirmed=row.is_confirmed,
            valid_from=row.valid_from,
            valid_until=row.valid_until,
        )
        await store.record_entrustment(conn, entrustment)


async def load_sample_posts(house: House) -> None:
    """Safe to run twice: a sample post's id follows from its place in the file."""
    if not house.settings.simulators_allowed:
        return
    await load_organisations(house)
    content = read_organisations(house)
    async with house.database.transaction() as conn:
        for row in content.sample_posts:
            halls = [town_organisation(town) for town in row.towns]
            for organisation_id in [row.organisation] if row.organisation else halls:
                await _record_sample_post(conn, house, organisation_id, row)


async def _record_sample_post(
    conn: Conn, house: House, organisation_id: str, row: SamplePostRow
) -> None:
    rules.check_role(await store.get_organisation(conn, organisation_id), row.role)
    post = StaffPost(
        post_id=sample_post_id(organisation_id, row.role, row.name),
        organisation_id=organisation_id,
        role=row.role,
        name=row.name,
        is_sample=True,
        user_handle=secrets.token_bytes(64),
    )
    await store.record_post(conn, post, house.clock.now())


def sample_post_id(organisation_id: str, role: StaffRole, name: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"mieone:sample-post:{organisation_id}:{role}:{name}")
