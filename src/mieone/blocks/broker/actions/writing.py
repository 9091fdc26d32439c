"""The one write path: requests that arrive together are decided together and written in one transaction."""

import asyncio
from collections.abc import Sequence
from typing import Final

import asyncpg
import structlog

from mieone.blocks.broker.model import Change, Entity, Operation, Outcome, Tenant
from mieone.blocks.broker.problems import BadRequestData, OverQuota
from mieone.blocks.broker.rules.merging import decide_all, list_ends
from mieone.blocks.broker.rules.personal import PersonalTerms
from mieone.blocks.broker.store import entities as store
from mieone.core.database import Conn
from mieone.core.house import House

from .dispatching import Dispatcher
from .gathering import AT_ONCE, Gathering
from .pasts import read_pasts
from .recording import Recorder
from .room import Room
from .storing import store_outcomes

log = structlog.get_logger()

_AGAIN: Final = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
_UNSTORABLE: Final = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
_ATTEMPTS: Final = 8
_TAKING_AWAY: Final = frozenset({Operation.DELETE, Operation.DELETE_ATTRIBUTE})
_REPLACING: Final = frozenset({Operation.REPLACE, Operation.UPSERT_REPLACE})
_MAKING: Final = frozenset(
    {Operation.CREATE, Operation.UPSERT_REPLACE, Operation.UPSERT_UPDATE, Operation.APPEND_STRICT}
)


class MadeMeanwhile(Exception):
    """Another process has made an entity of this transaction: decided again, it is there."""


class Writer:
    def __init__(self, house: House, dispatcher: Dispatcher, personal: PersonalTerms) -> None:
        self._house = house
        self._dispatcher = dispatcher
        self._recorder = Recorder(house)
        self._personal = personal
        self._room = Room()
        self._tenants: dict[str, Tenant] = {}
        self._gathering: Gathering[Change, Outcome] | None = None

    async def start(self) -> None:
        """From now on requests are gathered."""
        self._gathering = Gathering(self._write_lane)

    async def stop(self) -> None:
        """What is under way is finished; what waits is told to come again."""
        if self._gathering is not None:
            await self._gathering.close()
            self._gathering = None

    async def write(self, tenant: Tenant, changes: Sequence[Change]) -> list[Outcome]:
        """One outcome a change, in order; durable when it returns. Atomic per entity.

        Never raises for what one change asks wrongly: that is in its outcome's `problem`.
        """
        if not changes:
            return []
        if self._gathering is None:
            return await self._write_parts(tenant, changes)
        self._tenants[tenant.name] = tenant
        return await self._gathering.submit(tenant.name, changes)

    async def expire(self, tenant: Tenant, ids: Sequence[str]) -> int:
        """What is over of `ids` ends as if somebody had deleted it. Returns of how many."""
        return len(await self._transact_again(tenant, ids, ()))

    async def _write_lane(self, name: str, changes: Sequence[Change]) -> list[Outcome]:
        return await self._write_parts(self._tenants[name], changes)

    async def _write_parts(self, tenant: Tenant, changes: Sequence[Change]) -> list[Outcome]:
        """A large batch in several transactions: what is atomic is the entity."""
        outcomes: list[Outcome] = []
        for start in range(0, len(changes), AT_ONCE):
            outcomes += await self._write_part(tenant, changes[start : start + AT_ONCE])
        return outcomes

    async def _write_part(self, tenant: Tenant, changes: Sequence[Change]) -> list[Outcome]:
        """What the database cannot hold is looked for by halves, and is its own change's problem."""
        ids = [change.entity_id for change in changes]
        try:
            return (await self._transact_again(tenant, ids, changes))[-len(changes) :]
        except _UNSTORABLE as error:
            log.warning("broker_unstorable", changes=len(changes), error=type(error).__name__)
        if len(changes) == 1:
            refused = BadRequestData("a text or number in it cannot be stored")
            return [Outcome(change=changes[0], problem=refused)]
        middle = len(changes) // 2
        first = await self._write_part(tenant, changes[:middle])
        return first + await self._write_part(tenant, changes[middle:])

    async def _transact_again(
        self, tenant: Tenant, ids: Sequence[str], changes: Sequence[Change]
    ) -> list[Outcome]:
        for attempt in range(_ATTEMPTS):
            try:
                async with self._house.database.transaction() as conn:
                    return await self._transact(conn, tenant, ids, changes)
            except (MadeMeanwhile, *_AGAIN) as error:
                if attempt == _ATTEMPTS - 1:
                    raise
                log.info("broker_write_again", error=type(error).__name__)
                await asyncio.sleep(0.002 * 2**attempt)
        raise AssertionError("the last attempt returns or raises")

    async def _transact(
        self, conn: Conn, tenant: Tenant, ids: Sequence[str], changes: Sequence[Change]
    ) -> list[Outcome]:
        """What was over by itself comes first, then one outcome a change."""
        locked = await store.lock_entities(conn, tenant.name, sorted(set(ids)))
        at = self._house.clock.now()
        there = {name: row.entity for name, row in locked.items()}
        ends = list_ends(there, at)
        pasts = await read_pasts(conn, tenant, self._personal, there, [*ends, *changes])
        is_new = any(name not in there for name in ids)
        is_full = is_new and await self._room.is_full(conn, tenant)

        def check(change: Change, entity: Entity | None) -> None:
            if is_full and entity is None and change.operation in _MAKING:
                raise OverQuota("this tenant holds as many entities as it may", wait_s=3600)
            self._check(change, entity)
            pasts.check(change, entity)

        outcomes = decide_all(there, [*ends, *changes], at, check)
        done = [outcome for outcome in outcomes if outcome.problem is None]
        if done:
            sequences = {name: row.sequence for name, row in locked.items()}
            if not await store_outcomes(conn, tenant.name, sequences, done):
                raise MadeMeanwhile
            await self._recorder.record(conn, tenant, done, at)
            await self._dispatcher.record_due(conn, tenant, done, at)
        return outcomes

    def _check(self, change: Change, entity: Entity | None) -> None:
        if change.operation in _TAKING_AWAY:
            return
        is_anew = change.operation is Operation.REPLACE and bool(change.fragment.types)
        types = () if entity is None or is_anew else entity.types
        self._personal.check_open(change.entity_id, change.fragment, types)
        if entity is not None and change.operation not in _REPLACING:
            self._personal.check_retyped(entity, change.fragment.types or ())
