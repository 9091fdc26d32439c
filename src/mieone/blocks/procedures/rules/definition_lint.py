"""Lint of definitions (§4.1 of the reference): what fails here may not be published."""

from collections.abc import Iterable, Mapping
from datetime import date
from itertools import pairwise

from mieone.blocks.procedures.model import ActorClass, Outcome
from mieone.core.model import TownCode

from . import expressions
from .answers import read_values
from .definition import Definition, Status, Words
from .evaluation import evaluate
from .expression_types import infer_type
from .library import DefinitionFile, Library
from .table_lint import lint_table
from .values import Kind, ListType, RecordType, Type

GIVEN_DATES = ("arrival",)


def lint_library(library: Library, towns: frozenset[TownCode]) -> list[str]:
    """Everything wrong with the region's files, in words for their editors."""
    found = [problem for table in library.tables.values() for problem in lint_table(table)]
    found += library.authorities.list_problems(towns)
    for file in library.files:
        name = f"{file.definition.id}@{file.definition.valid_from}"
        problems = [*_lint_one(library, file, towns), *_lint_rules(library, file)]
        # Rules that do not type-check are not run: their vectors would say nothing.
        problems += () if problems else _lint_vectors(library, file)
        found += [f"{name}: {problem}" for problem in problems]
    return found + _lint_versions(library)


def _lint_one(library: Library, file: DefinitionFile, towns: frozenset[TownCode]) -> Iterable[str]:
    definition = file.definition
    outcomes = {row.id: row for row in definition.outcomes}
    if definition.kind.has_decision:
        if definition.standard_period is None:
            yield "an application or claim needs a standard_period"
        refused = outcomes.get(Outcome.REFUSED)
        if refused is None or not refused.reasons_required:
            yield "an application or claim needs a refusal with reasons"
        if library.kyoji.find_profile(definition.id) is None:
            yield "no 教示 profile"
    elif definition.standard_period or outcomes or definition.letters:
        yield "a filing has no standard_period, outcome or letter"
    for stage in definition.stages:
        for task in stage.tasks:
            if task.decides and ActorClass.ASSOCIATION in task.actor_class:
                yield f"{task.id}: the association never decides"
    yield from _lint_fields(definition)
    if definition.status is Status.PUBLISHED:
        yield from _lint_authority(library, definition, towns)


def _lint_authority(
    library: Library, definition: Definition, towns: frozenset[TownCode]
) -> Iterable[str]:
    ends = date.fromisoformat(definition.valid_until) if definition.valid_until else date.max
    for town in sorted(towns):
        rows = [
            (date.fromisoformat(row.valid_from), row.valid_until)
            for row in library.authorities.rows
            if definition.id in row.procedures and town in row.towns and row.role == "deciding"
        ]
        reached = date.fromisoformat(definition.valid_from)
        for starts, until in sorted(rows):
            if starts <= reached:
                reached = max(reached, date.fromisoformat(until) if until else date.max)
        if reached < ends:
            yield f"no 処分庁 for {town} on {reached.isoformat()}"


def _lint_fields(definition: Definition) -> Iterable[str]:
    keys = [field.key for _, field in definition.list_fields()]
    yield from (f"field {key} twice" for key in sorted({k for k in keys if keys.count(k) > 1}))
    for page, field in definition.list_fields():
        texts: list[Words] = [page.title, field.label, field.purpose]
        texts += [option.label for option in field.options]
        texts += [check.message for check in field.checks]
        texts += [text for text in (field.help, page.lead) if text]
        yield from (f"{field.key}: words missing" for t in texts if not t.ja or not t.yasashii)
        if not field.gif:
            yield f"{field.key}: neither a GIF path nor `local`"


def declared_types(definition: Definition) -> dict[str, Type]:
    """What expressions of the form may name."""
    scope: dict[str, Type] = dict.fromkeys(GIVEN_DATES, Kind.DATE)
    for page in definition.pages:
        if page.repeat:
            fields = {field.key: field.type.value_kind for field in page.fields}
            scope[page.repeat] = ListType(RecordType({"position": Kind.INT, **fields}))
        else:
            scope |= {field.key: field.type.value_kind for field in page.fields}
    return scope


def _lint_rules(library: Library, file: DefinitionFile) -> Iterable[str]:
    definition = file.definition
    scope = declared_types(definition)
    for page, field in definition.list_fields():
        inner = dict(scope)
        rows = scope.get(page.repeat)
        if isinstance(rows, ListType):
            inner["row"] = rows.of
        sources = [field.required, field.visible, *(check.expr for check in field.checks)]
        for source in sources:
            yield from _type_problem(source, Kind.BOOL, inner, field.key)
    for rule in definition.rules:
        if not rule.law_ref or not rule.source:
            yield f"{rule.id}: every rule has a law_ref and a source"
        inner = dict(scope)
        rows = scope.get(rule.for_each.list) if rule.for_each else None
        if rule.for_each and isinstance(rows, ListType):
            inner[rule.for_each.name] = rows.of
        if rule.table:
            yield from _lint_table_use(library, definition, rule.id, inner)
        else:
            yield from _type_problem(rule.expr, rule.type, inner, rule.id)
        if rule.for_each and isinstance(rows, ListType):
            fields = {**rows.of.fields, rule.output: rule.type}
            scope[rule.for_each.list] = ListType(RecordType(fields))
        else:
            scope[rule.output] = rule.type
    for reason in definition.reasons:
        yield from _type_problem(reason.when, Kind.BOOL, scope, reason.id)
    for attachment in definition.attachments:
        yield from _type_problem(attachment.when, Kind.BOOL, scope, attachment.key)
    yield from _type_problem(definition.applicant.eligibility, Kind.BOOL, scope, "eligibility")


def _lint_table_use(
    library: Library, definition: Definition, rule_id: str, scope: Mapping[str, Type]
) -> Iterable[str]:
    rule = next(rule for rule in definition.rules if rule.id == rule_id)
    table = library.tables.get(rule.table)
    if table is None:
        yield f"{rule_id}: no table {rule.table}"
        return
    if not set(rule.inputs) <= set(table.inputs):
        yield f"{rule_id}: inputs {sorted(rule.inputs)}, the table wants {sorted(table.inputs)}"
        return
    if table.outputs.get(rule.output) is not rule.type:
        yield f"{rule_id}: {rule.table} has no {rule.type} {rule.output}"
    if scope.get(rule.reference_date) is not Kind.DATE:
        yield f"{rule_id}: reference_date {rule.reference_date} is no date"
    for name, source in rule.inputs.items():
        yield from _type_problem(source, table.inputs[name].type, scope, f"{rule_id}.{name}")


def _type_problem(
    source: str, wanted: Kind, scope: Mapping[str, Type], where: str
) -> Iterable[str]:
    try:
        found = infer_type(expressions.parse(source), scope)
    except expressions.ExpressionError as error:
        yield f"{where}: {error}"
        return
    if found is not wanted:
        yield f"{where}: {found}, {wanted} is needed"


def _lint_vectors(library: Library, file: DefinitionFile) -> Iterable[str]:
    if file.definition.kind.has_decision and not file.definition.vectors:
        yield "no vectors"
    rules = library.rule_set(file)
    for vector in file.definition.vectors:
        values = read_values(file.definition, _as_raw(vector.given))
        found = evaluate(rules, values, {"arrival": date.fromisoformat(vector.arrival)})
        for name, wanted in vector.then.items():
            have: object = found.outputs.get(name)
            if name == "missing":
                have = list(found.missing)
            elif isinstance(wanted, list):
                rows, _, column = name.partition(".")
                have = [row.get(column) for row in found.lists.get(rows, ())]
                wanted = [None if item is None else str(item) for item in wanted]
            else:
                wanted = None if wanted is None else str(wanted)
            if have != wanted:
                yield f"vector {vector.name}: {name} is {have}, should be {wanted}"


def _as_raw(given: Mapping[str, object]) -> dict[str, str | list[dict[str, str]]]:
    raw: dict[str, str | list[dict[str, str]]] = {}
    for key, value in given.items():
        if isinstance(value, list):
            raw[key] = [{str(k): str(v) for k, v in row.items()} for row in value]
        else:
            raw[key] = str(value)
    return raw


def _lint_versions(library: Library) -> list[str]:
    """Versions of one procedure neither overlap nor leave a gap."""
    found: list[str] = []
    for procedure in library.procedures:
        versions = sorted(
            (f.definition for f in library.files if f.definition.id == procedure),
            key=lambda definition: definition.valid_from,
        )
        for older, newer in pairwise(versions):
            if older.valid_until != newer.valid_from:
                found.append(
                    f"{procedure}: {older.valid_from} ends {older.valid_until}, "
                    f"the next begins {newer.valid_from}"
                )
            if newer.supersedes != older.valid_from:
                found.append(f"{procedure}@{newer.valid_from}: supersedes {newer.supersedes}")
    return found
