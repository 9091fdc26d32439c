"""What somebody does with ngsildclient, unmodified, on a first day; runs in its own environment.

usage: scenario.py PORT
"""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ngsildclient import Client, Entity
from ngsildclient.api.exceptions import (
    NgsiAlreadyExistsError,
    NgsiContextBrokerError,
    NgsiResourceNotFoundError,
    ProblemDetails,
)
from ngsildclient.api.helper.temporal import TemporalQuery

HOUR_AGO = datetime.now(UTC) - timedelta(hours=1)
CONTEXT = {"@context": {"bedCount": "https://example.org/terms#bedCount"}}


def make_room(number: int, kind: str = "Room") -> Entity:
    room = Entity(kind, f"room{number}")
    room.prop("temperature", 20 + number, observedat=HOUR_AGO, unitcode="CEL")
    room.gprop("location", (34.5, 136.5))
    room.rel("isIn", "House:house1")
    return room


def try_entities(client: Client) -> None:
    room = make_room(1)
    assert client.create(room)
    assert client.exists(room)
    found = client.get(room)
    assert found["temperature"]["value"] == 21
    assert found["temperature"]["unitCode"] == "CEL"
    assert found["location"]["value"] == {"type": "Point", "coordinates": [136.5, 34.5]}
    assert refusal(NgsiAlreadyExistsError, client.entities.create, room).status == 409
    found["temperature"]["value"] = 30
    assert client.update(found)
    assert client.get(room)["temperature"]["value"] == 30
    assert client.upsert(make_room(1))
    assert client.delete(room)
    assert not client.exists(room)
    assert refusal(NgsiResourceNotFoundError, client.get, room).detail


def refusal(
    expected: type[NgsiContextBrokerError], act: Callable[[Entity], object], entity: Entity
) -> ProblemDetails:
    try:
        act(entity)
    except expected as error:
        return error.problemdetails
    raise AssertionError("not refused")


def try_batches_and_queries(client: Client) -> None:
    rooms = [make_room(number) for number in range(150)]
    created = client.batch.create(rooms)
    assert (created.n_ok, created.n_err) == (150, 0)
    again = client.batch.create(rooms[:2])
    assert (again.n_ok, again.n_err) == (0, 2)
    assert client.batch.upsert(rooms).ok
    assert client.batch.update(rooms[:3]).ok
    assert client.count(type="Room") == 150
    assert len(client.query(type="Room")) == 150
    assert client.count(type="Room", q="temperature>=160") == 10
    assert len(client.query(q='temperature==20;isIn=="urn:ngsi-ld:House:house1"')) == 1
    query = {"type": "Query", "entities": [{"type": "Room"}], "q": "temperature<22"}
    assert len(client.alt.query(query)) == 2
    listed = client.types.list()
    assert any(one.endswith("Room") for one in listed), listed
    assert client.batch.delete(rooms[:100]).n_ok == 100
    client.delete_where(type="Room")
    assert client.count(type="Room") == 0


def try_contexts(client: Client) -> None:
    before = client.contexts.list()
    client.contexts.add(CONTEXT)
    added = [url for url in client.contexts.list() if url not in before]
    assert len(added) == 1, added
    assert client.contexts.exists(added[0])
    assert client.contexts.get(added[0])["@context"] == CONTEXT["@context"]
    assert client.contexts.delete(added[0])
    assert client.contexts.list() == before


def try_subscriptions(client: Client) -> None:
    subscription = {
        "type": "Subscription",
        "description": "warm rooms",
        "entities": [{"type": "Room"}],
        "q": "temperature>25",
        "notification": {"endpoint": {"uri": "http://localhost:9/", "accept": "application/json"}},
        "@context": ["https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld"],
    }
    made = client.subscriptions.create(subscription, raise_on_conflict=False)
    assert client.subscriptions.exists(made)
    assert client.subscriptions.get(made)["q"] == "temperature>25"
    assert [one["id"] for one in client.subscriptions.list("warm")] == [made]
    assert client.subscriptions.delete("warm")
    assert not client.subscriptions.exists(made)


def try_temporal(client: Client) -> None:
    # Histories outlive their entities: this one has a type that nothing had before.
    room = make_room(7, "Den")
    client.create(room)
    room["temperature"]["value"] = 28
    room["temperature"]["observedAt"] = HOUR_AGO.strftime("%Y-%m-%dT%H:%M:59Z")
    assert client.batch.upsert([room]).ok
    whole = client.temporal.get(room, verbose=True)
    measured = whole["temperature"]
    assert [one["value"] for one in measured] == [27, 28], measured
    values = client.temporal.get(room)["temperature"]["values"]
    assert [value for value, _ in values] == [27, 28], values
    asked = TemporalQuery().after(HOUR_AGO - timedelta(hours=1))
    found = client.temporal.query(type="Den", attrs=["temperature"], tq=asked)
    assert [one["id"] for one in found] == [room.id]
    client.delete(room)


def main() -> None:
    with Client(hostname="127.0.0.1", port=int(sys.argv[1]), verbose=False) as client:
        assert client.is_connected()
        for part in (
            try_entities,
            try_batches_and_queries,
            try_contexts,
            try_subscriptions,
            try_temporal,
        ):
            part(client)
            print(part.__name__)


main()
