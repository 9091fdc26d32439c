"""Type check of rule expressions against declared inputs, before they may be published."""

import ast
from collections.abc import Mapping
from types import MappingProxyType

from .expressions import Expression, ExpressionError
from .values import Kind, ListType, RecordType, Type

NUMBERS = frozenset({Kind.INT, Kind.DECIMAL})
ORDERED = frozenset({Kind.INT, Kind.DECIMAL, Kind.DATE})
SIGNATURES: Mapping[str, tuple[tuple[Kind, ...], Kind]] = MappingProxyType(
    {
        "add_days": ((Kind.DATE, Kind.INT), Kind.DATE),
        "add_months": ((Kind.DATE, Kind.INT), Kind.DATE),
        "age_on": ((Kind.DATE, Kind.DATE), Kind.INT),
        "floor_to": ((Kind.DECIMAL, Kind.INT), Kind.INT),
        "fy_end": ((Kind.DATE,), Kind.DATE),
        "fy_end_after_age": ((Kind.DATE, Kind.INT), Kind.DATE),
        "month_start": ((Kind.DATE,), Kind.DATE),
        "months_between": ((Kind.DATE, Kind.DATE), Kind.INT),
        "next_business_day": ((Kind.DATE,), Kind.DATE),
        "round_half_up": ((Kind.DECIMAL, Kind.INT), Kind.INT),
    }
)


def infer_type(expression: Expression, scope: Mapping[str, Type]) -> Type:
    """The type of the whole expression; raises where an operand does not fit."""
    return _infer(expression.tree, scope)


def _infer(node: ast.expr, scope: Mapping[str, Type]) -> Type:
    match node:
        case ast.Constant(value=bool()):
            return Kind.BOOL
        case ast.Constant(value=int()):
            return Kind.INT
        case ast.Constant(value=str()):
            return Kind.TEXT
        case ast.Name(id=name):
            if name not in scope:
                raise ExpressionError(f"{name} is not declared")
            return scope[name]
        case ast.Attribute(value=ast.Name(id=name), attr=field):
            return _field(scope.get(name), name, field)
        case ast.BoolOp(values=parts):
            for part in parts:
                _expect(part, Kind.BOOL, scope)
            return Kind.BOOL
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _expect(operand, Kind.BOOL, scope)
        case ast.UnaryOp(operand=operand):
            return _number(operand, scope)
        case ast.BinOp(left=left, right=right):
            return _wider(_number(left, scope), _number(right, scope))
        case ast.IfExp(test=test, body=body, orelse=orelse):
            _expect(test, Kind.BOOL, scope)
            return _common(_infer(body, scope), _infer(orelse, scope))
        case ast.Compare():
            return _comparison(node, scope)
        case ast.Call(func=ast.Name(id=name)):
            return _call(name, node, scope)
        case _:
            raise ExpressionError(f"{type(node).__name__} has no type")


def _field(record: Type | None, name: str, field: str) -> Kind:
    if not isinstance(record, RecordType):
        raise ExpressionError(f"{name} is not a declared record")
    if field not in record.fields:
        raise ExpressionError(f"{name}.{field} is not declared")
    return record.fields[field]


def _expect(node: ast.expr, kind: Kind, scope: Mapping[str, Type]) -> Kind:
    found = _infer(node, scope)
    if found is not kind:
        raise ExpressionError(f"{ast.unparse(node)} is {found}, {kind} is needed")
    return kind


def _number(node: ast.expr, scope: Mapping[str, Type]) -> Kind:
    found = _infer(node, scope)
    if not isinstance(found, Kind) or found not in NUMBERS:
        raise ExpressionError(f"{ast.unparse(node)} is {found}, a number is needed")
    return found


def _wider(left: Kind, right: Kind) -> Kind:
    return Kind.DECIMAL if Kind.DECIMAL in (left, right) else Kind.INT


def _common(left: Type, right: Type) -> Type:
    if left == right:
        return left
    if isinstance(left, Kind) and isinstance(right, Kind) and {left, right} <= NUMBERS:
        return Kind.DECIMAL
    raise ExpressionError(f"{left} and {right} do not fit together")


def _comparison(node: ast.Compare, scope: Mapping[str, Type]) -> Kind:
    left = _infer(node.left, scope)
    for op, right_node in zip(node.ops, node.comparators, strict=True):
        if isinstance(op, ast.In | ast.NotIn):
            if not isinstance(right_node, ast.Tuple):
                raise ExpressionError("`in` takes a list of constants in parentheses")
            for part in right_node.elts:
                _common(left, _infer(part, scope))
            continue
        right = _infer(right_node, scope)
        shared = _common(left, right)
        if not isinstance(shared, Kind):
            raise ExpressionError("records and lists are not compared")
        if not isinstance(op, ast.Eq | ast.NotEq) and shared not in ORDERED:
            raise ExpressionError(f"{shared} has no order")
        left = right
    return Kind.BOOL


def _call(name: str, node: ast.Call, scope: Mapping[str, Type]) -> Type:
    if name == "date":
        return Kind.DATE
    if name == "decimal":
        return Kind.DECIMAL
    if len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp):
        return _aggregate(name, node.args[0], scope)
    found = tuple(_infer(argument, scope) for argument in node.args)
    if name in ("min", "max") and len(found) > 1:
        shared = found[0]
        for other in found[1:]:
            shared = _common(shared, other)
        if shared not in ORDERED:
            raise ExpressionError(f"{shared} has no order")
        return shared
    if name not in SIGNATURES:
        raise ExpressionError(f"{name} needs a comprehension")
    wanted, result = SIGNATURES[name]
    if len(wanted) != len(found):
        raise ExpressionError(f"{name} takes {len(wanted)} values")
    for want, have in zip(wanted, found, strict=True):
        if have is not want and not (want is Kind.DECIMAL and have is Kind.INT):
            raise ExpressionError(f"{name} needs {want}, not {have}")
    return result


def _aggregate(name: str, node: ast.GeneratorExp, scope: Mapping[str, Type]) -> Kind:
    loop = node.generators[0]
    rows = _infer(loop.iter, scope)
    if not isinstance(rows, ListType) or not isinstance(loop.target, ast.Name):
        raise ExpressionError(f"{ast.unparse(loop.iter)} is no list")
    inner: dict[str, Type] = {**scope, loop.target.id: rows.of}
    for test in loop.ifs:
        _expect(test, Kind.BOOL, inner)
    if name == "count":
        return Kind.INT
    found = _infer(node.elt, inner)
    if name in ("any", "all"):
        return _expect(node.elt, Kind.BOOL, inner)
    if name == "sum":
        return _number(node.elt, inner)
    if not isinstance(found, Kind) or found not in ORDERED:
        raise ExpressionError(f"{found} has no order")
    return found
