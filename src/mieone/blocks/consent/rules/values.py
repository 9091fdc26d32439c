"""A disclosed value as a person reads it. Pure."""

import re
from datetime import date

from mieone.core.ports import Json
from mieone.web.formats import Formats
from mieone.web.text import plain_text

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def value_text(value: Json, formats: Formats) -> str:
    """Dates as dates, lists side by side, groups joined; nothing is left as a machine wrote it."""
    match value:
        case None:
            return ""
        case bool():
            return "✓" if value else "―"
        case int():
            return formats.number(value)
        case str():
            return _text(value, formats)
        case list():
            return "、".join(value_text(one, formats) for one in value)
        case dict():
            return " ".join(value_text(one, formats) for one in value.values() if one)


def _text(value: str, formats: Formats) -> str:
    if not _DATE.fullmatch(value):
        return value
    try:
        return plain_text(formats.date_year(date.fromisoformat(value)))
    except ValueError:
        return value
