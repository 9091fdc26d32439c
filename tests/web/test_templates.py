"""Every template of the house: no sentence of its own, no inline style or handler, ids that exist."""

import re
from pathlib import Path

import pytest

import mieone
from mieone.web import Catalogue
from mieone.web.text import KANJI

ROOT = Path(mieone.__file__).parent
TEMPLATES = sorted(ROOT.rglob("templates/**/*.html"))
NAMES = [path.relative_to(ROOT).as_posix() for path in TEMPLATES]
JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
TAG = re.compile(r"<[^<>]*>")
JAPANESE = re.compile(rf"{KANJI}|[\u3041-\u30fa]")
# A language is named in itself: whoever looks for it cannot read the others.
OWN_NAMES = ("やさしい日本語", "日本語", "English")
SCRIPT = re.compile(r"<script.*?</script>", re.DOTALL)
BODY_CLASS = re.compile(r"\{% block body_class %\}.*?\{% endblock %\}")
ATTRIBUTE = re.compile(r'[a-z-]+="[^"]*"')
CATALOGUE = Catalogue.load()


def source(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_a_template_holds_no_sentence(name: str) -> None:
    text = BODY_CLASS.sub("", SCRIPT.sub("", source(name)))
    text = ATTRIBUTE.sub(" ", TAG.sub(" ", JINJA.sub("", text)))

    assert re.findall(r"[A-Za-z\u3041-\u30fa\u3400-\u9fff]{2,}", text) == []


@pytest.mark.parametrize("name", NAMES)
def test_no_japanese_hides_in_an_expression_or_an_attribute(name: str) -> None:
    text = re.sub(r"\{#.*?#\}", "", source(name), flags=re.DOTALL)
    for own in OWN_NAMES:
        text = text.replace(own, "")

    assert JAPANESE.findall(text) == []


@pytest.mark.parametrize("name", NAMES)
def test_attributes_that_are_read_aloud_come_from_the_catalogues(name: str) -> None:
    attributes = re.findall(r'(?:aria-label|title|alt|placeholder)="([^"]*)"', source(name))

    assert [text for text in attributes if text and "{{" not in text] == []


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_inline_that_the_policy_refuses(name: str) -> None:
    markup = JINJA.sub("", source(name))

    assert re.findall(r"<style|\sstyle=|\son[a-z]+=|javascript:", markup) == []
    for tag in re.findall(r"<script[^>]*>", source(name)):
        assert "nonce=" in tag


@pytest.mark.parametrize("name", NAMES)
def test_every_form_that_posts_carries_its_token(name: str) -> None:
    text = source(name)
    posts = len(re.findall(r"<form[^>]*method=\"post\"", text))
    tokens = len(re.findall(r"\{\{ *(?:page\.)?csrf(?:_field)? *\}\}", text))

    assert tokens >= posts


@pytest.mark.parametrize("name", NAMES)
def test_ids_written_out_exist(name: str) -> None:
    asked = re.findall(r"\b(?:t|plain)\('([a-z0-9_.-]+)'[,)]", source(name))

    assert [message_id for message_id in asked if not CATALOGUE.has(message_id)] == []
