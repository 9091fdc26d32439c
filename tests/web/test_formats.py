"""Money, dates and countdowns in three languages."""

from datetime import UTC, date, datetime

import pytest

from mieone.core.region import Names
from mieone.web import Catalogue, Formats, Language, Phrase, Yen
from mieone.web.text import plain_text

CATALOGUE = Catalogue.load()
TODAY = date(2025, 6, 21)


def formats(language: Language) -> Formats:
    return Formats(CATALOGUE, language)


@pytest.mark.parametrize(
    ("language", "money", "day", "countdown"),
    [
        (Language.JA, "1,200円", "11月22日(日)", "あと12日（7月3日 木）"),
        (Language.YASASHII, "1,200円", "11月22日(日)", "あと12日（7月3日 木）"),
        (Language.EN, "¥1,200", "Sun 22 November", "12 days left (Thu 3 July)"),
    ],
)
def test_each_language_has_its_form(
    language: Language, money: str, day: str, countdown: str
) -> None:
    shown = formats(language)

    assert plain_text(shown.money(1200)) == money
    assert plain_text(shown.date(date(2026, 11, 22))) == day
    assert plain_text(shown.countdown(date(2025, 7, 3), TODAY)) == countdown


def test_easy_japanese_reads_the_units_aloud() -> None:
    assert "<rt>えん</rt>" in formats(Language.YASASHII).money(1200)


def test_the_last_day_and_a_day_gone_by_are_said() -> None:
    shown = formats(Language.JA)

    assert shown.countdown(TODAY, TODAY) == "今日まで（6月21日 土）"
    assert shown.countdown(date(2025, 6, 20), TODAY) == "1日すぎました（6月20日 金）"


def test_an_instant_is_shown_in_japans_time() -> None:
    at = datetime(2025, 6, 20, 15, 30, tzinfo=UTC)

    assert formats(Language.JA).date_time(at) == "6月21日(土) 00:30"


def test_a_debt_has_a_real_minus_sign() -> None:
    assert formats(Language.JA).money(-350) == "−350円"


def test_values_of_a_message_are_put_into_words() -> None:
    town = Names(ja="緑町", kana="みどりちょう", yasashii="緑町《みどりちょう》", en="Midori Town")
    shown = formats(Language.YASASHII)

    assert "<rt>みどりちょう</rt>" in shown.t("portal.town.yours", town=town)
    assert shown.plain("portal.town.yours", town=town) == "あなたの町：緑町"
    assert formats(Language.EN).plain("portal.town.yours", town=town) == "Your town: Midori Town"
    said = formats(Language.EN).plain(
        "portal.figures.finding", year=2022, births=Yen(5), deaths=Phrase("web.nav.home")
    )
    assert said == "In 2022, ¥5 people were born and Home died"
