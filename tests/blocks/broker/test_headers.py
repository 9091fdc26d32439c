"""Headers and bodies of strangers, read without a surprise."""

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from mieone.blocks.broker.problems import BadRequestData, InvalidRequest
from mieone.blocks.broker.routes.ld_params import read_params
from mieone.blocks.broker.rules.headers import (
    JSON_LD_CONTEXT,
    Link,
    MalformedHeaderError,
    choose_media_type,
    list_context_urls,
    prefers,
    read_links,
)
from mieone.blocks.broker.rules.json_reading import MAX_DEPTH, read_json

OFFERED = ("application/json", "application/ld+json", "text/csv")
targets = st.from_regex(r"https://[a-z]{1,8}\.example/[a-z,;]{0,8}", fullmatch=True)


@for_all(st.lists(st.tuples(targets, st.sampled_from(["next", "prev", JSON_LD_CONTEXT]))))
def test_every_link_is_read_as_it_was_written(links: list[tuple[str, str]]) -> None:
    text = ", ".join(f'<{target}>; title="a, \\"b\\""; rel="{rel}"' for target, rel in links)

    assert list(read_links(text)) == [Link(target=t, relations=(rel,)) for t, rel in links]
    assert list_context_urls(text) == tuple(t for t, rel in links if rel == JSON_LD_CONTEXT)


@for_all(st.text(alphabet='<>;,="\\ relanx\t', max_size=40))
def test_a_link_header_is_read_or_called_malformed(text: str) -> None:
    try:
        list(read_links(text))
    except MalformedHeaderError:
        return


def test_a_long_header_takes_no_long_time() -> None:
    with pytest.raises(MalformedHeaderError):
        list(read_links("<a>" + "; a" * 20_000 + " " * 60_000 + "!"))


@for_all(st.text(max_size=60))
def test_one_of_the_offered_types_is_chosen_or_none(accept: str) -> None:
    assert choose_media_type(accept, OFFERED) in (*OFFERED, None)


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", "application/json"),
        ("text/csv", "text/csv"),
        ("text/*, application/json;q=0.5", "text/csv"),
        ("*/*;q=0.1, application/ld+json;q=0.2", "application/ld+json"),
        ("application/json;q=0, */*", "application/ld+json"),
        ("application/json;q=nonsense", None),
        ("image/png", None),
    ],
)
def test_weights_decide(accept: str, chosen: str | None) -> None:
    assert choose_media_type(accept, OFFERED) == chosen


def test_a_preference_is_found_among_others() -> None:
    assert prefers('respond-async, body="ld+json"; x=1', "body=ld+json")
    assert not prefers("body=json", "body=ld+json")


@for_all(st.binary(max_size=60))
def test_a_body_is_read_or_refused(body: bytes) -> None:
    try:
        read_json(body)
    except (InvalidRequest, BadRequestData):
        return


@pytest.mark.parametrize("depth", [1, MAX_DEPTH, MAX_DEPTH + 1, 500, 200_000])
def test_depth_is_bounded(depth: int) -> None:
    body = b"[" * depth + b"1" + b"]" * depth
    if depth <= MAX_DEPTH:
        assert read_json(body) is not None
        return
    with pytest.raises(BadRequestData):
        read_json(body)


@for_all(st.text(alphabet="ab=&%+,;0Fé", max_size=30))
def test_a_query_is_read_or_refused(query: str) -> None:
    try:
        params = read_params(query.encode(), ("a", "b"), ("c",))
    except (InvalidRequest, BadRequestData):
        return
    assert params.options <= {"c"}


def test_the_count_of_readers_from_v2_is_understood() -> None:
    params = read_params(b"options=count,temporalValues", ("count",), ("temporalValues",))

    assert params.flag("count")
    assert params.options == {"temporalValues"}
