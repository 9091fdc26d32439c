"""From a letter's content to its PDF; a character the font lacks stops it by name."""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

import msgspec
import typst
from fontTools.ttLib import TTFont

from mieone.blocks.procedures.problems import GlyphMissing

from .content import LetterContent

FOLDER = Path(__file__).parent
TEMPLATES = frozenset({"notice"})
SELECTORS = range(0xE0100, 0xE01F0)
"""Ideographic variation selectors (IVS)."""


class Glyphs(msgspec.Struct, frozen=True):
    """What a font can draw: single characters, and characters with a variation selector."""

    characters: frozenset[int]
    variants: frozenset[tuple[int, int]]

    def list_missing(self, texts: Iterable[str]) -> list[str]:
        """Each missing character or sequence once, as it would stand in a name."""
        missing: dict[str, None] = {}
        for text in texts:
            for n, character in enumerate(text):
                following = ord(text[n + 1]) if n + 1 < len(text) else 0
                if not self._has(ord(character), following):
                    selected = text[n : n + 2] if following in SELECTORS else character
                    missing[selected] = None
        return list(missing)

    def _has(self, code: int, following: int) -> bool:
        if code in SELECTORS or chr(code) in "\n\t":
            return True
        if following in SELECTORS:
            return (code, following) in self.variants
        return code in self.characters


@cache
def read_glyphs(font: Path) -> Glyphs:
    """From cmap: format 14 holds the variants; a selector it lacks would print the wrong name."""
    with TTFont(font, lazy=True) as opened:
        tables = opened["cmap"].tables
        variants = {
            (base, selector)
            for table in tables
            if table.format == 14
            for selector, entries in table.uvsDict.items()
            for base, _ in entries
        }
        return Glyphs(frozenset(opened.getBestCmap()), frozenset(variants))


@cache
def font_path() -> Path:
    """Noto Sans CJK JP (SIL OFL 1.1), from the package that carries the font and its licence."""
    return Path(str(files("noto_cjk_sans_jp_regular") / "NotoSansCJKjp-Regular.otf"))


@cache
def fonts() -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[font_path().parent]
    )


def check_glyphs(content: LetterContent) -> None:
    """Raises GlyphMissing with the character and its code points: never print tofu."""
    missing = read_glyphs(font_path()).list_missing(content.list_texts())
    if missing:
        names = ", ".join(f"{text} ({_code_points(text)})" for text in missing)
        raise GlyphMissing(glyphs=names)


def _code_points(text: str) -> str:
    return " ".join(f"U+{ord(character):04X}" for character in text)


def typeset(content: LetterContent, template: str = "notice") -> bytes:
    """The PDF. Slow enough (tens of milliseconds) to stay out of every transaction."""
    check_glyphs(content)
    if template not in TEMPLATES:
        raise ValueError(f"no letter template {template}")
    source = (FOLDER / f"{template}.typ").read_bytes()
    document = msgspec.json.encode(content).decode()
    compiler = typst.Compiler(source, root=str(FOLDER), font_paths=fonts())
    compiled = compiler.compile(format="pdf", sys_inputs={"letter": document})
    if not isinstance(compiled, bytes):
        raise TypeError("a letter is one PDF")
    return compiled


def substituted(text: str, table: Mapping[str, str]) -> str:
    """The name in substitute characters, for a letter somebody chose to print so."""
    for original in sorted(table, key=len, reverse=True):
        text = text.replace(original, table[original])
    return "".join(character for character in text if ord(character) not in SELECTORS)
