"""A browser before the pages of identity and of the simulated card, without scripts."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest
from litestar import Litestar, Response
from litestar.config.csrf import CSRFConfig
from litestar.di import Provide
from litestar.middleware import DefineMiddleware

from mieone.blocks.identity.block import block as identity_block
from mieone.core.block import Block
from mieone.core.entrance import EntranceMiddleware
from mieone.core.house import House
from mieone.core.problems import NotSignedIn
from mieone.simulators.block import FILE, SimulatedCards
from mieone.simulators.cards import CardOffice
from mieone.web import (
    AnyRequest,
    Assets,
    Catalogue,
    Site,
    Telephone,
    page_dependency,
    render_problem,
)
from mieone.web.build import ENTRIES
from tests.blocks.identity import given

FIELD = re.compile(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"')


class Browser:
    """Fetches pages and sends the forms it finds in them, as a browser without scripts would."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.page = httpx.Response(200)

    async def open(self, path: str, **query: str) -> httpx.Response:
        self.page = await self.client.get(path, params=query or None)
        return self.page

    async def send(self, action: str, **typed: str) -> httpx.Response:
        """Post the form of the shown page that leads to `action`."""
        self.page = await self.client.post(action, data={**self.hidden(action), **typed})
        return self.page

    def hidden(self, action: str) -> dict[str, str]:
        for form in re.findall(r"<form.*?</form>", self.page.text, re.DOTALL):
            if f'action="{action}"' in form:
                return dict(FIELD.findall(form))
        raise AssertionError(f"no form leads to {action}")

    @property
    def path(self) -> str:
        return self.page.url.path


@pytest.fixture
def simulated() -> SimulatedCards:
    return SimulatedCards(lambda house: given.People(*given.PEOPLE))


@pytest.fixture
def composed(house: House, simulated: SimulatedCards) -> House:
    """The house of these tests with identity and the card simulator in it."""
    path = house.settings.home / FILE
    path.parent.mkdir()
    path.write_bytes(given.issued_before())
    blocks: tuple[Block, ...] = (identity_block(simulated.card_path), simulated.block())
    return House(
        settings=house.settings,
        clock=house.clock,
        keyring=house.keyring,
        region=house.region,
        database=house.database,
        blocks=blocks,
    )


@pytest.fixture
def office(composed: House, simulated: SimulatedCards) -> CardOffice:
    return simulated.office(composed)


def application(house: House) -> Litestar:
    """Identity's pages and the simulator's on one origin, with every guard of the entrance."""
    site = Site.build(
        catalogue=Catalogue.load(),
        assets=Assets({name: f"/static/dist/{name}" for name in ENTRIES}),
        profile=house.settings.profile,
        telephone=Telephone(number="0000-00-0000", is_sample=True),
        region_names=house.region.names,
        towns=house.region.towns,
        template_folders=[block.templates for block in house.blocks if block.templates],
        clock=house.clock,
    )

    def problem(request: AnyRequest, error: Exception) -> Response[object]:
        if isinstance(error, NotSignedIn):
            return Response(None, status_code=303, headers={"Location": "/signin"})
        return render_problem(site, request, error)

    return Litestar(
        route_handlers=[
            handler for block in house.blocks for handler in (*block.pages, *block.simulators)
        ],
        dependencies={
            "page": page_dependency(site),
            "house": Provide(lambda: house, sync_to_thread=False),
        },
        exception_handlers={Exception: problem},
        csrf_config=CSRFConfig(secret="0" * 32, cookie_name="mieone_csrf"),
        middleware=[DefineMiddleware(EntranceMiddleware, house=house)],
    )


@pytest.fixture
async def browser(composed: House) -> AsyncIterator[Browser]:
    app = application(composed)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        transport=transport,
        base_url=composed.settings.people_origin,
        follow_redirects=True,
        headers={"accept": "text/html", "accept-language": "ja"},
    ) as client:
        yield Browser(client)
