"""Changes as they happen, for browsers and whoever keeps a connection open.

One reader a process, only while somebody listens: it tells the writers so (`audience`), and they put
every change on record. Listeners who do not keep up are let go; they come again and resume.
"""

import asyncio
from collections.abc import AsyncIterator, Collection
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from mieone.blocks.broker.model import Happening, TenantName
from mieone.blocks.broker.model.stream import Interest, Position, last_part
from mieone.blocks.broker.problems import OverQuota
from mieone.blocks.broker.rules.conditions import fits
from mieone.blocks.broker.rules.forms import Form, Format, entity_document
from mieone.blocks.broker.store import streams as store

if TYPE_CHECKING:
    from .parts import Broker

log = structlog.get_logger()

MAX_LISTENERS: Final = 1_000
MAX_OF_ADDRESS: Final = 20
MAX_OF_TENANT: Final = 500
"""Or of all tenants together: whoever listens to one finds room beside those who listen to everything."""
MAX_BEHIND: Final = 1_000
AT_ONCE: Final = 500
POLL_S: Final = 0.25
BEAT_S: Final = 20.0
HEARD_FOR: Final = timedelta(seconds=120)
"""After the last listener is gone: who lost the connection for a moment misses nothing."""
RENEW_S: Final = 30.0
RESUMED_WITHIN_S: Final = 8 * 60
_HAPPENING = msgspec.json.Decoder(Happening)
_SIMPLE: Final = Form(format=Format.SIMPLIFIED)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it is sent, and what listeners are asked about it."""

    tenant: TenantName
    happening: Happening
    names: frozenset[str]
    types: frozenset[str]
    text: bytes


class _Listener:
    def __init__(self, interest: Interest, address: str) -> None:
        self.interest = interest
        self.address = address
        self.queue: asyncio.Queue[bytes | None] = asyncio.Queue(MAX_BEHIND + 1)
        self.is_ready = False

    def offer(self, told: Told) -> bool:
        """False: it does not keep up."""
        if self.queue.qsize() >= MAX_BEHIND:
            return False
        if is_interested(self.interest, told):
            self.queue.put_nowait(told.text)
        return True


class Streams:
    def __init__(self, broker: "Broker") -> None:
        self._broker = broker
        self._listeners: set[_Listener] = set()
        self._position: Position | None = None
        self._since: dict[TenantName, int] = {}
        self._renewed_at_s = 0.0
        self._reader: asyncio.Task[None] | None = None

    async def listen(
        self, interest: Interest, address: str, last_id: str | None
    ) -> AsyncIterator[bytes]:
        """Lines of text/event-stream until the listener goes or falls behind. Raises OverQuota."""
        self._check_room(interest, address)
        return self._serve(_Listener(interest, address), last_id)

    def _check_room(self, interest: Interest, address: str) -> None:
        of_address = sum(one.address == address for one in self._listeners)
        of_tenant = sum(one.interest.tenants == interest.tenants for one in self._listeners)
        if (
            len(self._listeners) >= MAX_LISTENERS
            or of_address >= MAX_OF_ADDRESS
            or of_tenant >= MAX_OF_TENANT
        ):
            raise OverQuota("too many streams are open", wait_s=30)

    async def close(self) -> None:
        for listener in self._listeners:
            listener.queue.put_nowait(None)
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
            self._reader = None

    async def _serve(self, listener: _Listener, last_id: str | None) -> AsyncIterator[bytes]:
        # Whoever went before it began is none: nobody would ever take it off the list.
        self._listeners.add(listener)
        self._ensure_reader()
        try:
            yield b"retry: 3000\n\n"
            async for line in self._make_up(listener, last_id):
                yield line
            while True:
                try:
                    async with asyncio.timeout(BEAT_S):
                        news = await listener.queue.get()
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if news is None:
                    return
                yield news
        finally:
            self._listeners.discard(listener)

    async def _make_up(self, listener: _Listener, last_id: str | None) -> AsyncIterator[bytes]:
        """What was missed; then the listener is told what happens."""
        position = None if last_id is None else Position.parse(last_id)
        if position is None or not await self._can_resume(listener.interest, position):
            own = await self._current(listener.interest)
            listener.is_ready = True
            name = b"ready" if last_id is None else b"reset"
            yield b"event: " + name + b"\nid: " + own.text().encode() + b"\ndata: {}\n\n"
            return
        while True:
            current = await self._current(listener.interest)
            told, position = await self._read(position, current.low, listener.interest.tenants)
            for one in told:
                if is_interested(listener.interest, one):
                    yield one.text
            if position.low == position.high == current.low and current is self._position:
                # Nothing came between: from here on the reader tells it.
                listener.is_ready = True
                return

    async def _can_resume(self, interest: Interest, position: Position) -> bool:
        current = await self._current(interest)
        age_s = current.at_s - position.at_s
        return age_s < RESUMED_WITHIN_S and all(
            self._since[tenant] < position.low for tenant in interest.tenants
        )

    async def _current(self, interest: Interest) -> Position:
        """Where the reader is, once every change of these tenants is on record."""
        while True:
            position = self._position
            if position is not None and all(
                self._since.get(tenant, position.low) < position.low for tenant in interest.tenants
            ):
                return position
            await asyncio.sleep(POLL_S / 5)

    def _ensure_reader(self) -> None:
        if self._reader is None or self._reader.done():
            self._position = None
            self._since = {}
            self._renewed_at_s = 0.0
            self._reader = asyncio.create_task(self._keep_reading())

    async def _keep_reading(self) -> None:
        while self._listeners:
            try:
                await self._turn()
            except Exception as error:
                # The database is away; listeners wait, and miss nothing.
                log.warning("broker_stream_waits", error=type(error).__name__)
            await asyncio.sleep(POLL_S)

    async def _turn(self) -> None:
        await self._renew()
        async with self._broker.house.database.transaction() as conn:
            horizon = await store.find_horizon(conn)
        start = self._position
        if start is None:
            self._position = Position(horizon, horizon, 0, self._now_s())
            return
        tenants = {name for one in self._listeners for name in one.interest.tenants}
        told, self._position = await self._read(start, horizon, tenants)
        for one in told:
            for listener in list(self._listeners):
                if listener.is_ready and not listener.offer(one):
                    self._listeners.discard(listener)
                    listener.queue.put_nowait(None)

    async def _renew(self) -> None:
        tenants = {name for one in self._listeners for name in one.interest.tenants}
        loop_s = asyncio.get_running_loop().time()
        if tenants <= self._since.keys() and loop_s - self._renewed_at_s < RENEW_S:
            return
        now = self._broker.house.clock.now()
        async with self._broker.house.database.transaction() as conn:
            kept = await store.keep_audience(conn, tenants, now + HEARD_FOR, now)
        self._since = {**self._since, **kept}
        self._renewed_at_s = loop_s

    async def _read(
        self, start: Position, horizon: int, tenants: Collection[TenantName]
    ) -> tuple[list[Told], Position]:
        """The next part, at most AT_ONCE events, and where that ends."""
        low, high, sequence = start.low, start.high, start.sequence
        if low == high:
            high, sequence = max(high, horizon), 0
        now_s = self._now_s()
        if low == high:
            return [], start
        async with self._broker.house.database.transaction() as conn:
            rows = await store.list_between(conn, low, high, sequence, tenants, AT_ONCE)
        told = [self._tell(row, Position(low, high, row.sequence, now_s)) for row in rows]
        if len(rows) < AT_ONCE:
            return told, Position(high, high, 0, now_s)
        return told, Position(low, high, rows[-1].sequence, now_s)

    def _tell(self, row: store.StoredEvent, position: Position) -> Told:
        happening = _HAPPENING.decode(row.document)
        entity = happening.entity
        core = self._broker.contexts.core
        changed = list(dict.fromkeys(effect.name for effect in happening.effects))
        data: dict[str, object] = {
            "tenant": row.tenant,
            "id": entity.id,
            "type": [core.compact_type(name) for name in entity.types],
            "changed": [core.compact_name(name) for name in changed],
        }
        if happening.after is not None:
            data["entity"] = entity_document(entity, _SIMPLE, core)
        name = b"gone" if happening.after is None else b"entity"
        return Told(
            tenant=row.tenant,
            happening=happening,
            names=frozenset(changed) | {last_part(one) for one in changed},
            types=frozenset(entity.types) | {last_part(one) for one in entity.types},
            text=b"event: %b\nid: %b\ndata: %b\n\n"
            % (name, position.text().encode(), msgspec.json.encode(data)),
        )

    def _now_s(self) -> int:
        return int(self._broker.house.clock.now().timestamp())


def is_interested(interest: Interest, told: Told) -> bool:
    entity = told.happening.entity
    return (
        told.tenant in interest.tenants
        and (not interest.types or not interest.types.isdisjoint(told.types))
        and (not interest.ids or entity.id in interest.ids)
        and (not interest.attributes or not interest.attributes.isdisjoint(told.names))
        and (interest.condition is None or fits(entity, interest.condition))
    )
