"""Temporal and aggregated answers equal a naive recomputation."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as for_all
from hypothesis import strategies as st

from mieone.blocks.broker.actions import temporal
from mieone.blocks.broker.model import AttributeKind, Instance, Query, Tenant, TenantName
from mieone.blocks.broker.model.temporal import (
    Aggregation,
    AggregationMethod,
    Period,
    TemporalQuery,
    TimeProperty,
    TimeRelation,
    TimeSpan,
)
from mieone.blocks.broker.problems import InvalidRequest, ResourceNotFound
from mieone.blocks.broker.rules.forms import Form
from mieone.blocks.broker.rules.personal import PersonalTerms
from mieone.blocks.broker.rules.reading import TemporalDocument
from mieone.blocks.broker.rules.temporal.rendering import TemporalForm, TemporalFormat
from mieone.core.database import Conn
from tests.blocks.broker import naive_history as naive

TENANT = Tenant(name=TenantName("region"), title="x", is_default=True)
PERSONAL = PersonalTerms(())
HOUR = 3_600_000_000
NUMBER = itertools.count(1)
START = datetime(2024, 1, 29, 22, 0, tzinfo=UTC)
INSTANTS = [
    START + timedelta(hours=hours, minutes=minutes)
    for hours in (0, 1, 2, 23, 24, 26, 50, 24 * 29, 24 * 31, 24 * 60, 24 * 366)
    for minutes in (0, 1, 59)
]
POSTED = [datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=n, microseconds=n) for n in range(3)]

instants = st.sampled_from(INSTANTS)
numbers = st.one_of(st.integers(-50, 50), st.floats(-1e6, 1e6, allow_nan=False))
texts = st.sampled_from(["", "a", "B", "ば", "zz", "𠮷"])
date_times = st.sampled_from(
    ["2024-01-01T00:00:00Z", "2024-01-01T08:00:00+09:00", "2023-06-01T00:00:00Z"]
)
mixed = st.one_of(
    numbers,
    st.booleans(),
    texts,
    st.lists(st.integers(0, 2), max_size=3),
    st.just({"a": 1}),
    date_times.map(lambda text: {"@type": "DateTime", "@value": text}),
    st.sampled_from(["08:00:00Z", "17:30:10Z"]).map(lambda text: {"@type": "Time", "@value": text}),
)
attributes = st.tuples(
    st.sampled_from(["urn:n:a", "urn:n:b"]), st.sampled_from(["@none", "urn:d:1"])
)


@st.composite
def histories(draw: st.DrawFn, values: st.SearchStrategy[Any]) -> list[Any]:
    """A few posts, each with some instances."""
    instance = st.builds(
        lambda key, value, at: (*key, value, at), attributes, values, st.none() | instants
    )
    posts = draw(st.lists(st.lists(instance, max_size=25), min_size=1, max_size=3))
    return list(zip(POSTED, posts, strict=False))


@st.composite
def spans(draw: st.DrawFn) -> TimeSpan:
    relation = draw(st.none() | st.sampled_from(list(TimeRelation)))
    name = draw(
        st.sampled_from(
            [None, TimeProperty.OBSERVED_AT, TimeProperty.CREATED_AT, TimeProperty.MODIFIED_AT]
        )
    )
    if relation is not None and name is None:
        name = TimeProperty.OBSERVED_AT
    moments = instants if name in (None, TimeProperty.OBSERVED_AT) else st.sampled_from(POSTED)
    low, high = sorted((draw(moments), draw(moments)))
    return TimeSpan(
        relation=relation,
        at=None if relation is None else low,
        end_at=high if relation is TimeRelation.BETWEEN else None,
        property=name,
        last_n=draw(st.none() | st.integers(1, 6)),
    )


periods = st.sampled_from(
    [
        Period(),
        Period(microseconds=HOUR),
        Period(microseconds=7 * HOUR + 1),
        Period(microseconds=24 * HOUR),
        Period(microseconds=7 * 24 * HOUR),
        Period(months=1),
        Period(months=12),
        Period(months=1, microseconds=5 * HOUR),
    ]
)
aggregations = st.builds(
    Aggregation,
    methods=st.lists(
        st.sampled_from(list(AggregationMethod)), min_size=1, max_size=8, unique=True
    ).map(tuple),
    period=periods,
)
often = settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


async def given_history(conn: Conn, posts: list[Any]) -> str:
    entity_id = f"urn:x:{next(NUMBER)}"
    for at, instances in posts:
        told: dict[str, list[Any]] = {}
        for name, dataset, value, observed_at in instances:
            instance = Instance(kind=AttributeKind.PROPERTY, value=value, observed_at=observed_at)
            told.setdefault(name, []).append((dataset, instance))
        document = TemporalDocument(
            id=entity_id,
            types=("urn:t:Gauge",),
            attributes={name: tuple(pairs) for name, pairs in told.items()},
        )
        await temporal.add_instances(conn, TENANT, entity_id, document, PERSONAL, at, creates=True)
    return entity_id


def facts_of(posts: list[Any]) -> list[naive.Fact]:
    """In the order in which the body had them: attribute by attribute."""
    ordered = []
    for at, instances in posts:
        names = list(dict.fromkeys(name for name, *_ in instances))
        ordered.append((at, sorted(instances, key=lambda one: names.index(one[0]))))
    return naive.remember(ordered)


async def ask(conn: Conn, entity_id: str, span: TimeSpan, asked: Any, limit: int) -> Any:
    """The page, or None for nothing."""
    form = TemporalForm(
        form=Form(),
        format=TemporalFormat.AGGREGATED if asked else TemporalFormat.NORMALIZED,
        property=span.property,
        aggregation=asked,
    )
    question = TemporalQuery(entities=Query(), span=span, aggregation=asked)
    try:
        async with conn.transaction():
            return await temporal.retrieve(conn, TENANT, entity_id, question, form, limit)
    except ResourceNotFound:
        return None


@often
@for_all(posts=histories(mixed), span=spans(), limit=st.sampled_from([10, 25, 1000]))
async def test_an_answer_holds_what_lies_within_its_span(
    conn: Conn, posts: list[Any], span: TimeSpan, limit: int
) -> None:
    entity_id = await given_history(conn, posts)
    facts = naive.newest(naive.within(facts_of(posts), span), span)
    expected, edge = naive.cut(facts, span, limit)

    page = await ask(conn, entity_id, span, None, limit)

    if page is None:
        assert not expected
        return
    ((_, told),) = page.histories
    found = [
        (one.series.name, one.series.dataset, recorded.instance.value, recorded.at)
        for one in told
        for recorded in one.instances
    ]
    wanted = [
        (fact.name, fact.dataset, fact.value, naive.time_of(fact, span.property))
        for fact in sorted(
            expected,
            key=lambda fact: (
                fact.name,
                fact.dataset,
                naive.time_of(fact, span.property),
                fact.place,
            ),
        )
    ]
    assert found == wanted
    assert (page.edge.end if page.edge else None) == edge
    # What was cut away altogether is still told of, as empty.
    assert {(one.series.name, one.series.dataset) for one in told} == {
        (fact.name, fact.dataset) for fact in naive.within(facts_of(posts), span)
    }


@often
@for_all(posts=st.one_of(histories(numbers), histories(mixed)), span=spans(), asked=aggregations)
async def test_an_aggregation_equals_its_recomputation(
    conn: Conn, posts: list[Any], span: TimeSpan, asked: Aggregation
) -> None:
    entity_id = await given_history(conn, posts)
    facts = naive.newest(naive.within(facts_of(posts), span), span)
    expected = naive.aggregated(facts, span, asked)

    page = await ask(conn, entity_id, span, asked, 1000)

    found: dict[Any, dict[str, list[Any]]] = {}
    for one in page.histories[0][1] if page else ():
        for bucket in one.buckets:
            for method, value in bucket.values.items():
                methods = found.setdefault((one.series.name, one.series.dataset), {})
                methods.setdefault(str(method), []).append([value, bucket.start, bucket.end])
    assert found.keys() == expected.keys()
    for key, methods in expected.items():
        assert found[key].keys() == methods.keys()
        for method, rows in methods.items():
            assert [row[1:] for row in found[key][method]] == [row[1:] for row in rows]
            for (value, *_), (wanted, *_) in zip(found[key][method], rows, strict=True):
                is_text = isinstance(wanted, str)
                close = wanted if is_text else pytest.approx(wanted, rel=1e-9, abs=1e-6)
                assert value == close, method


async def test_pages_of_time_lose_nothing(conn: Conn) -> None:
    """Going on from each edge meets every instance, also of the other attribute at the edge."""
    values = [("urn:n:a", "@none", n, START + timedelta(minutes=n // 3)) for n in range(0, 90, 3)]
    values += [("urn:n:b", "@none", n, START + timedelta(minutes=n)) for n in range(30)]
    entity_id = await given_history(conn, [(POSTED[0], values)])
    met: set[Any] = set()
    at = START
    for _ in range(20):
        span = TimeSpan(relation=TimeRelation.AFTER, at=at, property=TimeProperty.OBSERVED_AT)
        page = await ask(conn, entity_id, span, None, 11)
        for one in page.histories[0][1]:
            met |= {(one.series.name, recorded.at) for recorded in one.instances}
        if page.edge is None:
            break
        at = page.edge.end
    assert len(met) == 60


@pytest.mark.parametrize("last_n", [None, 150, 400])
async def test_a_busy_series_among_quiet_ones_keeps_its_part(
    conn: Conn, last_n: int | None
) -> None:
    """However few of each series are looked at first, the answer is the naive one."""
    values = [("urn:n:0", "@none", n, START + timedelta(seconds=n)) for n in range(300)]
    for name in range(1, 9):
        values += [
            (f"urn:n:{name}", "@none", n, START + timedelta(seconds=40 * n)) for n in range(9)
        ]
    posts = [(POSTED[0], values)]
    entity_id = await given_history(conn, posts)
    span = TimeSpan(last_n=last_n)
    expected, edge = naive.cut(naive.newest(facts_of(posts), span), span, 200)

    page = await ask(conn, entity_id, span, None, 200)

    assert page.edge.end == edge
    assert sum(len(one.instances) for one in page.histories[0][1]) == len(expected)


async def test_a_named_attribute_that_cannot_be_aggregated_is_said(conn: Conn) -> None:
    entity_id = await given_history(conn, [(POSTED[0], [("urn:n:a", "@none", "x", START)])])
    asked = Aggregation(methods=(AggregationMethod.SUM,))
    form = TemporalForm(
        form=Form(attributes=frozenset({"urn:n:a"})),
        format=TemporalFormat.AGGREGATED,
        aggregation=asked,
    )
    question = TemporalQuery(entities=Query(), span=TimeSpan(), aggregation=asked)

    with pytest.raises(InvalidRequest):
        await temporal.retrieve(conn, TENANT, entity_id, question, form, 100)
