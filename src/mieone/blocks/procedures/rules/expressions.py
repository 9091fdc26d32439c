"""A small, safe subset of Python expressions in which law is written, and its evaluator."""

import ast
import operator
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from types import MappingProxyType

import msgspec

from . import functions
from .calendar import Calendar
from .values import Record, Scalar, Unknown, Value, join_unknown, unknown

MAX_NODES = 200
MAX_DEPTH = 20
MAX_STEPS = 10_000

COMPARISONS: Mapping[type[ast.cmpop], Callable[..., bool]] = MappingProxyType(
    {
        ast.Eq: operator.eq,
        ast.NotEq: operator.ne,
        ast.Lt: operator.lt,
        ast.LtE: operator.le,
        ast.Gt: operator.gt,
        ast.GtE: operator.ge,
    }
)
ARITHMETIC: Mapping[type[ast.operator], Callable[..., Value]] = MappingProxyType(
    {
        ast.Add: operator.add,
        ast.Sub: operator.sub,
        ast.Mult: operator.mul,
        ast.FloorDiv: operator.floordiv,
        ast.Mod: operator.mod,
    }
)
SCALAR_FUNCTIONS: Mapping[str, Callable[..., Scalar]] = MappingProxyType(
    {
        "add_days": functions.add_days,
        "add_months": functions.add_months,
        "age_on": functions.age_on,
        "floor_to": functions.floor_to,
        "fy_end": functions.fy_end,
        "fy_end_after_age": functions.fy_end_after_age,
        "month_start": functions.month_start,
        "months_between": functions.months_between,
        "round_half_up": functions.round_half_up,
    }
)
AGGREGATES = frozenset({"count", "sum", "any", "all", "min", "max"})
LITERALS = frozenset({"date", "decimal"})
ALLOWED_NODES = (
    ast.Constant, ast.Name, ast.Load, ast.Store, ast.Attribute, ast.BinOp, ast.UnaryOp, ast.BoolOp,
    ast.Compare, ast.IfExp, ast.Call, ast.GeneratorExp, ast.comprehension, ast.Tuple,
    ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod, ast.USub, ast.Not, ast.And, ast.Or,
    ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn,
)  # fmt: skip


class ExpressionError(ValueError):
    """An expression that may not be published: not allowed, too large, or wrongly typed."""


class Expression(msgspec.Struct, frozen=True):
    source: str
    tree: ast.expr

    def names(self) -> frozenset[str]:
        return frozenset(n.id for n in ast.walk(self.tree) if isinstance(n, ast.Name))


def parse(source: str) -> Expression:
    """Parse and check against the whitelist; every refusal says what is not allowed."""
    try:
        tree = ast.parse(source.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ExpressionError(f"not an expression: {source[:80]!r}") from error
    nodes = sum(1 for _ in ast.walk(tree))
    if nodes > MAX_NODES:
        raise ExpressionError(f"{nodes} nodes, at most {MAX_NODES}")
    _check_shape(tree, depth=1, inside=False)
    return Expression(source=source.strip(), tree=tree)


def _check_shape(node: ast.AST, *, depth: int, inside: bool) -> None:
    if depth > MAX_DEPTH:
        raise ExpressionError(f"deeper than {MAX_DEPTH}")
    if not isinstance(node, ALLOWED_NODES):
        raise ExpressionError(f"{type(node).__name__} is not allowed")
    if isinstance(node, ast.Constant) and type(node.value) not in (int, bool, str):
        raise ExpressionError(f"literal {node.value!r} is not allowed")
    if isinstance(node, ast.Attribute) and not isinstance(node.value, ast.Name):
        raise ExpressionError("only a field of a named record may be read")
    if isinstance(node, ast.GeneratorExp):
        raise ExpressionError("a comprehension stands only inside count/sum/any/all/min/max")
    if isinstance(node, ast.Call):
        _check_call(node, depth=depth, inside=inside)
        return
    for child in ast.iter_child_nodes(node):
        _check_shape(child, depth=depth + 1, inside=inside)


def _check_call(node: ast.Call, *, depth: int, inside: bool) -> None:
    if not isinstance(node.func, ast.Name) or node.keywords:
        raise ExpressionError("only named functions with plain arguments may be called")
    name = node.func.id
    known = name in SCALAR_FUNCTIONS or name in AGGREGATES or name in LITERALS
    if not known and name != "next_business_day":
        raise ExpressionError(f"function {name} is not allowed")
    if name in LITERALS:
        _read_literal(node)
        return
    for argument in node.args:
        if isinstance(argument, ast.GeneratorExp):
            _check_comprehension(name, node, argument, depth=depth, inside=inside)
        else:
            _check_shape(argument, depth=depth + 1, inside=inside)


def _check_comprehension(
    name: str, call: ast.Call, node: ast.GeneratorExp, *, depth: int, inside: bool
) -> None:
    loop = node.generators[0]
    plain = (
        len(node.generators) == 1
        and not loop.is_async
        and isinstance(loop.target, ast.Name)
        and isinstance(loop.iter, ast.Name)
        and len(call.args) == 1
    )
    if not plain or name not in AGGREGATES:
        raise ExpressionError("one plain comprehension over one named list, nothing else")
    if inside:
        raise ExpressionError("comprehensions do not nest")
    for part in (node.elt, *loop.ifs):
        _check_shape(part, depth=depth + 2, inside=True)


def _read_literal(node: ast.Call) -> Scalar:
    """date("2024-10-01") and decimal("0.0243007"): the only ways to write such a constant."""
    argument = node.args[0] if len(node.args) == 1 else None
    if not isinstance(argument, ast.Constant) or not isinstance(argument.value, str):
        raise ExpressionError("date() and decimal() take one quoted constant")
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    try:
        return date.fromisoformat(argument.value) if name == "date" else Decimal(argument.value)
    except (ValueError, InvalidOperation) as error:
        raise ExpressionError(f"{argument.value!r} is no {name}") from error


def evaluate(
    expression: Expression, scope: Mapping[str, Value], calendar: Calendar | None = None
) -> Value:
    """The value of the expression; whatever it needs and cannot find makes it unknown."""
    return _Evaluation(calendar).value(expression.tree, scope)


class _Evaluation:
    """One run with its budget of steps."""

    def __init__(self, calendar: Calendar | None) -> None:
        self._calendar = calendar
        self._steps = 0

    def value(self, node: ast.expr, scope: Mapping[str, Value]) -> Value:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise ExpressionError(f"more than {MAX_STEPS} steps")
        match node:
            case ast.Constant(value=bool() | int() | str() as literal):
                return literal
            case ast.Name(id=name):
                return scope[name] if name in scope else unknown(name)
            case ast.Attribute(value=ast.Name(id=name), attr=field):
                return self._field(scope.get(name, unknown(f"{name}.{field}")), field)
            case ast.BoolOp(op=op, values=parts):
                return self._logic(isinstance(op, ast.And), parts, scope)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                condition = self.value(test, scope)
                if isinstance(condition, Unknown):
                    return condition
                return self.value(body if condition is True else orelse, scope)
            case ast.UnaryOp(op=op, operand=operand):
                return self._unary(op, self.value(operand, scope))
            case ast.BinOp(left=left, op=op, right=right):
                return self._arithmetic(op, self.value(left, scope), self.value(right, scope))
            case ast.Compare():
                return self._comparison(node, scope)
            case ast.Call():
                return self._call(node, scope)
            case _:
                raise ExpressionError(f"{type(node).__name__} has no value")

    @staticmethod
    def _field(record: Value, field: str) -> Value:
        if isinstance(record, Record):
            return record.find(field)
        if isinstance(record, Unknown):
            return record
        raise ExpressionError(f"{field} is asked of something that is no record")

    def _logic(self, is_and: bool, parts: list[ast.expr], scope: Mapping[str, Value]) -> Value:
        # Kleene's three values: a known "no" settles an "and" whatever the unknown part is.
        missing: list[Value] = []
        for part in parts:
            value = self.value(part, scope)
            if isinstance(value, Unknown):
                missing.append(value)
            elif value is not is_and:
                return not is_and
        return join_unknown(tuple(missing)) or is_and

    @staticmethod
    def _unary(op: ast.unaryop, value: Value) -> Value:
        if isinstance(value, Unknown):
            return value
        if isinstance(op, ast.Not):
            return value is not True
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return -value
        raise ExpressionError("minus needs a number")

    @staticmethod
    def _arithmetic(op: ast.operator, left: Value, right: Value) -> Value:
        missing = join_unknown((left, right))
        if missing:
            return missing
        if isinstance(op, ast.FloorDiv | ast.Mod) and right == 0:
            raise ExpressionError("division by zero")
        return ARITHMETIC[type(op)](left, right)

    def _comparison(self, node: ast.Compare, scope: Mapping[str, Value]) -> Value:
        left = self.value(node.left, scope)
        missing: list[Value] = []
        for op, right_node in zip(node.ops, node.comparators, strict=True):
            if isinstance(op, ast.In | ast.NotIn):
                outcome = self._membership(left, right_node, scope, isinstance(op, ast.NotIn))
                right: Value = left
            else:
                right = self.value(right_node, scope)
                gap = join_unknown((left, right))
                outcome = gap or COMPARISONS[type(op)](left, right)
            if isinstance(outcome, Unknown):
                missing.append(outcome)
            elif outcome is False:
                return False
            left = right
        return join_unknown(tuple(missing)) or True

    def _membership(
        self, left: Value, node: ast.expr, scope: Mapping[str, Value], negated: bool
    ) -> Value:
        if not isinstance(node, ast.Tuple):
            raise ExpressionError("`in` takes a list of constants in parentheses")
        members = tuple(self.value(part, scope) for part in node.elts)
        missing = join_unknown((left, *members))
        return missing or ((left in members) is not negated)

    def _call(self, node: ast.Call, scope: Mapping[str, Value]) -> Value:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in LITERALS:
            return _read_literal(node)
        if len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp):
            return self._aggregate(name, node.args[0], scope)
        values = tuple(self.value(argument, scope) for argument in node.args)
        missing = join_unknown(values)
        if missing:
            return missing
        if name == "next_business_day":
            return self._next_business_day(values)
        if name in ("min", "max"):
            return min(values, key=_sortable) if name == "min" else max(values, key=_sortable)
        return SCALAR_FUNCTIONS[name](*values)

    def _next_business_day(self, values: tuple[Value, ...]) -> Value:
        day = values[0]
        if self._calendar is None or not isinstance(day, date):
            raise ExpressionError("next_business_day needs a calendar and a date")
        return self._calendar.next_business_day(day)

    def _aggregate(self, name: str, node: ast.GeneratorExp, scope: Mapping[str, Value]) -> Value:
        loop = node.generators[0]
        rows = self.value(loop.iter, scope)
        if isinstance(rows, Unknown):
            return rows
        if not isinstance(rows, tuple) or not isinstance(loop.target, ast.Name):
            raise ExpressionError(f"{name} runs over a list")
        kept: list[Value] = []
        for row in rows:
            inner = {**scope, loop.target.id: row}
            test = self._all_true(loop.ifs, inner)
            if isinstance(test, Unknown):
                kept.append(test)
            elif test:
                kept.append(True if name == "count" else self.value(node.elt, inner))
        return _collect(name, tuple(kept))

    def _all_true(self, tests: list[ast.expr], scope: Mapping[str, Value]) -> bool | Unknown:
        if not tests:
            return True
        value = self._logic(True, tests, scope)
        return value if isinstance(value, Unknown) else value is True


def _collect(name: str, values: tuple[Value, ...]) -> Value:
    missing = join_unknown(values)
    known = tuple(v for v in values if not isinstance(v, Unknown))
    if name == "count":
        return missing or len(known)
    if name == "sum":
        return missing or sum(v for v in known if isinstance(v, int | Decimal))
    if name == "any":
        return True if True in known else missing or False
    if name == "all":
        return missing or True if all(v is True for v in known) else False
    if missing:
        return missing
    if not known:
        raise ExpressionError(f"{name} of nothing")
    return min(known, key=_sortable) if name == "min" else max(known, key=_sortable)


def _sortable(value: Value) -> int | Decimal | date:
    if isinstance(value, int | Decimal | date):
        return value
    raise ExpressionError("only numbers and dates have an order")
