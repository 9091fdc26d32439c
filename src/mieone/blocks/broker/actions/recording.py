"""The history of attributes, written in the transaction of the change."""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from mieone.blocks.broker.model import (
    CORE_VOCABULARY,
    DEFAULT_INSTANCE,
    NULL_URI,
    AttributeKind,
    DatasetId,
    Entity,
    Instance,
    Iri,
    JsonValue,
    Outcome,
    Tenant,
)
from mieone.blocks.broker.model.temporal import HistoryPolicy, Series, TemporalEntity
from mieone.blocks.broker.rules.temporal.keys import instance_id, new_salt, series_key
from mieone.blocks.broker.rules.temporal.measuring import measure
from mieone.blocks.broker.rules.temporal.policies import decide_keeping, list_valid
from mieone.blocks.broker.store import history as store
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.settings import Profile

SCOPE: Final[Iri] = f"{CORE_VOCABULARY}scope"
"""Scopes have a history like an attribute."""
_FIRST: Final = datetime.min.replace(microsecond=1, tzinfo=UTC)
_LAST: Final = datetime.max.replace(microsecond=999_998, tzinfo=UTC)
REFRESH_S: Final = 10.0


class Recorder:
    """Keeps the policies in memory, and reads them again every few seconds."""

    def __init__(self, house: House) -> None:
        self._clock = house.clock
        self._default = house.settings.profile is not Profile.PRODUCTION
        self._policies: tuple[HistoryPolicy, ...] = ()
        self._kept: dict[tuple[str, tuple[Iri, ...]], bool] = {}
        self._read_at_s: float | None = None

    async def record(
        self, conn: Conn, tenant: Tenant, outcomes: Sequence[Outcome], at: datetime
    ) -> None:
        """Called by the write path only, with outcomes that have no problem."""
        await self._refresh(conn)
        kept = [outcome for outcome in outcomes if self._keeps(tenant.name, outcome)]
        if not kept:
            return
        salt = new_salt()
        records = [
            make_record(tenant.name, entity_id, name, dataset, instance, moment, place, salt)
            for place, (entity_id, name, dataset, instance, moment) in enumerate(
                touched for outcome in kept for touched in _list_touched(outcome, at)
            )
        ]
        fresh = await store.record_instances(conn, tenant.name, records) if records else set()
        states = _list_states(kept, fresh, at)
        if states:
            await store.declare_temporal_entities(conn, tenant.name, states)

    def _keeps(self, tenant: str, outcome: Outcome) -> bool:
        entity = outcome.after or outcome.before
        if entity is None:
            return False
        key = (tenant, entity.types)
        if key not in self._kept:
            if len(self._kept) > 10_000:
                self._kept.clear()
            self._kept[key] = decide_keeping(
                self._policies, tenant, entity.types, default=self._default
            )
        return self._kept[key]

    async def _refresh(self, conn: Conn) -> None:
        now_s = time.monotonic()
        if self._read_at_s is None or now_s - self._read_at_s > REFRESH_S:
            policies = await store.list_policies(conn)
            self._policies = list_valid(policies, self._clock.today())
            self._kept = {}
            self._read_at_s = now_s


def _list_touched(
    outcome: Outcome, at: datetime
) -> Iterator[tuple[str, Iri, DatasetId, Instance | AttributeKind, datetime]]:
    """Every instance that was touched, in order; of a deleted one its kind."""
    moment = _moment(outcome, at)
    entity_id = outcome.change.entity_id
    for effect in outcome.effects:
        if effect.after is not None:
            yield entity_id, effect.name, effect.dataset, effect.after, moment
        elif effect.before is not None:
            yield entity_id, effect.name, effect.dataset, effect.before.kind, moment
    before = outcome.before.scopes if outcome.before else ()
    after = outcome.after.scopes if outcome.after else ()
    if after and after != before:
        scopes = scope_instance(after)
        yield entity_id, SCOPE, DEFAULT_INSTANCE, scopes, moment
    elif before and not after:
        yield entity_id, SCOPE, DEFAULT_INSTANCE, AttributeKind.PROPERTY, moment


def _moment(outcome: Outcome, at: datetime) -> datetime:
    """Each change of an entity has one of its own, later than those before."""
    if outcome.after is not None:
        return outcome.after.modified_at or at
    before = outcome.before.modified_at if outcome.before else None
    return at if before is None or before < at else before + timedelta(microseconds=1)


def scope_instance(scopes: Sequence[str]) -> Instance:
    return Instance(kind=AttributeKind.PROPERTY, value=list(scopes))


def make_record(
    tenant: str,
    entity_id: str,
    name: Iri,
    dataset: DatasetId,
    instance: Instance | AttributeKind,
    moment: datetime,
    place: int,
    salt: int | None = None,
) -> store.Record:
    """A row; for a kind instead of an instance, that the attribute of that kind was deleted."""
    is_deletion = isinstance(instance, AttributeKind)
    kept = deletion(name, instance) if isinstance(instance, AttributeKind) else instance
    measured = measure(kept)
    return store.Record(
        series=Series(
            key=series_key(tenant, entity_id, name, dataset),
            entity_id=entity_id,
            name=name,
            dataset=dataset,
        ),
        instance_id=instance_id(moment, place, salt),
        recorded_at=moment,
        observed_at=_within(kept.observed_at),
        is_deletion=is_deletion,
        sort=measured.sort.value,
        number=measured.number,
        fingerprint=measured.fingerprint,
        document=store.encode_instance(
            msgspec.structs.replace(kept, created_at=None, modified_at=None, instance_id=None)
        ),
    )


def _within(moment: datetime | None) -> datetime | None:
    """The first and the last instant of all stand for no end in the database: they stand beside them."""
    return None if moment is None else min(max(moment, _FIRST), _LAST)


def deletion(name: Iri, kind: AttributeKind) -> Instance:
    """What stands in a history for an attribute's end (ETSI GS CIM 009 clause 4.5.7)."""
    value: JsonValue = NULL_URI
    if kind is AttributeKind.LANGUAGE_PROPERTY:
        value = {"@none": NULL_URI}
    elif name == SCOPE:
        value = []
    return Instance(kind=kind, value=value)


def _list_states(
    outcomes: Sequence[Outcome], fresh: set[str], at: datetime
) -> list[TemporalEntity]:
    """The newest state of every entity whose row would say something else than before."""
    states: dict[str, TemporalEntity] = {}
    for outcome in outcomes:
        before, after = outcome.before, outcome.after
        entity_id = outcome.change.entity_id
        known = entity_id in states or entity_id in fresh
        if known or before is None or after is None or _differs(before, after):
            states[entity_id] = _state(outcome, at)
    return list(states.values())


def _differs(before: Entity, after: Entity) -> bool:
    return before.types != after.types or before.scopes != after.scopes


def _state(outcome: Outcome, at: datetime) -> TemporalEntity:
    moment = _moment(outcome, at)
    entity = outcome.after or outcome.before
    assert entity is not None, "an outcome without a problem has an entity"
    return TemporalEntity(
        id=entity.id,
        sequence=0,
        types=entity.types,
        scopes=entity.scopes,
        created_at=entity.created_at or moment,
        modified_at=moment,
        deleted_at=None if outcome.after is not None else moment,
    )
