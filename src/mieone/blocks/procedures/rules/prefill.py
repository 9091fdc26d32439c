"""What the register already knows, put into the form; and how the two differ. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from mieone.core.ports import Json

from .answers import Raw, rows_of, text_of
from .definition import Definition, Field, Page
from .functions import add_months


class RegisterRow(msgspec.Struct, frozen=True, kw_only=True):
    """One human being's row as the door released it."""

    is_holder: bool
    items: Mapping[str, Json]


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Answers taken from the register: for the form, and to mark what still agrees with it."""

    answers: Mapping[str, str | tuple[Mapping[str, str], ...]]
    paths: Mapping[str, str]
    """Path of a field → the register's value."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    field: Field
    row: int | None
    written: str
    registered: str

    @property
    def is_different(self) -> bool:
        return _bare(self.written) != _bare(self.registered)


def list_items(definition: Definition) -> dict[str, tuple[str, ...]]:
    """Dataset → the items this form can use; nothing more is ever asked for."""
    found: dict[str, dict[str, None]] = {}
    for page in definition.pages:
        if page.rows_from:
            found.setdefault(page.rows_from.dataset, {})[page.rows_from.item] = None
        for field in page.fields:
            if field.prefill:
                found.setdefault(field.prefill.dataset, {})[field.prefill.item] = None
    return {dataset: tuple(items) for dataset, items in found.items()}


def read_known(
    definition: Definition, dataset: str, rows: Sequence[RegisterRow], today: date
) -> Known:
    """What the answer of one dataset says about the fields of this form."""
    holder = next((row for row in rows if row.is_holder), None)
    answers: dict[str, str | tuple[Mapping[str, str], ...]] = {}
    paths: dict[str, str] = {}
    for page in definition.pages:
        if page.repeat:
            filled = _fill_rows(page, dataset, holder, rows)
            if filled:
                answers[page.repeat] = filled
            for n, row in enumerate(filled):
                for field in page.fields:
                    if field.prefill and row.get(field.key):
                        paths[f"{page.repeat}[{n}].{field.key}"] = row[field.key]
            continue
        for field in page.fields:
            value = _value(field, dataset, holder)
            if value:
                answers[field.key] = paths[field.key] = value
    _fill_from_rows(definition, answers, paths, today)
    return Known(answers=answers, paths=paths)


def _fill_from_rows(
    definition: Definition,
    answers: dict[str, str | tuple[Mapping[str, str], ...]],
    paths: dict[str, str],
    today: date,
) -> None:
    """A newborn of the register is why the form is opened, as a rule."""
    for _, field in definition.list_fields():
        name, _, column = field.from_rows.partition(".")
        rows = answers.get(name, ()) if column else ()
        if isinstance(rows, str):
            continue
        days = [row[column] for row in rows if row.get(column)]
        newest = max(days, default="")
        if newest and add_months(date.fromisoformat(newest), 12) > today:
            answers[field.key] = paths[field.key] = newest
            answers.update(field.from_rows_with)


def _fill_rows(
    page: Page, dataset: str, holder: RegisterRow | None, rows: Sequence[RegisterRow]
) -> tuple[Mapping[str, str], ...]:
    source = page.rows_from
    if source is None or source.dataset != dataset or holder is None:
        return ()
    wanted = source.among.get(str(holder.items.get(source.item)), ())
    found = [
        {**source.set, **{f.key: _value(f, dataset, row) for f in page.fields if f.prefill}}
        for row in rows
        if not row.is_holder and row.items.get(source.item) in wanted
    ]
    # Oldest first, as the form asks.
    return tuple(sorted(found, key=lambda row: row.get("birth_date", "")))


def _value(field: Field, dataset: str, row: RegisterRow | None) -> str:
    if row is None or field.prefill is None or field.prefill.dataset != dataset:
        return ""
    value = row.items.get(field.prefill.item)
    return value if isinstance(value, str) else ""


def compare(definition: Definition, raw: Raw, known: Known) -> list[Difference]:
    """Form and register side by side: every field the register knows something about."""
    found: list[Difference] = []
    for page in definition.pages:
        for field in page.fields:
            if field.prefill is None:
                continue
            if not page.repeat:
                registered = known.paths.get(field.key, "")
                found.append(
                    _difference(field.key, field, None, text_of(raw, field.key), registered)
                )
                continue
            registered_rows = known.answers.get(page.repeat, ())
            for n, row in enumerate(rows_of(raw, page.repeat)):
                match = _same_row(row, registered_rows)
                path = f"{page.repeat}[{n}].{field.key}"
                written = row.get(field.key, "")
                found.append(_difference(path, field, n, written, match.get(field.key, "")))
    return found


def _difference(
    path: str, field: Field, row: int | None, written: str, registered: str
) -> Difference:
    return Difference(path=path, field=field, row=row, written=written, registered=registered)


def _same_row(
    row: Mapping[str, str], registered: str | tuple[Mapping[str, str], ...]
) -> Mapping[str, str]:
    """The register's row with the same birthday, else the one with the same name."""
    if isinstance(registered, str):
        return {}
    for key in ("birth_date", "name"):
        same = [known for known in registered if row.get(key) and known.get(key) == row[key]]
        if len(same) == 1:
            return same[0]
    return {}


def _bare(text: str) -> str:
    """Spaces and hyphens are no difference; characters are, down to the variant."""
    return "".join(c for c in text if not c.isspace() and c not in "-－‐")
