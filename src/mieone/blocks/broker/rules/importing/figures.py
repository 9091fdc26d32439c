"""Series: rows of one figure of one year each, and all figures of a year as one change."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from mieone.blocks.broker.model import (
    DEFAULT_INSTANCE,
    AttributeKind,
    Change,
    DatasetId,
    Fragment,
    Instance,
    Iri,
    Operation,
)
from mieone.blocks.broker.model.dataset import CellKind, Column, Series

from .cells import BadCell, read_cell
from .named import Held, Imported, expand

_YEAR: Final = re.compile(r"[12]\d{3}")
_ITEM: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,60}")
_BEFORE: Final = datetime(1, 1, 1, tzinfo=UTC)


def read_figure(series: Series, row: Mapping[str, str]) -> Held:
    """Raises BadCell."""
    year = row.get(series.year, "").strip()
    if _YEAR.fullmatch(year) is None:
        raise BadCell("no_year")
    number = Column(column=series.value, attribute="", kind=CellKind.NUMBER, is_required=True)
    value = read_cell(number, row.get(series.value, ""))
    item = row.get(series.item, "").strip()
    if _ITEM.fullmatch(item) is None:
        raise BadCell("no_name")
    said = (("label", row.get(series.label, "")), ("unit", row.get(series.unit, "")))
    instance = Instance(
        kind=AttributeKind.PROPERTY,
        value=value,
        # The source says the year only: the figure is dated by its beginning.
        observed_at=datetime(int(year), 1, 1, tzinfo=UTC),
        subs={
            expand(name): {
                DEFAULT_INSTANCE: Instance(kind=AttributeKind.PROPERTY, value=text.strip())
            }
            for name, text in said
            if text.strip()
        },
    )
    return {expand(item): {DEFAULT_INSTANCE: instance}}


def join_years(figures: Sequence[Imported], shared: Held) -> list[Imported]:
    """All figures of one thing and one year as one change, the oldest year first.

    `shared`, which has no year, comes last: a year more changes nothing that was there before.
    """
    gathered: dict[tuple[datetime, str | None, str], list[Imported]] = {}
    for figure in figures:
        key = (_find_observed(figure.change), figure.tenant, figure.change.entity_id)
        gathered.setdefault(key, []).append(figure)
    years = [_join(gathered[key]) for key in sorted(gathered, key=lambda key: key[0])]
    things = {(one.tenant, one.change.entity_id): one for one in years}
    return years + [_with_attributes(one, shared) for one in things.values()]


def _join(parts: Sequence[Imported]) -> Imported:
    attributes: Held = {}
    for part in parts:
        attributes.update(part.change.fragment.attributes)
    return _with_attributes(parts[0], attributes)


def _with_attributes(one: Imported, attributes: Held) -> Imported:
    fragment = Fragment(types=one.change.fragment.types, attributes=attributes)
    change = Change(
        operation=Operation.UPSERT_UPDATE, entity_id=one.change.entity_id, fragment=fragment
    )
    return msgspec.structs.replace(one, change=change)


def _find_observed(change: Change) -> datetime:
    times = [
        instance.observed_at or _BEFORE
        for instances in change.fragment.attributes.values()
        for instance in instances.values()
        if isinstance(instance, Instance)
    ]
    return max(times, default=_BEFORE)


def list_figures(change: Change) -> list[tuple[Iri, DatasetId, datetime]]:
    """What this change dates, each with its time."""
    return [
        (name, dataset, instance.observed_at)
        for name, instances in change.fragment.attributes.items()
        for dataset, instance in instances.items()
        if isinstance(instance, Instance) and instance.observed_at is not None
    ]
