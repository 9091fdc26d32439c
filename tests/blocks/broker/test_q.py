"""The query languages: what is read is what is written, and nothing sent breaks the reader."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from mieone.blocks.broker.model import (
    DEFAULT_VOCABULARY,
    Absent,
    AllOf,
    AllTypes,
    AnyOf,
    AnyType,
    Compare,
    Comparison,
    Condition,
    Exists,
    GeoRelation,
    Iri,
    JsonValue,
    OneType,
    Order,
    Path,
    Scalar,
    Span,
)
from mieone.blocks.broker.problems import BadRequestData, TooComplexQuery
from mieone.blocks.broker.rules.q import (
    RESERVED,
    parse_geo,
    parse_order,
    parse_q,
    parse_scope_q,
    parse_types,
    print_geo,
    print_q,
    print_scope_q,
    print_types,
)


class PlainTerms:
    """The default vocabulary and nothing else."""

    urls: tuple[str, ...] = ()
    link = ""
    inline: JsonValue = None

    def expand_name(self, term: str) -> Iri:
        return term if ":" in term else DEFAULT_VOCABULARY + term

    def compact_name(self, iri: Iri) -> str:
        return iri.removeprefix(DEFAULT_VOCABULARY)

    expand_type = expand_name
    compact_type = compact_name

    def expand_value(self, name: Iri, value: JsonValue) -> JsonValue:
        return value

    def compact_value(self, name: Iri, value: JsonValue) -> JsonValue:
        return value

    def aliases(self, name: Iri) -> tuple[Iri, ...]:
        return (name,)


TERMS = PlainTerms()

names = st.from_regex(r"[a-z][A-Za-z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: name not in RESERVED
)
texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=20)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
instants = st.datetimes(
    # hypothesis takes bounds without a zone and adds it itself.
    min_value=datetime(1, 1, 2),  # noqa: DTZ001
    max_value=datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.just(UTC),
)
spans = st.builds(Span, numbers, numbers) | st.builds(Span, instants, instants)
bare = numbers | instants | st.booleans() | st.sampled_from(("urn:a:b", "https://x.jp/a.b#c"))


@st.composite
def paths(draw: st.DrawFn) -> Path:
    short = tuple(draw(st.lists(names, min_size=1, max_size=3)))
    members = tuple(draw(st.lists(names, max_size=2)))
    return Path(
        names=tuple(TERMS.expand_name(name) for name in short), short=short, members=members
    )


@st.composite
def comparisons(draw: st.DrawFn) -> Compare:
    path = draw(paths())
    values: tuple[Scalar | Span, ...]
    if draw(st.booleans()):
        operator = draw(st.sampled_from((Comparison.EQUAL, Comparison.UNEQUAL)))
        is_quoted = draw(st.booleans())
        values = tuple(draw(st.lists(texts if is_quoted else bare | spans, min_size=1, max_size=3)))
        expanded = tuple(TERMS.expand_name(v) for v in values if isinstance(v, str))
        return Compare(
            path=path, operator=operator, values=values, is_quoted=is_quoted, expanded=expanded
        )
    operator = draw(st.sampled_from((Comparison.GREATER, Comparison.LESS_EQUAL)))
    return Compare(path=path, operator=operator, values=(draw(numbers | instants),))


def _grown(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(parts, min_size=2, max_size=3).map(tuple)
    return st.builds(AllOf, several) | st.builds(AnyOf, several)


conditions = st.recursive(
    st.builds(Exists, paths()) | st.builds(Absent, paths()) | comparisons(), _grown, max_leaves=8
)


@pytest.mark.parametrize(
    ("spaced", "tight"),
    [
        ("a > 1", "a>1"),
        (' a == "x y" ', 'a=="x y"'),
        ("( a>1 | ! b ) ; c.d [e] != 1 , 2", "(a>1|!b);c.d[e]!=1,2"),
        ("a == 1 .. 2", "a==1..2"),
        ('a ~= "b c"', 'a~="b c"'),
    ],
)
def test_blanks_around_signs_count_for_nothing(spaced: str, tight: str) -> None:
    assert parse_q(spaced, TERMS) == parse_q(tight, TERMS)


@for_all(conditions)
def test_what_is_written_out_reads_as_the_same(condition: Condition) -> None:
    assert parse_q(print_q(condition, TERMS), TERMS) == condition


@for_all(st.text(st.sampled_from('ab.[]()!=<>~;|,"\\ 015:-TZurn') | st.characters(), max_size=60))
def test_no_text_brings_anything_but_a_problem(text: str) -> None:
    for parse in (
        lambda: parse_q(text, TERMS),
        lambda: parse_types(text, TERMS),
        lambda: parse_scope_q(text),
        lambda: parse_order(text, TERMS),
        lambda: parse_geo(text, "Point", text, "l"),
        lambda: parse_geo("within", text, [0, 0], "l"),
        lambda: parse_geo("within", "Polygon", text, "l"),
    ):
        with suppress(BadRequestData, TooComplexQuery):
            parse()


json_values: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3),
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(max_size=3), parts),
    max_leaves=12,
)


@for_all(
    st.sampled_from(("Point", "LineString", "Polygon", "MultiPolygon", "MultiPoint")), json_values
)
def test_no_coordinates_bring_anything_but_a_problem(kind: str, coordinates: JsonValue) -> None:
    with suppress(BadRequestData, TooComplexQuery):
        parse_geo("intersects", kind, coordinates, "l")


def _path(*short: str, members: tuple[str, ...] = ()) -> Path:
    return Path(names=tuple(TERMS.expand_name(s) for s in short), short=short, members=members)


def test_and_binds_closer_than_or() -> None:
    read = parse_q("a;b|!c;d", TERMS)

    assert read == AnyOf(
        (
            AllOf((Exists(_path("a")), Exists(_path("b")))),
            AllOf((Absent(_path("c")), Exists(_path("d")))),
        )
    )


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a==1..5", (Span(1, 5),)),
        ("a==1.5..2.5,7", (Span(1.5, 2.5), 7)),
        ('a=="x;y|z","(\\")"', ("x;y|z", '(")')),
        ("a==2018-12-04", (datetime(2018, 12, 4, tzinfo=UTC),)),
        ("a==2018-12-04T12:00:00+09:00", (datetime(2018, 12, 4, 3, tzinfo=UTC),)),
        ("a==12:00:00Z", ("12:00:00Z",)),
        ("a==urn:ngsi-ld:City:Pisa", ("urn:ngsi-ld:City:Pisa",)),
        ("a==-1e3", (-1000.0,)),
        ("a==true", (True,)),
    ],
)
def test_values(text: str, values: tuple[Scalar | Span, ...]) -> None:
    read = parse_q(text, TERMS)

    assert isinstance(read, Compare)
    assert read.values == values


@pytest.mark.parametrize("text", ["a~=^(x|y).*$;b", 'a~="^(x|y)"', "a!~=[|;)]x"])
def test_patterns_may_stand_bare(text: str) -> None:
    assert parse_q(text, TERMS) is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a==",
        "a=1",
        "a===1",
        "a==b",
        'a=="b',
        "(a",
        "a)",
        "a;",
        ";a",
        "a||b",
        "a..b",
        ".a",
        "a[",
        "a[]",
        "a[b]c==1",
        "a{b==1}",
        "!a==1",
        "a>1,2",
        "a>true",
        "a==1..x",
        'a==1.."b"',
        "a~=",
        'a~="("',
        "a==1 2",
        "a b==1",
    ],
)
def test_what_is_not_in_the_language_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(BadRequestData, match=r"at character|regular expression"):
        parse_q(text, TERMS)


@pytest.mark.parametrize(
    "text",
    ["(" * 40 + "a" + ")" * 40, "a;" * 400 + "a", "a==" + "1," * 2000 + "1", "a" * 20_000],
)
def test_too_much_is_refused_as_too_complex(text: str) -> None:
    with pytest.raises(TooComplexQuery):
        parse_q(text, TERMS)


def test_whole_iris_are_names_of_one_attribute() -> None:
    read = parse_q("https://example.jp/terms#level[a.b]>=4", TERMS)

    assert isinstance(read, Compare)
    assert read.path.names == ("https://example.jp/terms#level",)
    assert read.path.members == ("a", "b")


def test_types_are_chosen_by_name() -> None:
    read = parse_types("(A;B),C|https://example.jp/D", TERMS)

    assert read == AnyType(
        (
            AllTypes((OneType(TERMS.expand_type("A")), OneType(TERMS.expand_type("B")))),
            OneType(TERMS.expand_type("C")),
            OneType("https://example.jp/D"),
        )
    )
    assert parse_types(print_types(read, TERMS), TERMS) == read


def test_scopes_multiply_out() -> None:
    read = parse_scope_q("/a/+/c;(/b,/#)")

    assert read.alternatives == (("/a/+/c", "/b"), ("/a/+/c", "/#"))
    assert parse_scope_q(print_scope_q(read)) == read


@pytest.mark.parametrize("text", ["", "a", "/", "/a/", "/#/a", "/a#", "/a;", "//a"])
def test_bad_scopes_are_refused(text: str) -> None:
    with pytest.raises(BadRequestData):
        parse_scope_q(text)


def test_orders() -> None:
    read = parse_order("type;asc,name.sub;desc,name", TERMS)

    assert read == (
        Order(path=None, member="type"),
        Order(path=_path("name", "sub"), is_descending=True),
        Order(path=_path("name")),
    )


def test_near_takes_its_distance() -> None:
    read = parse_geo("near;maxDistance==1500.5", "Point", "[136.5, 34.7]", "l")

    assert (read.relation, read.max_distance_m) == (GeoRelation.NEAR, 1500.5)
    assert print_geo(read)["georel"] == "near;maxDistance==1500.5"


@pytest.mark.parametrize(
    ("georel", "geometry", "coordinates"),
    [
        ("near", "Point", "[1,2]"),
        ("near;maxDistance:5", "Point", "[1,2]"),
        ("near;maxDistance==-5", "Point", "[1,2]"),
        ("within;maxDistance==5", "Point", "[1,2]"),
        ("coveredBy", "Point", "[1,2]"),
        ("within", "Circle", "[1,2]"),
        ("within", "Point", "[1]"),
        ("within", "Point", "[181,0]"),
        ("within", "Point", "[0,true]"),
        ("within", "Point", "nothing"),
        ("within", "LineString", "[[1,2]]"),
        ("within", "Polygon", "[[[0,0],[1,0],[1,1],[0,1]]]"),
        ("within", "Polygon", "[[[0,0],[1,0],[0,0]]]"),
        ("within", "MultiPoint", "[]"),
        ("within", "MultiPolygon", "[[]]"),
    ],
)
def test_bad_geo_queries_are_refused(georel: str, geometry: str, coordinates: str) -> None:
    with pytest.raises(BadRequestData):
        parse_geo(georel, geometry, coordinates, "l")
