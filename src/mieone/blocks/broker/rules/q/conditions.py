"""The grammar of q (ETSI GS CIM 009 clause 4.9); `;` binds closer than `|`."""

from typing import Final

from mieone.blocks.broker.model import (
    CORE_VOCABULARY,
    Absent,
    AllOf,
    AnyOf,
    Compare,
    Comparison,
    Condition,
    Exists,
    Iri,
    Path,
    Scalar,
    Span,
    Terms,
)
from mieone.blocks.broker.problems import BadRequestData
from mieone.blocks.broker.rules.patterns import compile_pattern

from .reader import Reader
from .values import read_pattern, read_values

RESERVED: Final = frozenset(
    {
        "id",
        "type",
        "scope",
        "createdAt",
        "modifiedAt",
        "deletedAt",
        "expiresAt",
        "observedAt",
        "unitCode",
        "datasetId",
        "instanceId",
        "objectType",
    }
)
"""Members of the API's documents that a path may name; they belong to the core vocabulary."""
_OPERATORS: Final = (
    (Comparison.NO_MATCH, "!~="),
    (Comparison.EQUAL, "=="),
    (Comparison.UNEQUAL, "!="),
    (Comparison.GREATER_EQUAL, ">="),
    (Comparison.LESS_EQUAL, "<="),
    (Comparison.MATCH, "~="),
    (Comparison.GREATER, ">"),
    (Comparison.LESS, "<"),
)
_NAME_ENDS: Final = '=!<>~;|()[]{}",'
_PATTERNS: Final = frozenset((Comparison.MATCH, Comparison.NO_MATCH))
_EQUALITIES: Final = frozenset((Comparison.EQUAL, Comparison.UNEQUAL))
_DEEPEST_PATH: Final = 16


def parse_q(text: str, terms: Terms, what: str = "q") -> Condition:
    reader = Reader(text, what)
    condition = _read_any(reader, terms)
    reader.expect_end()
    return condition


def parse_path(text: str, terms: Terms, what: str) -> Path:
    """`a.b[x.y]` alone, as in orderBy."""
    reader = Reader(text, what)
    path = _read_path(reader, terms)
    reader.expect_end()
    return path


def _read_any(reader: Reader, terms: Terms) -> Condition:
    parts = [_read_all(reader, terms)]
    while reader.take("|"):
        parts.append(_read_all(reader, terms))
    return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))


def _read_all(reader: Reader, terms: Terms) -> Condition:
    parts = [_read_term(reader, terms)]
    while reader.take(";"):
        parts.append(_read_term(reader, terms))
    return parts[0] if len(parts) == 1 else AllOf(tuple(parts))


def _read_term(reader: Reader, terms: Terms) -> Condition:
    reader.count_term()
    if reader.take("("):
        reader.enter()
        inner = _read_any(reader, terms)
        reader.expect(")")
        reader.leave()
        return inner
    if reader.take("!"):
        return Absent(_read_path(reader, terms))
    path = _read_path(reader, terms)
    for operator, token in _OPERATORS:
        if reader.take(token):
            return _read_comparison(reader, terms, path, operator)
    return Exists(path)


def _read_comparison(reader: Reader, terms: Terms, path: Path, operator: Comparison) -> Compare:
    start = reader.at
    if operator in _PATTERNS:
        pattern = read_pattern(reader)
        compile_pattern(pattern)
        return Compare(path=path, operator=operator, values=(pattern,), is_quoted=True)
    values, is_quoted = read_values(reader)
    if operator not in _EQUALITIES:
        value = values[0]
        if len(values) > 1 or isinstance(value, Span | bool):
            reader.fail(f"{operator.value} compares with one number, text or time", start)
    return Compare(
        path=path,
        operator=operator,
        values=values,
        is_quoted=is_quoted,
        expanded=_expand_all(values, terms) if operator in _EQUALITIES else (),
    )


def _expand_all(values: tuple[Scalar | Span, ...], terms: Terms) -> tuple[Iri, ...]:
    """What texts mean as terms of the reader's context, for values of VocabProperties."""
    found: list[Iri] = []
    for value in values:
        if isinstance(value, str):
            try:
                found.append(terms.expand_name(value))
            except BadRequestData:
                continue
    return tuple(found)


def _read_path(reader: Reader, terms: Terms) -> Path:
    start = reader.at
    written = reader.take_until(_NAME_ENDS).strip(" ")
    if not written:
        reader.fail("an attribute name is missing")
    names = [written] if _is_iri(written) else written.split(".")
    if len(names) > _DEEPEST_PATH:
        reader.fail("the path is too deep", start)
    for name in names:
        if not name or any(mark.isspace() or not mark.isprintable() for mark in name):
            reader.fail("this is no attribute name", start)
    members: tuple[str, ...] = ()
    if reader.take("["):
        inside = reader.take_until("[]")
        reader.expect("]")
        members = tuple(inside.split("."))
        if not all(members) or len(members) > _DEEPEST_PATH:
            reader.fail("this is no path into a value", start)
    if reader.peek() == "{":
        reader.fail("conditions on linked entities are not supported")
    return Path(
        names=tuple(_expand(name, terms) for name in names), short=tuple(names), members=members
    )


def _is_iri(written: str) -> bool:
    """Dots in a whole IRI part no sub-attributes."""
    return "://" in written or written.startswith("urn:")


def _expand(name: str, terms: Terms) -> Iri:
    return CORE_VOCABULARY + name if name in RESERVED else terms.expand_name(name)
