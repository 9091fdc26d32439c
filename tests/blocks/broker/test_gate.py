"""Who is over a quota is told so in the form of the API that was asked, and nobody else is."""

import asyncio
from typing import cast

import httpx
import msgspec
import pytest
from litestar.types import Message, Receive, Scope, Send

from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.actions.turns import Load
from mieone.blocks.broker.problems import OverQuota
from mieone.blocks.broker.routes.gate import Gate
from mieone.blocks.broker.routes.uploads import LARGEST, MOST_DRAINED, Upload, drain
from mieone.blocks.broker.routes.visits import read_visit
from mieone.core.house import House
from mieone.core.settings import Profile

ROOM = Load(10 * LARGEST, "too much is being sent")
ENTITY = {"id": "urn:x:1", "type": "T", "a": {"type": "Property", "value": 1}}
V2_ENTITY = {"id": "urn:x:1", "type": "T"}
LD, V2, OWN = "/ngsi-ld/v1/entities", "/v2/entities", "/api/broker/v1/datasets"
ASKED = {
    "read LD": ("GET", f"{LD}?type=T", None),
    "query LD": ("POST", "/ngsi-ld/v1/entityOperations/query", {"type": "Query"}),
    "write LD": ("POST", LD, ENTITY),
    "batch LD": ("POST", "/ngsi-ld/v1/entityOperations/upsert", [ENTITY]),
    "delete LD": ("DELETE", f"{LD}/urn:x:1", None),
    "history": ("POST", "/ngsi-ld/v1/temporal/entities", ENTITY),
    "read v2": ("GET", V2, None),
    "query v2": ("POST", "/v2/op/query", {"attrs": []}),
    "write v2": ("POST", V2, V2_ENTITY),
    "data sets": ("GET", OWN, None),
    "stream": ("GET", "/api/broker/v1/stream", None),
    "file": ("GET", f"{OWN}/shelters/file.csv", None),
    "import": ("POST", f"{OWN}/shelters/imports", []),
}


def headers_of(tenant: str) -> dict[str, str]:
    return {"NGSILD-Tenant": tenant, "Fiware-Service": tenant, "Fiware-Correlator": "mine"}


async def declare(house: House, name: str, quota: str) -> None:
    async with house.database.transaction() as conn:
        await conn.execute(
            "INSERT INTO broker.tenant (name, title, quota) VALUES ($1, $1, $2)",
            name,
            msgspec.json.decode(quota),
        )


@pytest.fixture
async def declared(broker_house: House) -> None:
    """Before the broker opens, which reads them all."""
    await declare(broker_house, "shut", '{"writes_per_s": 0, "reads_per_s": 0}')
    await declare(broker_house, "narrow", '{"writes_per_s": 1, "reads_per_s": 1}')
    await declare(broker_house, "roomy", "{}")


@pytest.fixture
async def client(declared: None, broker_client: httpx.AsyncClient) -> httpx.AsyncClient:
    return broker_client


async def test_the_first_to_come_are_nobodys_strangers(client: httpx.AsyncClient) -> None:
    """A body this long costs more than strangers have, and is too long to be their first."""
    answer = await client.post(
        LD, content=b" " * 1_000_000 + msgspec.json.encode(ENTITY), headers=headers_of("roomy")
    )

    assert answer.status_code != 429, answer.text


@pytest.mark.parametrize("what", ASKED)
async def test_a_tenant_over_its_rate_is_told_in_the_apis_own_form(
    what: str, client: httpx.AsyncClient
) -> None:
    method, url, body = ASKED[what]
    if url.startswith("/api/"):
        url += "?tenant=shut"

    answer = await client.request(method, url, json=body, headers=headers_of("shut"))

    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    told = answer.json()
    if url.startswith("/ngsi-ld/"):
        assert answer.headers["Content-Type"] == "application/json"
        assert told["type"] == "https://uri.etsi.org/ngsi-ld/errors/TooManyRequests"
        assert {"title", "detail", "status"} <= told.keys()
        assert answer.headers["NGSILD-Tenant"] == "shut"
    elif url.startswith("/v2/"):
        assert told == {"error": "TooManyRequests", "description": told["description"]}
        assert answer.headers["Fiware-Correlator"] == "mine"
    else:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert told["type"] == "/problems/broker/over-quota"
        assert told["status"] == 429
        assert answer.headers["Content-Language"] in ("ja", "en")


async def test_beside_a_flooded_tenant_no_other_is_turned_away(client: httpx.AsyncClient) -> None:
    async def ask(tenant: str, number: int) -> int:
        body = {**ENTITY, "id": f"urn:x:{number}"}
        answer = await client.post(LD, json=body, headers=headers_of(tenant))
        return answer.status_code

    numbers = range(60)
    statuses = await asyncio.gather(
        *(ask(tenant, number) for number in numbers for tenant in ("narrow", "roomy"))
    )
    of_narrow, of_roomy = statuses[::2], statuses[1::2]

    assert set(of_roomy) == {201}
    assert of_narrow.count(201) <= 3
    assert set(of_narrow) == {201, 429}


async def test_writes_are_paid_by_what_they_bring(client: httpx.AsyncClient) -> None:
    batch = [{**ENTITY, "id": f"urn:x:{number}"} for number in range(50)]
    url, headers = "/ngsi-ld/v1/entityOperations/upsert", headers_of("narrow")

    first = await client.post(url, json=batch, headers=headers)
    second = await client.post(LD, json=ENTITY, headers=headers)
    read = await client.get(f"{LD}?type=T", headers=headers)

    assert first.status_code == 201
    assert second.status_code == 429
    assert int(second.headers["Retry-After"]) > 30
    assert read.status_code == 200


async def test_rows_of_a_file_are_paid_like_writes(
    client: httpx.AsyncClient, broker_house: House
) -> None:
    file = broker_house.settings.region_dir / "broker" / "datasets.yaml"
    dataset = msgspec.yaml.decode(file.read_bytes())[0]
    names = [column["column"] for column in dataset["columns"]]
    rows = "\r\n".join([",".join(names), *[",".join("x" for _ in names)] * 40])
    url = f"{OWN}/{dataset['id']}/imports?tenant=narrow"

    await client.post(url, content=rows.encode(), headers={"Content-Type": "text/csv"})
    after = await client.post(LD, json=ENTITY, headers=headers_of("narrow"))

    assert after.status_code == 429
    assert int(after.headers["Retry-After"]) > 20


async def test_two_tenants_in_one_request_are_charged_where_they_are_written(
    client: httpx.AsyncClient,
) -> None:
    twice = [("NGSILD-Tenant", "shut"), ("NGSILD-Tenant", "roomy")]

    assert (await client.post(LD, json=ENTITY, headers=twice)).status_code == 429


async def test_without_a_key_nobody_uses_up_what_is_the_tenants(
    client: httpx.AsyncClient, broker_house: House
) -> None:
    broker_house.settings = msgspec.structs.replace(
        broker_house.settings, profile=Profile.PRODUCTION
    )
    for _ in range(5):
        refused = await client.post(LD, json=ENTITY, headers=headers_of("narrow"))
        assert refused.status_code == 401
    broker_house.settings = msgspec.structs.replace(
        broker_house.settings, profile=Profile.CONFORMANCE
    )

    taken = await client.post(LD, json=ENTITY, headers=headers_of("narrow"))

    assert taken.status_code == 201


# --- without a server around it ---


def scope_of(method: str, path: str, headers: dict[str, str]) -> Scope:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "headers": raw, "query_string": b""}
    return cast("Scope", scope)


def receiving(parts: list[bytes]) -> Receive:
    left = list(parts)

    async def receive() -> Message:
        if not left:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    return receive  # type: ignore[return-value]


async def test_a_slow_upload_holds_no_place(broker: Broker, broker_house: House) -> None:
    await declare(broker_house, "single", '{"at_once": 1}')
    await broker.tenants.get("single")
    told: list[Message] = []

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def never() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        told.append(message)

    gate = Gate(app, lambda: broker)
    scope = scope_of("POST", LD, headers_of("single"))
    slow = asyncio.create_task(gate(scope, never, send))  # type: ignore[arg-type]
    await asyncio.sleep(0.01)
    async with asyncio.timeout(30):
        await gate(scope, receiving([b"{}"]), send)
    slow.cancel()

    assert [message["status"] for message in told if "status" in message] == [204]


async def test_a_body_arrives_as_it_was_sent() -> None:
    upload = Upload(receiving([b"a", b"", b"bc"]), ROOM)
    await upload.read()

    assert await upload.receive() == {"type": "http.request", "body": b"abc", "more_body": False}
    assert (await upload.receive())["type"] == "http.disconnect"


async def test_of_a_body_that_is_too_large_the_application_sees_that() -> None:
    part = b"x" * (LARGEST // 2 + 1)
    upload = Upload(receiving([part, part, part]), ROOM)
    await upload.read()

    first, second = await upload.receive(), await upload.receive()

    assert not upload.is_read
    assert first["type"] == second["type"] == "http.request"
    assert len(first["body"]) > LARGEST
    assert first["more_body"]
    assert not second["more_body"]


async def test_a_client_that_goes_while_it_sends_is_nobodys_failure() -> None:
    with pytest.raises(ConnectionAbortedError):
        await Upload(receiving([]), ROOM).read()


async def test_bodies_that_wait_take_no_more_memory_than_a_tenant_has() -> None:
    part = b"x" * 40
    load = Load(100, "too much")
    first, second = Upload(receiving([part]), load), Upload(receiving([part]), load)
    third = Upload(receiving([part]), load)
    await first.read()
    await second.read()

    with pytest.raises(OverQuota):
        await third.read()
    await first.receive()
    await Upload(receiving([part]), load).read()
    second.close()
    await Upload(receiving([part]), load).read()


async def test_whoever_only_reads_keeps_the_connection_when_it_is_crowded(
    broker: Broker, broker_house: House
) -> None:
    await declare(broker_house, "closed", '{"at_once": 0}')
    await broker.tenants.get("closed")
    told: list[Message] = []

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise AssertionError

    async def send(message: Message) -> None:
        told.append(message)

    scope = scope_of("GET", LD, headers_of("closed"))
    await Gate(app, lambda: broker)(scope, receiving([]), send)

    start = told[0]
    assert start["type"] == "http.response.start"
    assert start["status"] == 429
    assert b"connection" not in dict(start["headers"])


async def test_small_bodies_are_read_past_and_large_ones_are_not() -> None:
    part = b"x" * (MOST_DRAINED // 2)

    assert await drain(receiving([b"{}"]), 2)
    assert not await drain(receiving([part] * 4), 0)
    assert not await drain(receiving([b"{}"]), MOST_DRAINED + 1)


def test_the_gate_knows_what_is_written_from_method_and_path() -> None:
    kinds = {
        what: visit.kind.value
        for what, (method, url, _) in ASKED.items()
        if (visit := read_visit(scope_of(method, url.partition("?")[0], {})))
    }

    assert {what for what, kind in kinds.items() if kind == "write"} == {
        "write LD",
        "batch LD",
        "delete LD",
        "history",
        "write v2",
        "import",
    }
    assert read_visit(scope_of("GET", "/api/coin/v1/shops", {})) is None


@pytest.mark.parametrize("path", ["//ngsi-ld/v1/entities", "/ngsi-ld//v1/entities/", "//v2//types"])
async def test_nobody_slips_past_the_gate_by_way_of_a_slash(
    path: str, client: httpx.AsyncClient
) -> None:
    answer = await client.get(f"http://localhost{path}", headers=headers_of("shut"))

    assert answer.status_code == 429
