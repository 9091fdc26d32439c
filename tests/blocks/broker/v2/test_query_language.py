"""q and mq: statements, operators, lists, ranges, quotes, paths into values."""

import pytest

from .client import JSON, V2, says

ENTITIES: list[JSON] = [
    {"id": "A", "type": "T", "n": {"value": 10}, "s": {"value": "red"}, "b": {"value": True}},
    {"id": "B", "type": "T", "n": {"value": 20.5}, "s": {"value": "blue"}, "b": {"value": False}},
    {"id": "C", "type": "T", "n": {"value": "10"}, "s": {"value": "light,green"}},
    {
        "id": "D",
        "type": "T",
        "o": {"value": {"city": "Taki", "code": 24, "deep": {"x.y": [1, 2]}}},
        "l": {"value": ["red", 10, {"a": 1}]},
    },
    {
        "id": "E",
        "type": "T",
        "t": {"type": "DateTime", "value": "2026-11-22T12:00:00Z"},
        "a.b": {"value": 7},
        "z": {"value": None},
        "s": {"value": "2026-11-22T12:00:00.000Z"},
    },
]


async def given_entities(v2: V2) -> None:
    await v2.create_all(*ENTITIES)


@pytest.mark.parametrize(
    ("q", "ids"),
    [
        ("n", "ABC"),
        ("!n", "DE"),
        ("n;s", "ABC"),
        ("n;!b", "C"),
        ("z", "E"),
        ("n==10", "A"),
        ("n:10", "A"),
        ("n==10.0", "A"),
        ("n=='10'", "C"),
        ("n:'10'", "C"),
        ("n!=10", "BC"),
        ("n>10", "B"),
        ("n>=10", "AB"),
        ("n<20.5", "A"),
        ("n<=20.5", "AB"),
        ("n>1e1", "B"),
        ("n==10,20.5", "AB"),
        ("n!=10,20.5", "C"),
        ("n==5..15", "A"),
        ("n==10..20.5", "AB"),
        ("n==11..15", ""),
        ("n!=5..15", "BC"),
        ("n==-5..15", "A"),
        ("s==red", "A"),
        ("s==red,blue", "AB"),
        ("s=='light,green'", "C"),
        ("s=='light,green','red'", "AC"),
        ("s!=red", "BCE"),
        ("s!=red,blue", "CE"),
        ("s~=e$", "B"),
        ("s~=^r", "A"),
        ("s~=r", "AC"),
        ("s~=(red|blue)", "AB"),
        ("s>light", "AC"),
        ("s==a..c", "B"),
        ("b==true", "A"),
        ("b==false", "B"),
        ("b!=true", "B"),
        ("b=='true'", ""),
        ("o.city==Taki", "D"),
        ("o.city==Meiwa", ""),
        ("o.city", "D"),
        ("!o.city", "ABCE"),
        ("o.code>20", "D"),
        ("o.nothing", ""),
        ("o.deep.'x.y'==2", "D"),
        ("o.deep.'x.y'==3", ""),
        ("l==red", "D"),
        ("l==10", "D"),
        ("l==blue,10", "D"),
        ("l!=blue", "D"),
        ("l!=red", ""),
        ("'a.b'==7", "E"),
        ("a.b==7", ""),
        ("t>2026-11-22", "E"),
        ("t>2026-11-22T12:00:00Z", ""),
        ("t>=2026-11-22T12:00:00Z", "E"),
        ("t==2026-11-22T12:00:00Z", "E"),
        ("t==2026-11-22T21:00:00+09:00", "E"),
        ("t==2026-11-22..2026-11-23", "E"),
        ("t<2026-11-22T11:59:59.999Z", ""),
        ("t!=2026-11-22T12:00:00Z", ""),
        ("n>5;n<15;s==red", "A"),
        ("n>5;s==blue", "B"),
        ("dateCreated>2020-01-01", "ABCDE"),
        ("dateModified<2020-01-01", ""),
        ("dateExpires", ""),
        ("!dateExpires", "ABCDE"),
        (" n == 10 ", "A"),
    ],
)
async def test_q_finds(v2: V2, q: str, ids: str) -> None:
    await given_entities(v2)

    answer = await v2.http.get(
        "/v2/entities", params={"q": q}, headers={"Fiware-Service": v2.tenant}
    )
    asked = await v2.post("/v2/op/query", {"expression": {"q": q}})

    assert answer.status_code == 200, answer.text
    assert "".join(entity["id"] for entity in answer.json()) == ids
    assert asked.json() == answer.json()


BAD = [
    ";",
    "n;",
    ";n",
    "n==",
    "==5",
    "n>",
    "n==a,",
    "n==,a",
    "n==1..",
    "n==..1",
    "n==1..a",
    "n==1,2..3",
    "n>1,2",
    "n>1..2",
    "n<true",
    "s~=(",
    "s~=[",
    "s=='a",
    "'s==a",
    "!",
    "n.",
    ".n",
    "n..a",
    "a b==1",
    "n=5",
    "n;(s|b)",
    '"n"==1',
]


@pytest.mark.parametrize("q", BAD)
@pytest.mark.parametrize("name", ["q", "mq"])
async def test_what_is_no_query_is_refused(v2: V2, q: str, name: str) -> None:
    answer = await v2.http.get(
        "/v2/entities", params={name: q}, headers={"Fiware-Service": v2.tenant}
    )
    says(answer, 400, "BadRequest")
    says(await v2.post("/v2/op/query", {"expression": {name: q}}), 400, "BadRequest")


@pytest.mark.parametrize(
    ("mq", "ids"),
    [
        ("a.accuracy", "AB"),
        ("!a.accuracy", "CD"),
        ("a.accuracy==0.5", "A"),
        ("a.accuracy<0.8", "A"),
        ("a.accuracy>=0.5", "AB"),
        ("a.accuracy==0..1", "AB"),
        ("a.accuracy!=0.5", "B"),
        ("a.by==x", "A"),
        ("a.by~=^x", "A"),
        ("a.unitCode==CEL", "A"),
        ("a.observedAt>2026-01-01", "B"),
        ("a.observedAt==2026-11-22T00:00:00Z", "B"),
        ("a.TimeInstant>2026-01-01", "C"),
        ("a.when>2026-01-01", "C"),
        ("a.type==odd", "C"),
        ("a.o.deep==1", "C"),
        ("a.o.deep==2", ""),
        ("a.dateCreated>2020-01-01", "ABC"),
        ("a.dateModified<2020-01-01", ""),
        ("a.accuracy;a.by==x", "A"),
        ("b.accuracy", ""),
    ],
)
async def test_mq_looks_at_metadata(v2: V2, mq: str, ids: str) -> None:
    time = {"type": "DateTime", "value": "2026-11-22"}
    marks: list[JSON] = [
        {"accuracy": {"value": 0.5}, "by": {"value": "x"}, "unitCode": {"value": "CEL"}},
        {"accuracy": {"value": 0.9}, "observedAt": time},
        {"TimeInstant": time, "when": time, "type": {"value": "odd"}, "o": {"value": {"deep": 1}}},
    ]
    await v2.create_all(
        *(
            {"id": name, "type": "T", "a": {"value": 1, "metadata": mark}}
            for name, mark in zip("ABC", marks, strict=True)
        ),
        {"id": "D", "type": "T"},
    )

    answer = await v2.http.get(
        "/v2/entities", params={"mq": mq}, headers={"Fiware-Service": v2.tenant}
    )

    assert answer.status_code == 200, answer.text
    assert "".join(entity["id"] for entity in answer.json()) == ids


async def test_mq_names_an_attribute_and_a_metadata(v2: V2) -> None:
    says(await v2.get("/v2/entities?mq=a"), 400, "BadRequest")


async def test_a_query_that_is_too_long_is_refused(v2: V2) -> None:
    many = ";".join("n==1" for _ in range(200))
    listed = "n==" + ",".join("1" for _ in range(2000))

    for q in (many, listed, "n==" + "x" * 20_000):
        answer = await v2.post("/v2/op/query", {"expression": {"q": q}})
        assert answer.status_code == 403, answer.text
