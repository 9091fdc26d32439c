"""Custom notifications: `${attribute}` in texts and in JSON."""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from mieone.blocks.broker.model import JsonValue

_MACRO: Final = re.compile(r"\$\{([^{}]*)\}")
_WHOLE: Final = re.compile(r"\$\{([^{}]*)\}\Z")


def fill_text(template: str, values: Mapping[str, JsonValue]) -> str:
    """What is not there becomes `null`."""
    return _MACRO.sub(lambda found: _text(values.get(found[1].strip())), template)


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def fill_json(template: JsonValue, values: Mapping[str, JsonValue]) -> JsonValue:
    """A string that is one macro becomes the value itself; keys are no templates."""
    if isinstance(template, dict):
        return {name: fill_json(part, values) for name, part in template.items()}
    if isinstance(template, list):
        return [fill_json(part, values) for part in template]
    if not isinstance(template, str):
        return template
    whole = _WHOLE.match(template)
    return values.get(whole[1].strip()) if whole else fill_text(template, values)
