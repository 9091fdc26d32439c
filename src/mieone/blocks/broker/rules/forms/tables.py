"""Entities as a CSV table: one row an entity, as the municipal open-data lists are laid out."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from mieone.blocks.broker.model import (
    DEFAULT_INSTANCE,
    AttributeKind,
    Entity,
    Instance,
    JsonValue,
    Terms,
)

from .languages import choose_language
from .model import Form
from .selecting import list_targets, select_attributes, shows_member
from .times import render_time

SEPARATOR: Final = ";"
"""Between several values in one cell."""


def csv_text(entities: Sequence[Entity], form: Form, terms: Terms) -> str:
    """A table: a header row, then one row an entity; `;` between several values of a cell.

    A point takes two columns (`.latitude`, `.longitude`), a map of languages one for each
    (`name@ja`), an instance with a datasetId one of its own (`name#id`).
    """
    rows = [dict(_cells(entity, form, terms)) for entity in entities]
    columns = list(dict.fromkeys(column for row in rows for column in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _cells(entity: Entity, form: Form, terms: Terms) -> Iterator[tuple[str, str]]:
    if shows_member("id", form):
        yield "id", entity.id
    if shows_member("type", form):
        yield "type", SEPARATOR.join(terms.compact_type(name) for name in entity.types)
    if entity.scopes and shows_member("scope", form):
        yield "scope", SEPARATOR.join(entity.scopes)
    if form.sys_attrs:
        for member, at in (("createdAt", entity.created_at), ("modifiedAt", entity.modified_at)):
            if at is not None and shows_member(member, form):
                yield member, render_time(at)
    for name, instances in select_attributes(entity.attributes, form).items():
        short = terms.compact_name(name)
        for dataset, instance in instances.items():
            column = short if dataset == DEFAULT_INSTANCE else f"{short}#{dataset}"
            yield from _instance_cells(column, name, instance, form, terms)


def _instance_cells(
    column: str, name: str, instance: Instance, form: Form, terms: Terms
) -> Iterator[tuple[str, str]]:
    value = instance.value
    match instance.kind:
        case AttributeKind.GEO_PROPERTY if isinstance(value, dict) and value["type"] == "Point":
            yield from _point(column, value)
        case AttributeKind.LANGUAGE_PROPERTY if isinstance(value, dict):
            if form.languages:
                yield column, _cell(choose_language(value, form.languages).text)
            else:
                yield from ((f"{column}@{tag}", _cell(text)) for tag, text in value.items())
        case AttributeKind.RELATIONSHIP | AttributeKind.LIST_RELATIONSHIP:
            yield column, SEPARATOR.join(list_targets(instance))
        case AttributeKind.VOCAB_PROPERTY:
            yield column, _cell(terms.compact_value(name, value))
        case _:
            yield column, _cell(value)
    if instance.observed_at is not None:
        yield f"{column}.observedAt", render_time(instance.observed_at)


def _point(column: str, value: Mapping[str, JsonValue]) -> Iterator[tuple[str, str]]:
    coordinates = value.get("coordinates")
    if isinstance(coordinates, list) and len(coordinates) >= 2:
        yield f"{column}.latitude", _cell(coordinates[1])
        yield f"{column}.longitude", _cell(coordinates[0])


def _cell(value: JsonValue) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and not any(isinstance(part, list | dict) for part in value):
        return SEPARATOR.join(_cell(part) for part in value)
    if value is None:
        return ""
    # A tagged value such as {"@type": "DateTime", "@value": …} says what it is elsewhere.
    if isinstance(value, dict) and isinstance(value.get("@value"), str):
        return str(value["@value"])
    return msgspec.json.encode(value).decode()
