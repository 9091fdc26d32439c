"""What the three languages owe each other, over every catalogue of the house."""

import re
from pathlib import Path

import pytest

from mieone.web.catalogue import (
    CATALOGUES,
    Catalogue,
    CatalogueError,
    Language,
    MissingMessageError,
    read_texts,
)
from mieone.web.text import bare_kanji, parse_message, without_ruby

FILES = sorted(path.name for path in (CATALOGUES / Language.JA).glob("*.yaml"))
LONGEST_SENTENCE = 40


def texts(language: Language, name: str) -> dict[str, str]:
    return read_texts(CATALOGUES / language / name)


def sentences(text: str) -> list[str]:
    bare = re.sub(r"\{[^}]*\}", "", without_ruby(text))
    return [part for part in re.split(r"[。！？\n]", bare) if part.strip()]


def test_every_language_has_the_same_files() -> None:
    for language in Language:
        assert sorted(path.name for path in (CATALOGUES / language).glob("*.yaml")) == FILES


@pytest.mark.parametrize("name", FILES)
def test_every_language_has_the_same_ids(name: str) -> None:
    in_japanese = texts(Language.JA, name).keys()

    for language in (Language.YASASHII, Language.EN):
        assert texts(language, name).keys() ^ in_japanese == set(), language


@pytest.mark.parametrize("name", FILES)
def test_every_language_asks_for_the_same_values(name: str) -> None:
    in_japanese = texts(Language.JA, name)

    for language in (Language.YASASHII, Language.EN):
        for message_id, text in texts(language, name).items():
            expected = parse_message(in_japanese.get(message_id, "")).placeholders()
            assert parse_message(text).placeholders() == expected, (language, message_id)


@pytest.mark.parametrize("name", FILES)
def test_no_message_is_empty(name: str) -> None:
    for language in Language:
        empty = [
            message_id for message_id, text in texts(language, name).items() if not text.strip()
        ]
        assert empty == [], language


@pytest.mark.parametrize("name", FILES)
def test_easy_japanese_gives_every_kanji_a_reading(name: str) -> None:
    without = {
        message_id: bare_kanji(text)
        for message_id, text in texts(Language.YASASHII, name).items()
        if bare_kanji(text)
    }

    assert without == {}


@pytest.mark.parametrize("name", FILES)
def test_easy_japanese_keeps_its_sentences_short(name: str) -> None:
    long = {
        message_id: sentence
        for message_id, text in texts(Language.YASASHII, name).items()
        for sentence in sentences(text)
        if len(sentence) > LONGEST_SENTENCE
    }

    assert long == {}


@pytest.mark.parametrize("name", FILES)
def test_no_brackets_of_ruby_or_places_are_left_over(name: str) -> None:
    for language in Language:
        for message_id, text in texts(language, name).items():
            message = parse_message(text)
            shown = message.plain(dict.fromkeys(message.placeholders(), ""))
            assert not re.search(r"[《》｜{}<>]", shown), (language, message_id, shown)


def test_a_doubled_key_is_refused(tmp_path: Path) -> None:
    doubled = tmp_path / "block.yaml"
    doubled.write_text("title: one\ntitle: two\n", encoding="utf-8")

    with pytest.raises(CatalogueError):
        read_texts(doubled)


def test_words_that_yaml_would_read_as_truth_stay_words(tmp_path: Path) -> None:
    path = tmp_path / "block.yaml"
    path.write_text("on: yes\nno: 12\n", encoding="utf-8")

    assert read_texts(path) == {"block.on": "yes", "block.no": "12"}


def test_a_missing_id_fails_in_tests_and_shows_japanese_in_production(tmp_path: Path) -> None:
    for language in Language:
        (tmp_path / language).mkdir()
    (tmp_path / "ja" / "block.yaml").write_text("title: 題\n", encoding="utf-8")

    with pytest.raises(MissingMessageError):
        Catalogue.load(folder=tmp_path).translate(Language.EN, "block.title")
    lenient = Catalogue.load(is_strict=False, folder=tmp_path)
    assert lenient.translate(Language.EN, "block.title") == "題"
