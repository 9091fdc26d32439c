"""What identity declares. The card's path comes from main: only main knows the simulators."""

from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import UUID

from litestar import Router
from litestar.di import Provide

from mieone.blocks.identity import jobs
from mieone.blocks.identity.actions import passkeys
from mieone.blocks.identity.actions.offering import Offering
from mieone.blocks.identity.actions.optin import CardPath
from mieone.blocks.identity.oauth import commands as oauth_commands
from mieone.blocks.identity.oauth import jobs as oauth_jobs
from mieone.blocks.identity.oauth import pages as oauth_pages
from mieone.blocks.identity.oauth.routes import ROUTES
from mieone.blocks.identity.oauth.services import SERVICES
from mieone.blocks.identity.oauth.userinfo import USERINFO
from mieone.blocks.identity.oauth.verifying import verify_grants
from mieone.blocks.identity.pages import PEOPLE
from mieone.blocks.identity.staff import commands as staff_commands
from mieone.blocks.identity.staff import jobs as staff_jobs
from mieone.blocks.identity.staff import pages as staff_pages
from mieone.blocks.identity.staff.sample import load_organisations, load_sample_posts
from mieone.blocks.identity.store import persons as store
from mieone.core.block import Block, Retained
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.jobs import PeriodicJob
from mieone.core.verify import Finding
from mieone.web import HomeItem, PageSection, SectionLink, SectionPlace, Urgency

HERE = Path(__file__).parent
OpenCardPath = Callable[[House], CardPath | None]
"""None where no platform operator is contracted: cryptography alone never proves anybody (L1)."""


class Cards:
    """The card's path of the house at hand, opened once."""

    def __init__(self, open_card_path: OpenCardPath) -> None:
        self._open = open_card_path
        self._held: tuple[House, CardPath | None] | None = None

    def of(self, house: House) -> CardPath | None:
        if self._held is None or self._held[0] is not house:
            self._held = (house, self._open(house))
        return self._held[1]

    async def start(self, house: House) -> None:
        """Raises RealmRefused at start-up, before anybody is let in."""
        self.of(house)


def block(open_card_path: OpenCardPath) -> Block:
    cards, offering = Cards(open_card_path), Offering()

    async def start(house: House) -> None:
        await cards.start(house)
        offering.open(house)
        await load_organisations(house)

    async def finish_forgotten(house: House) -> int:
        return await jobs.finish_forgotten_optins(house, cards.of(house))

    pages = Router(
        path="/",
        route_handlers=PEOPLE,
        dependencies={"card_path": Provide(cards.of, sync_to_thread=False)},
    )
    return Block(
        name="identity",
        migrations=HERE / "migrations",
        templates=HERE / "templates",
        routes=(*ROUTES, *USERINFO),
        pages=(pages, *oauth_pages.PAGES, *SERVICES),
        desk=staff_pages.PAGES,
        datasets=(offering.dataset,),
        jobs=(
            PeriodicJob(name="identity.finish_forgotten_optins", every_s=15, run=finish_forgotten),
            PeriodicJob(
                name="identity.keep_destruction_list", every_s=60, run=jobs.keep_destruction_list
            ),
            *oauth_jobs.JOBS,
            *staff_jobs.JOBS,
        ),
        verifiers=(verify_keys, verify_grants),
        retention=list_retained,
        home_items=list_home_items,
        my_page=list_sections,
        commands=(*oauth_commands.COMMANDS, *staff_commands.COMMANDS),
        sample=load_sample_posts,
        start=start,
    )


async def verify_keys(house: House, conn: Conn) -> Sequence[Finding]:
    """A living person has a key; a shredded one has none."""
    return [
        Finding(
            check="identity:keys",
            where=f"identity.person {person_id}",
            what=f"is {state}, and its key is not",
        )
        for person_id, state in await store.list_keyless_people(conn)
    ]


async def list_retained(house: House, conn: Conn, person_id: UUID) -> Sequence[Retained]:
    """Only that somebody was proved, when and how: numbers and digests without a key."""
    return (Retained(what="identity.retained.proofing", law="identity.retained.law", until=None),)


async def list_home_items(house: House, person_id: UUID) -> Sequence[object]:
    async with house.database.transaction() as conn:
        has_passkey = await passkeys.has_any(conn, person_id)
    if has_passkey:
        return ()
    item = HomeItem(
        urgency=Urgency.NEWS,
        message_id="identity.home.add_passkey",
        href="/id/passkeys",
        icon="key",
    )
    return (item,)


async def list_sections(house: House, person_id: UUID) -> Sequence[object]:
    links = (
        SectionLink(message_id="identity.my.passkeys", href="/id/passkeys", icon="key"),
        SectionLink(message_id="oauth.services.title", href="/id/services", icon="door"),
        SectionLink(message_id="identity.my.leave", href="/id/leave", icon="door"),
    )
    section = PageSection(
        place=SectionPlace.ABOUT_ME, order=90, title_id="identity.my.title", links=links
    )
    return (section,)
