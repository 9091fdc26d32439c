"""Characters of names (文字): clusters, printable forms, forms to compare and to search by.

A registered name is never normalised (NFC would turn one registered character into another); the
forms made here stand beside the name, never in its place.
"""

import unicodedata
from collections.abc import Mapping

import jaconv
import msgspec

GETA = "〓"
"""Printed where a character can be neither written nor substituted."""

_JOINER = "\u200d"
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_SMALL_KANA = str.maketrans("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ")
_LONG_MARKS = str.maketrans(dict.fromkeys("-‐‑–—−ｰ", "ー"))
_SPACES = str.maketrans(dict.fromkeys(" \u3000\u00a0\t"))


class Printable(msgspec.Struct, frozen=True, kw_only=True):
    """A name in JIS X 0213, with the places (counted in clusters) that are not as registered."""

    text: str
    substituted: tuple[int, ...]
    missing: tuple[int, ...]

    @property
    def is_as_registered(self) -> bool:
        return not self.substituted and not self.missing


def split_clusters(text: str) -> tuple[str, ...]:
    """What a reader counts as characters: a variation selector belongs to the one before it."""
    clusters: list[str] = []
    for character in text:
        joins = bool(clusters) and (_extends(character) or clusters[-1].endswith(_JOINER))
        if joins:
            clusters[-1] += character
        else:
            clusters.append(character)
    return tuple(clusters)


def count_characters(text: str) -> int:
    return len(split_clusters(text))


def decide_printable(original: str, substitutes: Mapping[str, str]) -> Printable:
    """Substitute what JIS X 0213 lacks, 〓 for the rest; nothing is dropped, every place is named."""
    # Most names need nothing; a selector or a character outside cannot be encoded.
    if _is_in_jisx0213(original) and not any(one in original for one in substitutes):
        return Printable(text=original, substituted=(), missing=())
    clusters = split_clusters(original)
    printed = [_printed(cluster, substitutes) for cluster in clusters]
    pairs = list(enumerate(zip(clusters, printed, strict=True)))
    return Printable(
        text="".join(printed),
        substituted=tuple(place for place, (was, now) in pairs if now not in (was, GETA)),
        missing=tuple(place for place, (was, now) in pairs if now == GETA and was != GETA),
    )


def has_private_use(text: str) -> bool:
    """A town's own character (外字): its bytes are kept, and somebody is asked what it is."""
    return any(unicodedata.category(character) == "Co" for character in text)


def comparable_name(name: str, substitutes: Mapping[str, str]) -> str:
    """Equal for two spellings of one name: substituted, without spaces, Latin in one case."""
    printed = decide_printable(name, substitutes).text
    return printed.translate(_SPACES).translate(_FULL_WIDTH).casefold()


def comparable_kana(kana: str) -> str:
    """カタカナ in full width without spaces; older systems write ヨウコ for ョウコ, so small is large."""
    katakana: str = jaconv.hira2kata(jaconv.h2z(kana, kana=True, ascii=False, digit=False))
    composed = unicodedata.normalize("NFC", katakana)
    return composed.translate(_SPACES).translate(_LONG_MARKS).translate(_SMALL_KANA)


def _extends(character: str) -> bool:
    code = ord(character)
    is_selector = 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF
    return is_selector or character == _JOINER or unicodedata.category(character)[0] == "M"


def _printed(cluster: str, substitutes: Mapping[str, str]) -> str:
    if cluster in substitutes:
        return substitutes[cluster]
    if _is_in_jisx0213(cluster):
        return cluster
    base = cluster[0]
    if len(cluster) > 1 and _is_selected(cluster):
        # The shape is lost, the character is not.
        return substitutes.get(base, base if _is_in_jisx0213(base) else GETA)
    return GETA


def _is_selected(cluster: str) -> bool:
    return all(
        0xE0100 <= ord(one) <= 0xE01EF or 0xFE00 <= ord(one) <= 0xFE0F for one in cluster[1:]
    )


def _is_in_jisx0213(text: str) -> bool:
    try:
        text.encode("euc_jis_2004")
    except UnicodeEncodeError:
        return False
    return True
