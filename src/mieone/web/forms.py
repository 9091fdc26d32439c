"""Reading what people typed: every field checked, all errors at once, typed values kept."""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Any

import msgspec
from litestar import Request
from litestar.datastructures import UploadFile

Day = date
"""Its own name, because a form has a reading called `date`."""

_ERAS = {"meiji": 1867, "taisho": 1911, "showa": 1925, "heisei": 1988, "reiwa": 2018}
_DIGITS = re.compile(r"-?\d+")
_DASHES = re.compile(r"[‐‑‒–—―ー−-]")


class Era(StrEnum):
    """How the year of a date was written."""

    WESTERN = "western"
    REIWA = "reiwa"
    HEISEI = "heisei"
    SHOWA = "showa"
    TAISHO = "taisho"
    MEIJI = "meiji"


class FieldError(msgspec.Struct, frozen=True):
    message_id: str
    values: Mapping[str, object] = {}


class Upload(msgspec.Struct, frozen=True):
    filename: str
    media_type: str
    content: bytes


class Form:
    """One submission. Each reading checks one field and answers a harmless value when it is wrong."""

    def __init__(
        self,
        typed: Mapping[str, Sequence[str]] | None = None,
        uploads: Mapping[str, Upload] | None = None,
    ) -> None:
        self._typed = {name: tuple(values) for name, values in (typed or {}).items()}
        self._uploads = dict(uploads or {})
        self.errors: dict[str, FieldError] = {}

    @property
    def has_errors(self) -> bool:
        return bool(self.errors)

    def value(self, name: str) -> str:
        """What stands in the field, as typed."""
        return next(iter(self._typed.get(name, ())), "")

    def values(self, name: str) -> tuple[str, ...]:
        return self._typed.get(name, ())

    def has(self, name: str, value: str) -> bool:
        return value in self._typed.get(name, ())

    def error(self, name: str) -> FieldError | None:
        return self.errors.get(name)

    def refuse(self, name: str, message_id: str, /, **values: object) -> None:
        """Record an error of the caller's own beside a field; the first one stays."""
        self.errors.setdefault(name, FieldError(message_id, values))

    def text(
        self,
        name: str,
        *,
        is_required: bool = True,
        max_length: int = 200,
        pattern: str | None = None,
        pattern_id: str = "web.errors.pattern",
    ) -> str:
        typed = self._cleaned(name)
        if not typed:
            self._need(name, is_required)
        elif len(typed) > max_length:
            self.refuse(name, "web.errors.too_long", limit=max_length, length=len(typed))
        elif pattern and not re.fullmatch(pattern, typed):
            self.refuse(name, pattern_id)
        return "" if name in self.errors else typed

    def digits(self, name: str, *, length: int, is_required: bool = True) -> str:
        """A code of digits such as a postal code; hyphens and full-width digits are understood."""
        typed = _DASHES.sub("", unicodedata.normalize("NFKC", self._cleaned(name)))
        if not typed:
            self._need(name, is_required)
        elif not typed.isascii() or not typed.isdigit() or len(typed) != length:
            self.refuse(name, "web.errors.digits", length=length)
        return "" if name in self.errors else typed

    def number(
        self, name: str, *, minimum: int, maximum: int, is_required: bool = True
    ) -> int | None:
        typed = unicodedata.normalize("NFKC", self._cleaned(name)).replace(",", "")
        if not typed:
            self._need(name, is_required)
            return None
        if not _DIGITS.fullmatch(typed) or len(typed) > 15:
            self.refuse(name, "web.errors.number")
            return None
        number = int(typed)
        if not minimum <= number <= maximum:
            self.refuse(name, "web.errors.range", minimum=f"{minimum:,}", maximum=f"{maximum:,}")
            return None
        return number

    def amount_yen(self, name: str, *, minimum: int = 1, maximum: int) -> int:
        return self.number(name, minimum=minimum, maximum=maximum) or 0

    def choice(self, name: str, options: Collection[str], *, is_required: bool = True) -> str:
        typed = self.value(name)
        if not typed:
            self._need(name, is_required, "web.errors.choose")
        elif typed not in options:
            self.refuse(name, "web.errors.choose")
        return "" if name in self.errors else typed

    def choices(
        self, name: str, options: Collection[str], *, is_required: bool = False
    ) -> tuple[str, ...]:
        typed = self.values(name)
        if not typed:
            self._need(name, is_required, "web.errors.choose")
        elif any(value not in options for value in typed):
            self.refuse(name, "web.errors.choose")
        return () if name in self.errors else typed

    def checkbox(self, name: str, *, must_be_on: bool = False) -> bool:
        is_on = bool(self.value(name))
        if must_be_on and not is_on:
            self.refuse(name, "web.errors.tick")
        return is_on

    def date(
        self,
        name: str,
        *,
        is_required: bool = True,
        earliest: Day | None = None,
        latest: Day | None = None,
    ) -> Day | None:
        """Three fields `name_year`, `name_month`, `name_day`, and `name_era` where asked."""
        typed = [self._cleaned(f"{name}_{part}") for part in ("year", "month", "day")]
        if not any(typed):
            self._need(name, is_required, "web.errors.date_empty")
            return None
        day = _read_date(self.value(f"{name}_era") or Era.WESTERN, typed)
        if day is None:
            self.refuse(name, "web.errors.date")
        elif earliest and day < earliest:
            self.refuse(name, "web.errors.date_early", date=earliest.isoformat())
        elif latest and day > latest:
            self.refuse(name, "web.errors.date_late", date=latest.isoformat())
        return None if name in self.errors else day

    def upload(
        self, name: str, *, media_types: Collection[str], max_bytes: int, is_required: bool = True
    ) -> Upload | None:
        upload = self._uploads.get(name)
        if upload is None or not upload.content:
            self._need(name, is_required, "web.errors.file_empty")
            return None
        if upload.media_type not in media_types:
            self.refuse(name, "web.errors.file_type")
        elif len(upload.content) > max_bytes:
            self.refuse(name, "web.errors.file_size", megabytes=max_bytes // 1_000_000)
        return None if name in self.errors else upload

    def _cleaned(self, name: str) -> str:
        return self.value(name).replace("\r\n", "\n").strip()

    def _need(self, name: str, is_required: bool, message_id: str = "web.errors.empty") -> None:
        if is_required:
            self.refuse(name, message_id)


def filled_form(values: Mapping[str, object]) -> Form:
    """A form shown for the first time with what is known; a date fills its three fields."""
    typed: dict[str, list[str]] = {}
    for name, value in values.items():
        if isinstance(value, date):
            typed |= {f"{name}_{part}": [str(getattr(value, part))] for part in _PARTS}
        elif isinstance(value, list | tuple | set | frozenset):
            typed[name] = [str(one) for one in value]
        elif value is not None:
            typed[name] = [str(value)]
    return Form(typed)


_PARTS = ("year", "month", "day")


async def read_form(request: Request[Any, Any, Any]) -> Form:
    """The submission of an urlencoded or multipart form."""
    data = await request.form()
    typed: dict[str, list[str]] = {}
    uploads: dict[str, Upload] = {}
    for name, value in data.multi_items():
        if isinstance(value, UploadFile):
            content = await value.read()
            uploads[name] = Upload(value.filename, value.content_type, content)
        elif isinstance(value, str):
            typed.setdefault(name, []).append(value)
    return Form(typed, uploads)


def _read_date(era: str, typed: Sequence[str]) -> date | None:
    parts = [unicodedata.normalize("NFKC", part).replace("元", "1") for part in typed]
    if not all(part.isascii() and part.isdigit() and len(part) <= 4 for part in parts):
        return None
    year, month, day = (int(part) for part in parts)
    try:
        return date(year + _ERAS.get(era, 0), month, day)
    except ValueError:
        return None
