"""Which registrations cannot stand beside each other: what is held in one place is held in one place."""

from collections.abc import Iterable

from mieone.blocks.broker.model import (
    EntityInfo,
    Registration,
    RegistrationInfo,
    SourceMode,
)
from mieone.blocks.broker.problems import BadRequestData, Conflict
from mieone.blocks.broker.rules.patterns import is_found

from .operations import WRITES, expand_operations

_PROXIED = frozenset({SourceMode.EXCLUSIVE, SourceMode.REDIRECT})


def check_mode(registration: Registration) -> None:
    """What a mode asks of a registration (clauses 4.3.6.2, 4.3.6.3). Raises BadRequestData.

    An auxiliary source is only read. An exclusive one is told by entity: a type alone is not enough;
    patterns, whole entities and what stands here already are let through, as the conformance suite
    registers them (D012 to D016, D001_02, D005_01).
    """
    if registration.mode is SourceMode.AUXILIARY:
        written = sorted(expand_operations(registration.operations) & WRITES)
        if written:
            raise BadRequestData(f"an auxiliary source is read only: no {written[0]}")
    if registration.mode is not SourceMode.EXCLUSIVE:
        return
    for info in registration.information:
        if not info.entities or any(
            one.id is None and one.id_pattern is None for one in info.entities
        ):
            raise BadRequestData("an exclusive registration names its entities by id or idPattern")


def check_conflicts(registration: Registration, others: Iterable[Registration]) -> None:
    """Raises Conflict: an exclusive source shares its attributes with no other proxied source."""
    if registration.mode not in _PROXIED:
        return
    for other in others:
        if other.id == registration.id or other.mode not in _PROXIED:
            continue
        if SourceMode.EXCLUSIVE not in (registration.mode, other.mode):
            continue
        if any(_overlap(a, b) for a in registration.information for b in other.information):
            raise Conflict(f"{other.id} holds the same attributes of the same entity")


def _overlap(one: RegistrationInfo, other: RegistrationInfo) -> bool:
    if one.names and other.names and set(one.names).isdisjoint(other.names):
        return False
    if not one.entities or not other.entities:
        return True
    return any(_same_entity(a, b) for a in one.entities for b in other.entities)


def _same_entity(one: EntityInfo, other: EntityInfo) -> bool:
    if one.types and other.types and set(one.types).isdisjoint(other.types):
        return False
    if one.id is not None and other.id is not None:
        return one.id == other.id
    if one.id is not None:
        return other.id_pattern is None or is_found(other.id_pattern, one.id)
    if other.id is not None:
        return one.id_pattern is None or is_found(one.id_pattern, other.id)
    # Two patterns: whether they share an entity cannot be told; equal ones do.
    return one.id_pattern == other.id_pattern or None in (one.id_pattern, other.id_pattern)
