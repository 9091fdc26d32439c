"""Between what a browser sends and what a draft keeps: names of inputs, one page at a time."""

from collections.abc import Mapping
from datetime import date

import jaconv
import msgspec

from mieone.blocks.procedures.actions.sealing import Answers
from mieone.blocks.procedures.rules import answers
from mieone.blocks.procedures.rules.answers import FieldProblem, Raw, rows_of, text_of
from mieone.blocks.procedures.rules.calendar import Calendar
from mieone.blocks.procedures.rules.definition import Definition, Field, FieldType, Page
from mieone.blocks.procedures.rules.values import Value
from mieone.web import Form, Formats, filled_form

LONGEST_TYPED = 400


def input_name(path: str) -> str:
    """`children[0].birth_date` → `children-0-birth_date`: an id that needs no escaping."""
    return path.replace("[", "-").replace("].", "-")


class ShownField(msgspec.Struct, frozen=True, kw_only=True):
    """One field as the template draws it."""

    name: str
    field: Field
    is_required: bool
    is_from_register: bool


class ShownGroup(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a page, or of one row of a repeated page."""

    row: int | None
    fields: tuple[ShownField, ...]


def read_page(form: Form, page: Page, before: Answers) -> Answers:
    """The answers with this page's inputs put in, as typed."""
    raw: Answers = dict(before)
    if not page.repeat:
        for field in page.fields:
            raw[field.key] = read_input(form, field, field.key)
        return raw
    typed = form.value(f"{page.repeat}-count")
    rows = int(typed) if typed.isdecimal() and len(typed) < 4 else 1
    count = max(1, min(page.max_rows, rows))
    raw[page.repeat] = [
        {
            field.key: read_input(form, field, input_name(f"{page.repeat}[{n}].{field.key}"))
            for field in page.fields
        }
        for n in range(count)
    ]
    return raw


def read_input(form: Form, field: Field, name: str) -> str:
    if field.type is FieldType.DATE:
        day = form.date(name, is_required=False)
        return day.isoformat() if day else ""
    typed = form.text(name, is_required=False, max_length=LONGEST_TYPED)
    match field.type:
        case FieldType.KANA:
            return str(jaconv.hira2kata(jaconv.h2z(typed, kana=True)))
        case FieldType.PHONE | FieldType.DIGITS:
            plain = str(jaconv.z2h(typed, kana=False, ascii=True, digit=True))
            plain = plain.replace("‐", "-").replace("－", "-").replace("ー", "-")
            return plain.replace("-", "") if field.type is FieldType.DIGITS else plain
        case _:
            return typed


def show_answers(definition: Definition, raw: Raw) -> Form:
    """A form holding what the draft knows, for the first showing of any page."""
    values: dict[str, object] = {}
    for page in definition.pages:
        if page.repeat:
            for n, row in enumerate(rows_of(raw, page.repeat)):
                for field in page.fields:
                    name = input_name(f"{page.repeat}[{n}].{field.key}")
                    values[name] = _shown(field, row.get(field.key, ""))
            continue
        for field in page.fields:
            values[field.key] = _shown(field, text_of(raw, field.key))
    return filled_form(values)


def _shown(field: Field, text: str) -> object:
    if field.type is FieldType.DATE and text:
        return date.fromisoformat(text)
    return text or None


def put_problems(form: Form, problems: tuple[FieldProblem, ...], formats: Formats) -> None:
    """Every wrong field, beside the field, in the language of the page."""
    for problem in problems:
        name = input_name(problem.path)
        if problem.words is not None:
            form.refuse(name, "procedures.form.wrong.check", words=formats.named(problem.words))  # type: ignore[arg-type]
        else:
            form.refuse(name, f"procedures.form.wrong.{problem.reason}")


def group_fields(
    definition: Definition,
    page: Page,
    raw: Raw,
    known: Mapping[str, str],
    dates: Mapping[str, date],
    calendar: Calendar,
) -> list[ShownGroup]:
    """What to draw: hidden questions are left out, unanswered conditions hide nothing."""
    scope = {**answers.read_values(definition, raw), **dates}
    if not page.repeat:
        return [ShownGroup(row=None, fields=_fields(page, raw, None, scope, known, calendar))]
    rows = rows_of(raw, page.repeat) or ({},)
    records = scope[page.repeat]
    groups = []
    for n, row in enumerate(rows):
        inner = {**scope, "row": records[n]} if isinstance(records, tuple) else scope
        groups.append(ShownGroup(row=n, fields=_fields(page, row, n, inner, known, calendar)))
    return groups


def _fields(
    page: Page,
    texts: Raw,
    row: int | None,
    scope: Mapping[str, Value],
    known: Mapping[str, str],
    calendar: Calendar,
) -> tuple[ShownField, ...]:
    shown = []
    for field in page.fields:
        visible = answers.truth(field.visible, scope, calendar)
        if visible is False:
            continue
        path = field.key if row is None else f"{page.repeat}[{row}].{field.key}"
        required = answers.truth(field.required, scope, calendar)
        text = text_of(texts, field.key)
        shown.append(
            ShownField(
                name=input_name(path),
                field=field,
                is_required=required is True and visible is True,
                is_from_register=bool(text) and known.get(path) == text,
            )
        )
    return tuple(shown)
