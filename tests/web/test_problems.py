"""What is answered and what is written down when something goes wrong."""

import httpx
import pytest
from litestar import Litestar, get
from litestar.params import FromPath
from structlog.testing import capture_logs

from mieone.core.problems import TooMany
from mieone.core.region import Region
from mieone.core.settings import Profile
from mieone.web import (
    AnyRequest,
    Assets,
    Catalogue,
    Site,
    Telephone,
    render_problem,
)


@get("/desk/people/{name:str}")
async def refuse(name: FromPath[str]) -> None:
    raise TooMany(wait_s=7)


@pytest.fixture
def client(region: Region) -> httpx.AsyncClient:
    site = Site.build(
        catalogue=Catalogue.load(),
        assets=Assets.load(),
        profile=Profile.DEMO,
        telephone=Telephone(number="0000", is_sample=True),
        region_names=region.names,
        towns=region.towns,
    )

    def handle(request: AnyRequest, error: Exception) -> object:
        return render_problem(site, request, error)

    app = Litestar(
        route_handlers=[refuse], exception_handlers={Exception: handle}, openapi_config=None
    )
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
async def test_the_time_to_wait_is_told_to_people_and_machines(
    client: httpx.AsyncClient, accept: str
) -> None:
    answer = await client.get("/desk/people/x", headers={"Accept": accept})

    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "7"


async def test_the_route_is_written_down_and_not_the_address(client: httpx.AsyncClient) -> None:
    with capture_logs() as written:
        await client.get("/desk/people/Tanaka")
        await client.get("/nowhere/Tanaka")

    assert [line["path"] for line in written] == ["/desk/people/{name}", ""]
    assert "Tanaka" not in str(written)
