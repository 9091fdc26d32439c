"""Ruby, places and escaping."""

from hypothesis import given as for_all
from hypothesis import strategies as st
from markupsafe import Markup

from mieone.web.text import parse_message, plain_text, ruby_markup

RUBY = "<ruby>町役場<rp>（</rp><rt>まちやくば</rt><rp>）</rp></ruby>"


def test_kanji_before_a_reading_become_ruby() -> None:
    assert ruby_markup("この町役場《まちやくば》へ") == f"この{RUBY}へ"


def test_a_bar_marks_where_the_base_begins() -> None:
    shown = ruby_markup("｜大ヶ所《おおがしょ》まで")

    assert shown == "<ruby>大ヶ所<rp>（</rp><rt>おおがしょ</rt><rp>）</rp></ruby>まで"


def test_the_plain_form_has_no_reading() -> None:
    message = parse_message("{name}さんの町役場《まちやくば》")

    assert message.plain({"name": "山田"}) == "山田さんの町役場"


def test_markup_among_the_values_loses_its_tags_in_the_plain_form() -> None:
    message = parse_message("行き先：{place}")

    assert message.plain({"place": Markup(RUBY)}) == "行き先：町役場"
    assert message.markup({"place": Markup(RUBY)}) == f"行き先：{RUBY}"


def test_english_counts() -> None:
    message = parse_message("{count} {count|day|days} left")

    assert message.plain({"count": 1}) == "1 day left"
    assert message.plain({"count": 12}) == "12 days left"


@for_all(st.text())
def test_no_value_becomes_an_element(value: str) -> None:
    shown = str(parse_message("<b>{value}").markup({"value": value}))

    assert "<" not in shown


@for_all(st.text())
def test_a_value_is_shown_as_it_was_given(value: str) -> None:
    assert parse_message("{value}").plain({"value": value}) == value
    assert plain_text(value) == value
