"""Entity type selection (clause 4.17): `,` or `|` is or, `;` is and and binds closer."""

from mieone.blocks.broker.model import AllTypes, AnyType, OneType, Terms, TypeSelection

from .reader import Reader


def parse_types(text: str, terms: Terms) -> TypeSelection:
    reader = Reader(text, "type")
    selection = _read_any(reader, terms)
    reader.expect_end()
    return selection


def _read_any(reader: Reader, terms: Terms) -> TypeSelection:
    parts = [_read_all(reader, terms)]
    while reader.take(",") or reader.take("|"):
        parts.append(_read_all(reader, terms))
    return parts[0] if len(parts) == 1 else AnyType(tuple(parts))


def _read_all(reader: Reader, terms: Terms) -> TypeSelection:
    parts = [_read_one(reader, terms)]
    while reader.take(";"):
        parts.append(_read_one(reader, terms))
    return parts[0] if len(parts) == 1 else AllTypes(tuple(parts))


def _read_one(reader: Reader, terms: Terms) -> TypeSelection:
    reader.count_term()
    if reader.take("("):
        reader.enter()
        inner = _read_any(reader, terms)
        reader.expect(")")
        reader.leave()
        return inner
    start = reader.at
    written = reader.take_until(",;|()")
    if not written or any(mark.isspace() or not mark.isprintable() for mark in written):
        reader.fail("a type name is missing", start)
    return OneType(terms.expand_type(written))
