"""Running a definition's rules: outputs, and a trace an applicant can read."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

import msgspec

from . import expressions
from .calendar import Calendar
from .definition import Definition, Rule
from .tables import Table, look_up
from .values import Record, Scalar, Unknown, Value, join_unknown


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One rule applied to one subject."""

    rule: str
    subject: str = ""
    """Path of the record, such as `children[0]`; empty for the case as a whole."""
    output: str
    value: str | None
    """None when it is unknown."""
    inputs: Mapping[str, str | None] = {}
    rows: tuple[str, ...] = ()
    reference_date: str | None = None
    sentences: tuple[str, ...] = ()
    law_refs: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    verified: bool


class HitReason(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    text_ja: str
    law_ref: str
    verified: bool


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    definition_hash: str
    ruleset_hash: str
    reference_dates: Mapping[str, str]
    outputs: Mapping[str, str | None]
    lists: Mapping[str, tuple[Mapping[str, str | None], ...]]
    outcome: str | None
    """The proposal; None while an input is missing. Never a decision."""
    reasons: tuple[HitReason, ...]
    steps: tuple[Step, ...]
    missing: tuple[str, ...]
    """Paths of fields that must be answered first."""
    verified: bool

    def encode(self) -> bytes:
        """The same evaluation is the same bytes."""
        return msgspec.json.encode(self, order="deterministic")


class RuleSet(msgspec.Struct, frozen=True, kw_only=True):
    definition: Definition
    definition_hash: str
    ruleset_hash: str
    tables: Mapping[str, Table]
    calendar: Calendar


def evaluate(rules: RuleSet, answers: Mapping[str, Value], dates: Mapping[str, date]) -> Evaluation:
    """Apply every rule in order. What is missing spreads and is named; nothing is guessed."""
    scope: dict[str, Value] = {**answers, **dates}
    steps: list[Step] = []
    for rule in rules.definition.rules:
        if rule.for_each is None:
            step, value = _apply(rules, rule, scope, subject="")
            scope[rule.output] = value
            steps.append(step)
            continue
        rows = scope.get(rule.for_each.list, Unknown(frozenset({rule.for_each.list})))
        if isinstance(rows, tuple):
            scope[rule.for_each.list], new_steps = _apply_each(rules, rule, scope, rows)
            steps += new_steps
    return _conclude(rules, scope, steps, dates)


def _apply_each(
    rules: RuleSet, rule: Rule, scope: Mapping[str, Value], rows: tuple[Record, ...]
) -> tuple[tuple[Record, ...], list[Step]]:
    name = rule.for_each.name if rule.for_each else ""
    extended: list[Record] = []
    steps: list[Step] = []
    for row in rows:
        step, value = _apply(rules, rule, {**scope, name: row}, subject=row.path)
        steps.append(step)
        extended.append(row.extended(rule.output, _scalar(value)))
    return tuple(extended), steps


def _apply(
    rules: RuleSet, rule: Rule, scope: Mapping[str, Value], subject: str
) -> tuple[Step, Value]:
    if rule.table:
        return _apply_table(rules, rule, scope, subject)
    expression = expressions.parse(rule.expr)
    value = expressions.evaluate(expression, scope, rules.calendar)
    used = {name: show(scope[name]) for name in expression.names() if _is_scalar(scope.get(name))}
    step = Step(
        rule=rule.id,
        subject=subject,
        output=rule.output,
        value=show(value),
        inputs=used,
        sentences=(rule.explain_ja,) if rule.explain_ja else (),
        law_refs=(rule.law_ref,),
        sources=(rule.source,),
        verified=rule.verified,
    )
    return step, value


def _apply_table(
    rules: RuleSet, rule: Rule, scope: Mapping[str, Value], subject: str
) -> tuple[Step, Value]:
    inputs = {
        name: expressions.evaluate(expressions.parse(source), scope, rules.calendar)
        for name, source in rule.inputs.items()
    }
    on = scope.get(rule.reference_date, Unknown(frozenset({rule.reference_date})))
    value: Value
    if isinstance(on, date):
        lookup = look_up(rules.tables[rule.table], inputs, on)
        value, rows = lookup.outputs[rule.output], lookup.rows
    else:
        missing = join_unknown((on, *inputs.values()))
        value, rows = missing or Unknown(frozenset({rule.reference_date})), ()
    step = Step(
        rule=rule.id,
        subject=subject,
        output=rule.output,
        value=show(value),
        inputs={name: show(found) for name, found in inputs.items()},
        rows=tuple(f"{rule.table}/{row.id}" for row in rows),
        reference_date=on.isoformat() if isinstance(on, date) else None,
        sentences=tuple(row.explain_ja for row in rows),
        law_refs=tuple(dict.fromkeys([rule.law_ref, *(row.law_ref for row in rows)])),
        sources=tuple(dict.fromkeys([rule.source, *(row.source for row in rows)])),
        verified=rule.verified and all(row.verified for row in rows),
    )
    return step, value


def _conclude(
    rules: RuleSet, scope: Mapping[str, Value], steps: list[Step], dates: Mapping[str, date]
) -> Evaluation:
    definition = rules.definition
    proposal = scope.get(definition.outcome_rule) if definition.outcome_rule else None
    outputs = {
        rule.output: scope.get(rule.output) for rule in definition.rules if not rule.for_each
    }
    lists = {rule.for_each.list for rule in definition.rules if rule.for_each}
    reasons = [
        HitReason(id=r.id, text_ja=r.text_ja, law_ref=r.law_ref, verified=r.verified)
        for r in definition.reasons
        if expressions.evaluate(expressions.parse(r.when), scope, rules.calendar) is True
    ]
    return Evaluation(
        definition_hash=rules.definition_hash,
        ruleset_hash=rules.ruleset_hash,
        reference_dates={name: day.isoformat() for name, day in sorted(dates.items())},
        outputs={name: show(value) for name, value in outputs.items()},
        lists={name: _show_rows(scope.get(name)) for name in sorted(lists)},
        outcome=proposal if isinstance(proposal, str) else None,
        reasons=tuple(reasons),
        steps=tuple(steps),
        missing=_missing(outputs.values()),
        verified=all(step.verified for step in steps),
    )


def _missing(values: Iterable[Value | None]) -> tuple[str, ...]:
    return tuple(sorted({name for v in values if isinstance(v, Unknown) for name in v.fields}))


def _show_rows(rows: Value | None) -> tuple[Mapping[str, str | None], ...]:
    if not isinstance(rows, tuple):
        return ()
    return tuple({name: show(value) for name, value in row.values.items()} for row in rows)


def _scalar(value: Value) -> Scalar | Unknown:
    if isinstance(value, Record | tuple):
        raise expressions.ExpressionError("a rule gives one value")
    return value


def _is_scalar(value: Value | None) -> bool:
    return value is not None and not isinstance(value, Record | tuple | Unknown)


def show(value: Value | None) -> str | None:
    """A value as stable text; None for unknown."""
    match value:
        case None | Unknown():
            return None
        case bool():
            return "true" if value else "false"
        case date():
            return value.isoformat()
        case int() | Decimal() | str():
            return str(value)
        case _:
            return f"{len(value) if isinstance(value, tuple) else 1} rows"
