"""Random JSON-LD, queries and NGSI v2 at every door of the broker: no 5xx, bounded time and memory.

    python -m proofs.broker_fuzz [seconds] [seed]

Bodies are made from pieces that a broker takes seriously (kinds, nulls, contexts, deep nesting, strange
numbers and names) and damaged at random; queries likewise. Afterwards the broker must still answer, hold
what was acknowledged, and have grown no more than LIMIT_MIB. Writes results/broker_fuzz.md.
"""

import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import aiohttp
from bench.house import resident_memory

from proofs.installation import broker_running

RESULTS = Path(__file__).parent / "results" / "broker_fuzz.md"
CLIENTS = 8
LIMIT_MIB = 200
SLOW_S = 5.0
NULL = "urn:ngsi-ld:null"

Chance = random.Random
Made = tuple[str, str, bytes | None, dict[str, str]]
"""Method, path, body, headers."""

NAMES = ["a", "name", "location", "type", "id", "@id", "@type", "scope", "observedAt", "ngsi-ld:x"]
NAMES += [
    "https://example.org/x",
    "x:y",
    "",
    "é",
    "𠮷",
    "a.b",
    "a[b]",
    "a b",
    "__proto__",
    "\u0000",
]
KINDS = ["Property", "GeoProperty", "Relationship", "LanguageProperty", "VocabProperty"]
KINDS += ["JsonProperty", "ListProperty", "ListRelationship", "Nothing", "", NULL]
MEMBERS = ["value", "object", "languageMap", "vocab", "json", "valueList", "objectList"]
SCALARS: list[object] = [None, True, False, 0, -1, 1e308, 2**70, -0.0, "", "x", NULL, "urn:x:1"]
SCALARS += ["2020-01-01T00:00:00Z", "9999-99-99", "\ud800", "𠮷野家", "a" * 3000, "<script>", "%00"]
CONTEXTS: list[object] = [
    "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld",
    {},
    [],
    None,
]
CONTEXTS += [
    {"a": "https://example.org/a"},
    {"@vocab": "x"},
    {"a": {"@id": "b"}, "b": {"@id": "a"}},
]
CONTEXTS += ["http://127.0.0.1:9/none", "ftp://x", {"@context": {"@context": []}}, [[["x"]]], 7]
CONTEXTS += [
    {"a": None, "type": "https://example.org/type"},
    {"a:": "b:", "b": {"@type": "@vocab"}},
]
GEOMETRIES: list[object] = [
    {"type": "Point", "coordinates": [136.5, 34.5]},
    {"type": "Point", "coordinates": []},
    {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 0]]]},
    {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]},
    {"type": "LineString", "coordinates": [[0, 0], [1e309, 1]]},
    {"type": "GeometryCollection", "geometries": []},
    {"type": "MultiPoint", "coordinates": [[181, 91]]},
]
WORDS = [
    "a",
    "a.b",
    "a[b.c]",
    "==",
    "!=",
    ">",
    "<=",
    "~=",
    "!~=",
    '"x"',
    "1",
    "1..5",
    ",",
    ";",
    "|",
]
WORDS += [
    "(",
    ")",
    "!",
    "[",
    "]",
    "2020-01-01T00:00:00Z",
    "urn:x:1",
    "(a+)+$",
    "true",
    " ",
    "%",
    "'",
]
PATHS = ["/entities", "/entities/urn:f:1", "/temporal/entities", "/temporal/entities/urn:f:1"]
PATHS += ["/types", "/attributes", "/subscriptions", "/csourceRegistrations", "/jsonldContexts"]
TYPES = ["T", "T,U", "T;U", "(T|U);V", "", "((((", "https://example.org/T", ";;", "*"]


def value(chance: Chance, depth: int = 0) -> object:
    if depth > 3 or chance.random() < 0.6:
        return chance.choice(SCALARS)
    if chance.random() < 0.5:
        return [value(chance, depth + 1) for _ in range(chance.randrange(4))]
    return {chance.choice(NAMES): value(chance, depth + 1) for _ in range(chance.randrange(4))}


def attribute(chance: Chance, depth: int = 0) -> object:
    if chance.random() < 0.15:
        return value(chance)
    made: dict[str, object] = {"type": chance.choice(KINDS)}
    for _ in range(chance.randrange(1, 3)):
        kind = chance.choice(MEMBERS)
        made[kind] = chance.choice(GEOMETRIES) if chance.random() < 0.2 else value(chance)
    for name in ("observedAt", "unitCode", "datasetId", "createdAt", "objectType", "expiresAt"):
        if chance.random() < 0.15:
            made[name] = chance.choice(SCALARS)
    if depth < 3 and chance.random() < 0.3:
        made[chance.choice(NAMES)] = attribute(chance, depth + 1)
    if chance.random() < 0.1:
        return [made, attribute(chance, depth + 1)]
    return made


def entity(chance: Chance) -> dict[str, object]:
    made: dict[str, object] = {"id": f"urn:f:{chance.randrange(50)}", "type": "T"}
    if chance.random() < 0.2:
        made["id"] = chance.choice(SCALARS)
    if chance.random() < 0.2:
        made["type"] = value(chance)
    for _ in range(chance.randrange(4)):
        made[chance.choice(NAMES)] = attribute(chance)
    if chance.random() < 0.3:
        made["@context"] = chance.choice(CONTEXTS)
    if chance.random() < 0.1:
        made["scope"] = value(chance)
    return made


def subscription(chance: Chance) -> dict[str, object]:
    made: dict[str, object] = {
        "type": "Subscription",
        "entities": [{"type": "T"}],
        "notification": {"endpoint": {"uri": "http://127.0.0.1:9/x"}},
    }
    names = ["q", "geoQ", "scopeQ", "watchedAttributes", "throttling", "timeInterval", "expiresAt"]
    names += ["isActive", "notificationTrigger", "entities", "notification", "lang", "id", "csf"]
    for name in chance.sample(names, chance.randrange(4)):
        made[name] = query(chance) if name == "q" else value(chance)
    return made


def query(chance: Chance) -> str:
    return "".join(chance.choice(WORDS) for _ in range(chance.randrange(1, 12)))


def damaged(chance: Chance, body: object) -> bytes:
    text = json.dumps(body, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    roll = chance.random()
    if roll < 0.85:
        return text
    if roll < 0.9:
        return text[: chance.randrange(len(text) + 1)]
    if roll < 0.95:
        place = chance.randrange(len(text))
        return text[:place] + bytes([chance.randrange(256)]) + text[place + 1 :]
    return b"[" * 100_000 if roll < 0.97 else b'{"a":' * 5_000 + b"1" + b"}" * 5_000


def headers(chance: Chance, *, v2: bool = False) -> dict[str, str]:
    types = ["application/json"] * 6 + ["application/ld+json"] * (0 if v2 else 3)
    types += ["application/merge-patch+json", "text/plain", "x", "application/json; charset=utf-8"]
    made = {"Content-Type": chance.choice(types)}
    if chance.random() < 0.1:
        made["Accept"] = chance.choice(["*/*", "application/geo+json", "text/csv", "x/y", ";q=,"])
    if chance.random() < 0.05:
        made["NGSILD-Tenant"] = chance.choice(["", "nobody", "244414", "a" * 300])
    if chance.random() < 0.05:
        made["Link"] = chance.choice(["<>", "x", '<http://127.0.0.1:9/c>; rel="x"', "<" * 500])
    return made


def write_ld(chance: Chance) -> Made:
    one = quote(f"urn:f:{chance.randrange(50)}")
    name = quote(chance.choice(NAMES), safe="")
    method, path, body = chance.choice(
        [
            ("POST", "/entities", entity(chance)),
            ("PATCH", f"/entities/{one}", entity(chance)),
            ("PUT", f"/entities/{one}", entity(chance)),
            ("POST", f"/entities/{one}/attrs", entity(chance)),
            ("PATCH", f"/entities/{one}/attrs", entity(chance)),
            ("PATCH", f"/entities/{one}/attrs/{name}", attribute(chance)),
            ("PUT", f"/entities/{one}/attrs/{name}", attribute(chance)),
            ("POST", "/entityOperations/upsert", [entity(chance) for _ in range(3)]),
            ("POST", "/entityOperations/merge", [entity(chance) for _ in range(3)]),
            ("POST", "/entityOperations/delete", [value(chance), "urn:f:1"]),
            ("POST", "/temporal/entities", entity(chance)),
            ("POST", f"/temporal/entities/{one}/attrs", entity(chance)),
            ("POST", "/subscriptions", subscription(chance)),
            ("POST", "/csourceRegistrations", value(chance)),
            ("POST", "/jsonldContexts", {"@context": chance.choice(CONTEXTS)}),
            ("DELETE", f"/entities/{one}/attrs/{name}", None),
        ]
    )
    sent = None if body is None else damaged(chance, body)
    return method, f"/ngsi-ld/v1{path}", sent, headers(chance)


def read_ld(chance: Chance) -> Made:
    parameters = {
        "type": chance.choice(TYPES),
        "q": query(chance),
        "scopeQ": query(chance),
        "attrs": ",".join(chance.sample(NAMES, 3)),
        "pick": chance.choice(["id", "a{b}", "a{", "}", ",,", "id,type"]),
        "omit": chance.choice(["id", "a{b}", "", "a;b"]),
        "idPattern": chance.choice([".*", "(", "(a+)+$", "[", "^urn"]),
        "georel": chance.choice(
            ["near;maxDistance==10", "near", "within", "x", "near;maxDistance==x"]
        ),
        "geometry": chance.choice(["Point", "Polygon", "x", ""]),
        "coordinates": chance.choice(["[1,2]", "[[[0,0],[1,1],[1,0],[0,0]]]", "[", "[1e999,0]"]),
        "limit": chance.choice(["0", "1", "1000", "-1", "x", "99999999999999999999"]),
        "offset": chance.choice(["0", "5", "-1", "9" * 30]),
        "count": chance.choice(["true", "x"]),
        "options": chance.choice(["keyValues", "sysAttrs,concise", "x", ""]),
        "orderBy": chance.choice(["a;desc", ";", "a.b,c", ""]),
        "lang": chance.choice(["ja", "*", "x;q=2", ""]),
        "timerel": chance.choice(["before", "between", "x"]),
        "timeAt": chance.choice(["2020-01-01T00:00:00Z", "x", "9999-12-31T23:59:59.999999Z"]),
        "lastN": chance.choice(["1", "-1", "x"]),
        "aggrPeriodDuration": chance.choice(["PT1S", "P1M", "P0D", "x", "P999999999Y"]),
        "join": chance.choice(["inline", "flat", "x"]),
    }
    chosen = chance.sample(sorted(parameters), chance.randrange(1, 7))
    text = "&".join(f"{name}={quote(parameters[name], safe='')}" for name in chosen)
    path = chance.choice(PATHS)
    return "GET", f"/ngsi-ld/v1{path}?{text}", None, headers(chance)


def v2(chance: Chance) -> Made:
    text = quote(query(chance), safe="")
    plain = {"id": f"f{chance.randrange(20)}", "type": "T", chance.choice(NAMES): attribute(chance)}
    method, path, body = chance.choice(
        [
            ("POST", "/entities", plain),
            ("POST", "/entities?options=keyValues", {**plain, "x": value(chance)}),
            ("POST", f"/entities/f{chance.randrange(20)}/attrs", {"a": attribute(chance)}),
            ("PUT", "/entities/f1/attrs/a/value", value(chance)),
            ("POST", "/op/update", {"actionType": "append", "entities": [plain, value(chance)]}),
            (
                "POST",
                "/op/query",
                {"entities": [value(chance)], "expression": {"q": query(chance)}},
            ),
            ("POST", "/subscriptions", {"subject": value(chance), "notification": value(chance)}),
            ("POST", "/registrations", {"dataProvided": value(chance), "provider": value(chance)}),
            ("POST", "/op/notify", {"subscriptionId": "x", "data": [plain]}),
            ("GET", f"/entities?q={text}", None),
            ("GET", f"/entities?mq={text}&options=count", None),
            ("GET", f"/entities?georel=near;maxDistance:{text}&geometry=point&coords=1,2", None),
            ("GET", f"/entities/f1?attrs={text}&metadata=*", None),
        ]
    )
    sent = None if body is None else damaged(chance, body)
    return method, f"/v2{path}", sent, headers(chance, v2=True)


MAKERS: tuple[Callable[[Chance], Made], ...] = (write_ld, read_ld, v2)


class Found:
    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.broken: list[str] = []
        self.slow: list[str] = []
        self.slowest_s = 0.0


async def client(
    http: aiohttp.ClientSession, origin: str, chance: Chance, end: float, found: Found
) -> None:
    while time.monotonic() < end:
        method, path, body, sent = chance.choice(MAKERS)(chance)
        started = time.monotonic()
        try:
            async with http.request(method, f"{origin}{path}", data=body, headers=sent) as answer:
                text = (await answer.read())[:200]
                found.statuses[answer.status] += 1
                # A context or a source that cannot be had is somebody else's 5xx.
                if answer.status >= 500 and answer.status not in (504, 508):
                    found.broken.append(f"{answer.status} {method} {path} {sent} {body!r} {text!r}")
        except (aiohttp.ClientError, TimeoutError) as error:
            found.broken.append(f"{type(error).__name__} {method} {path} {body!r}")
        took = time.monotonic() - started
        found.slowest_s = max(found.slowest_s, took)
        if took > SLOW_S:
            found.slow.append(f"{took:.1f} s {method} {path} {body!r}"[:600])


async def main(seconds: float, seed: int) -> int:
    found = Found()
    with broker_running("fuzz") as (process, origin, _):
        limit = aiohttp.ClientTimeout(total=30)
        async with aiohttp.ClientSession(timeout=limit) as http:
            chances = [random.Random(seed * 1000 + number) for number in range(CLIENTS)]
            warm = time.monotonic() + min(5.0, seconds / 4)
            await asyncio.gather(*(client(http, origin, one, warm, found) for one in chances))
            before = _python_mib(process)
            end = time.monotonic() + seconds
            await asyncio.gather(*(client(http, origin, one, end, found) for one in chances))
            after = _python_mib(process)
            async with http.get(f"{origin}/ngsi-ld/v1/entities?type=T&limit=1") as answer:
                lives = answer.status == 200
    text, is_clean = judge(found, before, after, lives, seed)
    print(text)
    for line in (found.broken + found.slow)[:20]:
        print(line[:1500])
    RESULTS.write_text(text, "utf-8")
    return 0 if is_clean else 1


def _python_mib(process: object) -> float:
    rows = resident_memory(process)  # type: ignore[arg-type]
    return next(float(row[2]) for row in rows if row[0] == "Python")


def judge(found: Found, before: float, after: float, lives: bool, seed: int) -> tuple[str, bool]:
    rows = [
        ("requests", sum(found.statuses.values())),
        *((f"answered {status}", count) for status, count in sorted(found.statuses.items())),
        ("slowest answer, ms", round(found.slowest_s * 1000)),
        ("memory of the servers before, MiB", round(before)),
        ("memory of the servers after, MiB", round(after)),
        ("**5xx or no answer**", len(found.broken)),
        (f"**slower than {SLOW_S:.0f} s**", len(found.slow)),
        ("**does not answer afterwards**", int(not lives)),
        (f"**grown by more than {LIMIT_MIB} MiB**", int(after - before > LIMIT_MIB)),
    ]
    is_clean = not any(count for name, count in rows if name.startswith("**"))
    lines = [
        f"Run of {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, seed {seed}, {CLIENTS} clients.",
        "",
        "| what | count |",
        "|---|---|",
        *(f"| {name} | {count:,} |" for name, count in rows),
    ]
    return "\n".join(lines) + "\n", is_clean


if __name__ == "__main__":
    numbers = [float(text) for text in sys.argv[1:]]
    sys.exit(
        asyncio.run(
            main(numbers[0] if numbers else 60.0, int(numbers[1]) if len(numbers) > 1 else 1)
        )
    )
