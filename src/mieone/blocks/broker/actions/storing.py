"""Outcomes as rows: of each entity the state it ends in, and beside it only what differs."""

from collections.abc import Callable, Collection, Mapping, Sequence

from mieone.blocks.broker.model import Entity, Outcome, TenantName
from mieone.blocks.broker.rules.rows import Turn, index_change, list_turns
from mieone.blocks.broker.rules.scope_keys import has_moved, list_keys
from mieone.blocks.broker.store import entities as store
from mieone.core.database import Conn


async def store_outcomes(
    conn: Conn, tenant: TenantName, sequences: Mapping[str, int], outcomes: Sequence[Outcome]
) -> bool:
    """`sequences` of the rows under lock. False when somebody else has made an entity of ours."""
    turns = list_turns(outcomes)
    gone = [sequences[turn.entity_id] for turn in turns if turn.after is None]
    if gone:
        await store.delete_entities(conn, tenant, gone)
    known = dict(sequences)
    made = [turn.after for turn in turns if turn.before is None and turn.after is not None]
    if made:
        known.update(await store.add_entities(conn, tenant, made))
        if any(entity.id not in known for entity in made):
            return False
    kept = {
        known[turn.entity_id]: turn.after
        for turn in turns
        if turn.before is not None and turn.after is not None
    }
    if kept:
        await store.change_entities(conn, tenant, kept)
    left = [(known[turn.entity_id], turn) for turn in turns if turn.after is not None]
    await _store_types(conn, tenant, left)
    await _store_scopes(conn, tenant, [(known[turn.entity_id], turn) for turn in turns])
    await _store_index(conn, tenant, left)
    return True


async def _store_types(conn: Conn, tenant: TenantName, turns: Sequence[tuple[int, Turn]]) -> None:
    lost, gained = _compare(turns, lambda entity: entity.types)
    if lost:
        await store.delete_types(conn, tenant, lost)
    if gained:
        await store.add_types(conn, tenant, gained)


async def _store_scopes(conn: Conn, tenant: TenantName, turns: Sequence[tuple[int, Turn]]) -> None:
    lost, gained = _compare([one for one in turns if has_moved(one[1])], list_keys)
    if lost:
        await store.delete_scopes(conn, tenant, lost)
    if gained:
        await store.add_scopes(conn, tenant, gained)


def _compare(
    turns: Sequence[tuple[int, Turn]], labels: Callable[[Entity], Collection[str]]
) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """What entities stood under and no longer do, and what they newly do."""
    lost, gained = [], []
    for sequence, turn in turns:
        before = () if turn.before is None else labels(turn.before)
        after = () if turn.after is None else labels(turn.after)
        lost += [(sequence, name) for name in before if name not in after]
        gained += [(sequence, name) for name in after if name not in before]
    return lost, gained


async def _store_index(conn: Conn, tenant: TenantName, turns: Sequence[tuple[int, Turn]]) -> None:
    stale, fresh = [], []
    for sequence, turn in turns:
        change = index_change(turn)
        stale += [(sequence, *key) for key in change.stale]
        fresh += [(sequence, name, row) for name, row in change.fresh]
    if stale:
        await store.delete_attributes(conn, tenant, stale)
    if fresh:
        await store.put_attributes(conn, tenant, fresh)
