"""What the association sees of the broker at its desk."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import pytest
from litestar import Litestar
from litestar.di import Provide

from mieone.blocks.broker.actions.feeds import note_state
from mieone.blocks.broker.actions.operating import measure
from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.model.dataset import FeedState
from mieone.core.block import Block
from mieone.core.house import House
from mieone.core.model import Actor, ActorKind
from mieone.core.settings import Settings
from mieone.web import Assets, Catalogue, Site, Telephone, page_dependency, render_problem
from mieone.web.build import ENTRIES
from tests.conftest import REGION

from .test_operating import figure

FEEDS = """
pull:
  - {id: tides, dataset: readings, url: "https://town.example/tides.csv", every_s: 600, is_enabled: true}
"""


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """A region where one feed is switched on."""
    region_dir = tmp_path / "region"
    shutil.copytree(REGION / "broker", region_dir / "broker")
    for path in REGION.iterdir():
        if path.name != "broker":
            (region_dir / path.name).symlink_to(path)
    (region_dir / "broker" / "feeds.yaml").write_text(FEEDS)
    return msgspec.structs.replace(settings, region_dir=region_dir)


@pytest.fixture
async def desk(broker_house: House, broker_block: Block) -> AsyncIterator[httpx.AsyncClient]:
    site = Site.build(
        catalogue=Catalogue.load(),
        assets=Assets({name: f"/static/dist/{name}" for name in ENTRIES}),
        profile=broker_house.settings.profile,
        telephone=Telephone(number="0000-00-0000", is_sample=True),
        region_names=broker_house.region.names,
        towns=broker_house.region.towns,
        template_folders=[path for path in (broker_block.templates,) if path],
        clock=broker_house.clock,
    )
    actor = Actor(kind=ActorKind.ASSOCIATION, id="post-1", organisation="association")
    app = Litestar(
        route_handlers=list(broker_block.desk),
        dependencies={
            "page": page_dependency(site),
            "house": Provide(lambda: broker_house, sync_to_thread=False),
            "database": Provide(lambda: broker_house.database, sync_to_thread=False),
            "actor": Provide(lambda: actor, sync_to_thread=False),
        },
        exception_handlers={Exception: lambda request, error: render_problem(site, request, error)},
        openapi_config=None,
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as opened:
        yield opened


async def test_operators_see_which_feed_is_away(desk: httpx.AsyncClient, broker: Broker) -> None:
    await note_state(broker, "tides", FeedState.AWAY, "ClientConnectorError")
    await note_state(broker, "tides", FeedState.AWAY, "ClientConnectorError")

    page = await desk.get("/desk/broker")
    async with broker.house.database.transaction() as conn:
        await measure(broker.house, conn)

    assert page.status_code == 200
    assert "tides" in page.text
    assert "ClientConnectorError" in page.text
    assert figure("feed_failures", feed="tides") == 2
