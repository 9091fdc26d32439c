"""What Mie-Coin declares of itself."""

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from litestar import Router
from litestar.di import Provide

from mieone.core.block import Block, Retained
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.ports import Pay

from .actions.audit import verify_books, verify_postings
from .actions.commands import commands
from .actions.counter import Counter
from .actions.granting import GrantsFromBudgets
from .jobs import SUBSCRIPTIONS, jobs
from .pages import PEOPLE, SHOP
from .pages.feeds import home_feed, my_page_feed
from .routes import machine_router
from .store.posting import ENTRY_CHAIN

_HERE = Path(__file__).parent
_COUNTER = Counter()


def make_pay(house: House) -> Pay:
    """The port, for main."""
    return GrantsFromBudgets(house, _COUNTER)


async def list_retained(_house: House, _conn: Conn, _person_id: UUID) -> Sequence[Retained]:
    """The books stay without a name; how long a law must still be confirmed to say."""
    return [Retained(what="coin.retained.books", law="資金決済法22条", until=None)]


BLOCK = Block(
    name="coin",
    migrations=_HERE / "migrations",
    templates=_HERE / "templates",
    routes=[machine_router(_COUNTER)],
    pages=[
        Router(
            path="/",
            route_handlers=PEOPLE,
            dependencies={"counter": Provide(lambda: _COUNTER, sync_to_thread=False)},
        )
    ],
    shop=[
        Router(
            path="/",
            route_handlers=SHOP,
            dependencies={"counter": Provide(lambda: _COUNTER, sync_to_thread=False)},
        )
    ],
    chains=[ENTRY_CHAIN],
    jobs=jobs(_COUNTER),
    subscriptions=SUBSCRIPTIONS,
    verifiers=[verify_books, verify_postings],
    commands=commands(_COUNTER),
    sample=_COUNTER.fill,
    retention=list_retained,
    home_items=home_feed(_COUNTER),
    my_page=my_page_feed(_COUNTER),
    start=_COUNTER.open,
    stop=_COUNTER.close,
)
