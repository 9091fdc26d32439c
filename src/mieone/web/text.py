"""Messages as written in the catalogues: ruby in Aozora form, placeholders, plural choices."""

import html
import re
from collections.abc import Mapping
from typing import assert_never

import msgspec
from markupsafe import Markup, escape

KANJI = r"[\u3005\u3006\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
_RUBY = re.compile(rf"(?:｜(?P<marked>[^｜《》]+)|(?P<kanji>{KANJI}+))《(?P<reading>[^《》]+)》")
_SLOT = re.compile(r"\{(?P<name>[a-z_][a-z0-9_]*)(?:\|(?P<one>[^{}|]*)\|(?P<other>[^{}|]*))?\}")
_RUBY_READING = re.compile(r"<rp>.*?</rp>|<rt>.*?</rt>")


class Fixed(msgspec.Struct, frozen=True):
    markup: str
    plain: str


class Slot(msgspec.Struct, frozen=True):
    name: str


class Choice(msgspec.Struct, frozen=True):
    """`{count|day|days}`: the first form for exactly one, the second for all else."""

    name: str
    one: str
    other: str


Part = Fixed | Slot | Choice


class Message(msgspec.Struct, frozen=True):
    parts: tuple[Part, ...]

    def placeholders(self) -> frozenset[str]:
        return frozenset(part.name for part in self.parts if not isinstance(part, Fixed))

    def markup(self, values: Mapping[str, object]) -> Markup:
        return Markup("").join(_part_markup(part, values) for part in self.parts)

    def plain(self, values: Mapping[str, object]) -> str:
        return "".join(_part_plain(part, values) for part in self.parts)


def parse_message(text: str) -> Message:
    parts: list[Part] = []
    end = 0
    for match in _SLOT.finditer(text):
        if match.start() > end:
            parts.append(_fixed(text[end : match.start()]))
        if match["one"] is None:
            parts.append(Slot(match["name"]))
        else:
            parts.append(Choice(match["name"], match["one"], match["other"]))
        end = match.end()
    if end < len(text):
        parts.append(_fixed(text[end:]))
    return Message(tuple(parts))


def ruby_markup(text: str) -> Markup:
    """Escaped text, its Aozora ruby turned into ruby elements."""
    pieces: list[Markup] = []
    end = 0
    for match in _RUBY.finditer(text):
        pieces.append(escape(text[end : match.start()]))
        pieces.append(ruby_element(match["marked"] or match["kanji"], match["reading"]))
        end = match.end()
    pieces.append(escape(text[end:]))
    return Markup("").join(pieces)


def ruby_element(base: str, reading: str) -> Markup:
    return Markup("<ruby>{}<rp>（</rp><rt>{}</rt><rp>）</rp></ruby>").format(base, reading)


def without_ruby(text: str) -> str:
    return _RUBY.sub(lambda match: match["marked"] or match["kanji"], text)


def bare_kanji(text: str) -> list[str]:
    """Runs of kanji that carry no reading."""
    return re.findall(rf"{KANJI}+", _RUBY.sub("", text))


def plain_text(value: object) -> str:
    """A value for an attribute or a title: markup loses its tags and readings."""
    if isinstance(value, Markup):
        return html.unescape(re.sub(r"<[^>]*>", "", _RUBY_READING.sub("", str(value))))
    return str(value)


def _fixed(text: str) -> Fixed:
    return Fixed(markup=str(ruby_markup(text)), plain=without_ruby(text))


def _part_markup(part: Part, values: Mapping[str, object]) -> Markup:
    match part:
        case Fixed():
            # Written by us in the catalogue and escaped in `ruby_markup`.
            return Markup(part.markup)
        case Slot():
            return escape(values[part.name])
        case Choice():
            return escape(part.one if values[part.name] == 1 else part.other)
        case _:
            assert_never(part)


def _part_plain(part: Part, values: Mapping[str, object]) -> str:
    match part:
        case Fixed():
            return part.plain
        case Slot():
            return plain_text(values[part.name])
        case Choice():
            return part.one if values[part.name] == 1 else part.other
        case _:
            assert_never(part)
