"""Lint of decision tables: every row reachable, no overlap and no hole over the declared domain."""

from collections.abc import Iterable, Mapping
from datetime import date
from itertools import product

from .tables import ANY, Hit, Row, Table, TableInput, cell_holds, read_range
from .values import Kind, Scalar

MAX_POINTS = 50_000


def lint_table(table: Table) -> list[str]:
    """Everything that keeps the table from being published, in words for its editor."""
    found = [problem for row in table.rows for problem in _lint_row(table, row)]
    ids = [row.id for row in table.rows]
    found += [
        f"{table.id}: row id {name} twice" for name in sorted({i for i in ids if ids.count(i) > 1})
    ]
    return found or _lint_cover(table)


def _lint_row(table: Table, row: Row) -> Iterable[str]:
    where = f"{table.id}/{row.id}"
    if not row.law_ref or not row.source:
        yield f"{where}: every number has a law_ref and a source"
    if not row.explain_ja:
        yield f"{where}: explain_ja is missing"
    if set(row.when) != set(table.inputs):
        yield f"{where}: `when` names {sorted(row.when)}, inputs are {sorted(table.inputs)}"
    if set(row.then) != set(table.outputs):
        yield f"{where}: `then` names {sorted(row.then)}, outputs are {sorted(table.outputs)}"
    if row.valid_until is not None and row.valid_until <= row.valid_from:
        yield f"{where}: valid_until is not after valid_from"
    for name, cell in row.when.items():
        domain = table.inputs.get(name)
        if domain and not any(cell_holds(cell, value) for value in _points(domain, [cell])):
            yield f"{where}: {name} = {cell!r} is outside the declared domain"
    for name, value in row.then.items():
        wanted = {Kind.INT: int, Kind.TEXT: str, Kind.BOOL: bool}.get(
            table.outputs.get(name, Kind.INT)
        )
        if wanted is None or type(value) is not wanted:
            yield f"{where}: {name} = {value!r} has the wrong type"


def _points(domain: TableInput, cells: Iterable[object]) -> list[Scalar]:
    """One representative for every region the cells can tell apart."""
    if domain.type is Kind.BOOL:
        return [True, False]
    if domain.type is Kind.TEXT:
        return list(domain.values)
    first = domain.first or 0
    edges = {first}
    for cell in cells:
        if isinstance(cell, str) and ".." in cell:
            low, high = read_range(cell)
            edges |= {low} | ({high + 1} if high is not None else set())
        elif isinstance(cell, int):
            edges |= {cell, cell + 1}
    last = domain.last
    return [edge for edge in sorted(edges) if edge >= first and (last is None or edge <= last)]


def _lint_cover(table: Table) -> list[str]:
    axes = {
        name: _points(domain, [row.when[name] for row in table.rows if row.when[name] != ANY])
        for name, domain in table.inputs.items()
    }
    # Days before the first row are outside the table; after that, gaps in time are holes too.
    days = sorted(
        {edge for row in table.rows for edge in (row.valid_from, row.valid_until) if edge}
    )
    closes = all(row.valid_until is not None for row in table.rows)
    checked = days[:-1] if closes else days
    size = len(checked)
    for points in axes.values():
        size *= len(points)
    if size > MAX_POINTS:
        return [f"{table.id}: {size} regions are too many to check"]
    reached: set[str] = set()
    found: list[str] = []
    for day in checked:
        found += _lint_day(table, date.fromisoformat(day), axes, reached)
    found += [f"{table.id}/{row.id}: never reached" for row in table.rows if row.id not in reached]
    return found


def _lint_day(
    table: Table, day: date, axes: Mapping[str, list[Scalar]], reached: set[str]
) -> list[str]:
    found: list[str] = []
    live = [row for row in table.rows if row.is_valid_on(day)]
    for point in product(*axes.values()):
        values = dict(zip(axes, point, strict=True))
        hits = [
            row for row in live if all(cell_holds(row.when[name], v) for name, v in values.items())
        ]
        reached.update(row.id for row in (hits[:1] if table.hit is Hit.FIRST else hits))
        if not hits and table.hit is not Hit.COLLECT_SUM:
            found.append(f"{table.id}: no row for {values} on {day.isoformat()}")
        if len(hits) > 1 and table.hit is Hit.UNIQUE:
            names = ", ".join(row.id for row in hits)
            found.append(f"{table.id}: {names} overlap at {values} on {day.isoformat()}")
    return found
