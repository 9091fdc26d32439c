"""In production strangers read what is open, and nothing else."""

from typing import Final

import httpx
import msgspec
import pytest

from mieone.blocks.broker.actions.datasets import load_datasets
from mieone.blocks.broker.actions.keys import issue_key
from mieone.blocks.broker.actions.parts import Parts
from mieone.blocks.broker.problems import NotWritable
from mieone.blocks.broker.routes.visits import READING_POSTS
from mieone.core.block import Block
from mieone.core.house import House
from mieone.core.settings import Profile

from .conftest import make_app

_LD: Final = "/ngsi-ld/v1"
_ENTITY: Final = {"id": "urn:x:1", "type": "T", "a": {"type": "Property", "value": 1}}
_ATTRIBUTE: Final = {"a": {"type": "Property", "value": 1}}
_RECEIVER: Final = {"endpoint": {"uri": "https://receiver.example/"}}
WRITES: Final = (
    ("POST", f"{_LD}/entities", _ENTITY),
    ("DELETE", f"{_LD}/entities?type=T", None),
    ("PUT", f"{_LD}/entities/urn:x:1", _ENTITY),
    ("PATCH", f"{_LD}/entities/urn:x:1", _ATTRIBUTE),
    ("DELETE", f"{_LD}/entities/urn:x:1", None),
    ("POST", f"{_LD}/entities/urn:x:1/attrs", _ATTRIBUTE),
    ("POST", f"{_LD}/entities/query%3F/attrs", _ATTRIBUTE),
    ("PATCH", f"{_LD}/entities/urn:x:1/attrs/a", {"value": 2}),
    ("DELETE", f"{_LD}/entities/urn:x:1/attrs/a", None),
    ("POST", f"{_LD}/entityOperations/create", [_ENTITY]),
    ("POST", f"{_LD}/entityOperations/upsert", []),
    ("POST", f"{_LD}/entityOperations/delete", ["urn:x:1"]),
    ("POST", f"{_LD}/temporal/entities", {"id": "urn:x:1", "type": "T", "a": []}),
    ("DELETE", f"{_LD}/temporal/entities/urn:x:1", None),
    ("POST", f"{_LD}/subscriptions", {"type": "Subscription", "notification": _RECEIVER}),
    ("DELETE", f"{_LD}/subscriptions/urn:x:s", None),
    ("POST", f"{_LD}/csourceRegistrations", {"type": "ContextSourceRegistration"}),
    ("POST", f"{_LD}/csourceSubscriptions", {"type": "Subscription"}),
    ("POST", f"{_LD}/jsonldContexts", {"@context": {}}),
    ("DELETE", f"{_LD}/jsonldContexts/x", None),
    ("DELETE", f"{_LD}/entityMaps/urn:x:m", None),
    ("POST", "/v2/entities", {"id": "x", "type": "T"}),
    ("POST", "/v2/op/update", {"actionType": "append", "entities": [{"id": "x", "type": "T"}]}),
    ("POST", "/v2/op/notify", {"subscriptionId": "s", "data": [{"id": "x", "type": "T"}]}),
    ("POST", "/v2/subscriptions", {"subject": {}, "notification": {}}),
    ("POST", "/v2/registrations", {"dataProvided": {}}),
    ("DELETE", "/v2/entities/x", None),
)
READS: Final = (
    f"{_LD}/entities?type=T",
    f"{_LD}/types",
    f"{_LD}/temporal/entities?type=T&timerel=after&timeAt=2026-01-01T00:00:00Z",
    f"{_LD}/jsonldContexts",
    "/v2/entities",
    "/api/broker/v1/datasets",
)
SECRETS: Final = (
    f"{_LD}/subscriptions",
    f"{_LD}/subscriptions/urn:x:s",
    f"{_LD}/csourceSubscriptions",
    f"{_LD}/csourceRegistrations?type=T",
    f"{_LD}/csourceRegistrations/urn:x:r",
    "/v2/subscriptions",
    "/v2/subscriptions/0",
    "/v2/registrations",
)


@pytest.fixture
def stranger(broker_house: House, broker_client: httpx.AsyncClient) -> httpx.AsyncClient:
    """Somebody without a key, before a house in production."""
    broker_house.settings = msgspec.structs.replace(
        broker_house.settings, profile=Profile.PRODUCTION
    )
    return broker_client


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
async def test_a_stranger_writes_nothing(
    stranger: httpx.AsyncClient, method: str, path: str, body: object
) -> None:
    answer = await stranger.request(method, path, json=body)

    assert answer.status_code == 401


async def test_no_door_for_writing_was_forgotten(
    stranger: httpx.AsyncClient, broker_house: House, broker_block: Block
) -> None:
    app = make_app(broker_house, broker_block)
    doors = [
        (method, route.path_format)
        for route in app.routes
        for method in getattr(route, "methods", ())
        if method not in ("GET", "HEAD", "OPTIONS")
        and route.path_format not in READING_POSTS
        and route.path_format.startswith(("/ngsi-ld/", "/v2/"))
    ]

    answers = {
        (method, path): (await stranger.request(method, _filled(path), json=_ENTITY)).status_code
        for method, path in doors
    }

    assert len(doors) > 50
    # Some find first that the body is no such thing, or that there is no such operation.
    refusals = (400, 401, 405, 415)
    assert {door: code for door, code in answers.items() if code not in refusals} == {}


async def test_a_stranger_uploads_no_data_set(
    stranger: httpx.AsyncClient, broker_house: House
) -> None:
    dataset = next(iter(load_datasets(broker_house)))

    with pytest.raises(NotWritable):
        await stranger.post(f"/api/broker/v1/datasets/{dataset}/imports", content=b"a\n1\n")


def _filled(path: str) -> str:
    return "/".join("x" if part.startswith("{") else part for part in path.split("/"))


@pytest.mark.parametrize("path", READS)
async def test_a_stranger_reads_what_is_open(stranger: httpx.AsyncClient, path: str) -> None:
    answer = await stranger.get(path)

    assert answer.status_code == 200


@pytest.mark.parametrize("path", SECRETS)
async def test_a_stranger_does_not_learn_what_opens_receivers_and_sources(
    stranger: httpx.AsyncClient, broker_house: House, path: str
) -> None:
    default = await Parts().of(broker_house).tenants.get(None)
    async with broker_house.database.transaction() as conn:
        key = await issue_key(conn, default.name, "a gauge", None)

    unknown = await stranger.get(path)
    known = await stranger.get(path, headers={"X-API-Key": key})

    assert unknown.status_code == 401
    assert known.status_code in (200, 404)
