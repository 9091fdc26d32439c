"""Characters of names, ages by law, numbers that are never accepted."""

import unicodedata
from datetime import date, timedelta

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as some

from mieone.blocks.registry.rules import ages, characters, matching, my_number
from mieone.core.region import Region

names = some.text(
    alphabet=some.one_of(
        some.sampled_from("髙𠮷高橋吉田辺邉神﨑々ヶ　 "),
        some.sampled_from(["\U000e0101", "\U000e010f", "\ufa19", "\u3099"]),
        some.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF),
        some.characters(min_codepoint=0x20000, max_codepoint=0x2A6DF),
    ),
    min_size=1,
    max_size=12,
)
birthdays = some.dates(date(1900, 1, 1), date(2100, 12, 31))


@pytest.mark.parametrize(
    ("original", "printed", "kuten"),
    [
        ("髙", "高", (1, 25, 66)),
        ("𠮷", "吉", (1, 21, 40)),
        ("邉\U000e010f", "邉", (1, 78, 21)),
        ("邊\U000e010f", "邊", (1, 78, 20)),
        ("辺\U000e0102", "辺", (1, 42, 53)),
        ("﨑\U000e0102", "﨑", (1, 47, 82)),
        ("德\U000e0101", "德", (1, 84, 37)),
        ("濵\U000e0101", "濵", (1, 87, 27)),
        ("澤\U000e0101", "澤", (1, 63, 23)),
    ],
)
def test_a_character_outside_jisx0213_is_printed_as_its_substitute(
    region: Region, original: str, printed: str, kuten: tuple[int, int, int]
) -> None:
    shown = characters.decide_printable(original, matching.substitutes_of(region))

    assert shown.text == printed
    assert shown.substituted == (0,)
    assert not shown.missing
    plane, row, cell = kuten
    assert shown.text.encode("euc_jis_2004") == bytes([row + 0xA0, cell + 0xA0])
    assert plane == 1


def test_a_name_with_a_selector_is_one_character_of_seven_bytes() -> None:
    name = "邉\U000e010f"

    assert (len(name), len(name.encode("utf-16-le")) // 2, len(name.encode())) == (2, 3, 7)
    assert characters.count_characters(name) == 1


@for_all(names)
def test_whatever_is_printed_can_be_printed_and_nothing_is_dropped(name: str) -> None:
    shown = characters.decide_printable(name, {"髙": "高", "𠮷": "吉"})

    shown.text.encode("euc_jis_2004")
    assert characters.count_characters(shown.text) <= characters.count_characters(name)
    clusters = characters.split_clusters(name)
    assert "".join(clusters) == name
    for place in (*shown.substituted, *shown.missing):
        assert 0 <= place < len(clusters)
    if shown.is_as_registered:
        assert shown.text == name


def test_a_name_is_never_normalised() -> None:
    registered = "\ufa19谷"

    assert unicodedata.normalize("NFC", registered) != registered
    assert characters.decide_printable(registered, {}).text == registered
    assert not matching.is_same_name("神谷", (), registered, {})


def test_what_cannot_be_substituted_is_a_geta_and_flagged() -> None:
    shown = characters.decide_printable("\ue000田", {})

    assert shown.text == "〓田"
    assert shown.missing == (0,)
    assert characters.has_private_use("\ue000田")


@pytest.mark.parametrize(
    ("one", "other"),
    [("ヤマダ　ハナコ", "やまだ はなこ"), ("ﾔﾏﾀﾞ ﾊﾅｺ", "ヤマダハナコ"), ("シヨウコ", "しょうこ")],
)
def test_readings_compare_whatever_the_width_and_size(one: str, other: str) -> None:
    assert characters.comparable_kana(one) == characters.comparable_kana(other)


def test_a_replaced_character_agrees_with_every_variant_of_it(region: Region) -> None:
    substitutes = matching.substitutes_of(region)

    assert matching.is_same_name("高橋　花子", (0,), "髙橋　花子", substitutes)
    assert matching.is_same_name("●橋　花子", (0,), "髙橋　花子", substitutes)
    assert not matching.is_same_name("●橋　花子", (), "髙橋　花子", substitutes)
    assert not matching.is_same_name("高橋　花子", (0,), "髙橋　花", substitutes)
    assert not matching.is_same_name("高橋　花子", (1,), "髙田　花子", substitutes)


@for_all(birthdays, some.integers(0, 110))
def test_an_age_is_reached_at_the_end_of_the_day_before_the_birthday(
    born_on: date, age: int
) -> None:
    eve = ages.reached_on(born_on, age) if age else born_on - timedelta(days=1)

    assert ages.age_on(born_on, eve + timedelta(days=1)) == age
    if age:
        assert ages.age_on(born_on, eve) == age - 1
        assert ages.age_at_end_of(born_on, eve) == age


@pytest.mark.parametrize(
    ("born_on", "age", "reached"),
    [
        (date(2020, 4, 1), 6, date(2026, 3, 31)),
        (date(2008, 2, 29), 18, date(2026, 2, 28)),
        (date(2008, 2, 29), 16, date(2024, 2, 28)),
        (date(2007, 1, 1), 18, date(2024, 12, 31)),
    ],
)
def test_ages_of_special_birthdays(born_on: date, age: int, reached: date) -> None:
    assert ages.reached_on(born_on, age) == reached


def test_who_is_born_on_29_february_is_an_adult_on_1_march() -> None:
    assert not ages.is_adult(date(2008, 2, 29), date(2026, 2, 28))
    assert ages.is_adult(date(2008, 2, 29), date(2026, 3, 1))


def with_check_digit(base: str) -> str:
    return next(
        base + digit for digit in "0123456789" if my_number.has_right_check_digit(base + digit)
    )


def test_the_check_digit_of_the_published_vector() -> None:
    assert with_check_digit("12345678901")[-1] == "8"


@for_all(
    some.text(alphabet="0123456789", min_size=11, max_size=11),
    some.sampled_from(["", "-", " ", "　", "－"]),
    some.booleans(),
)
def test_a_my_number_is_seen_in_every_dress(base: str, separator: str, is_wide: bool) -> None:
    number = with_check_digit(base)
    dressed = separator.join([number[:4], number[4:8], number[8:]])
    if is_wide:
        dressed = dressed.translate({ord("0") + n: chr(0xFF10 + n) for n in range(10)})

    assert my_number.holds_my_number(f"x{dressed}y")
    assert not my_number.holds_my_number(dressed[:-1])
