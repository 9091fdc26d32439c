"""Contexts made ready, kept in memory, and what clients do with those that are kept here."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final

import aiohttp
import msgspec
import structlog

from mieone.blocks.broker.model import JsonValue, Tenant, Terms
from mieone.blocks.broker.model.context import CORE_CONTEXT_URL, ContextKind
from mieone.blocks.broker.problems import (
    BadRequestData,
    LdContextNotAvailable,
    OverQuota,
    ResourceNotFound,
)
from mieone.blocks.broker.rules.terms import ContextTerms, CoreTerms
from mieone.blocks.broker.store.contexts import (
    Use,
    count_contexts,
    find_context,
    find_use,
    get_epoch,
    list_contexts,
    raise_epoch,
    record_context,
    remove_context,
    remove_unused,
    remove_use,
)
from mieone.core.house import House
from mieone.core.ids import uuid7

from .fetching import Fetcher
from .keeping import Kept
from .making import Ready, make_ready
from .shelf import IMPLICIT_MARK, FoundContext, Shelf
from .uses import Uses

PAUSE_S: Final = 1.0
MAX_KEPT: Final = 512
MOST_BYTES: Final = 64 * 1024 * 1024
MOST_WANTED: Final = 32
MAX_INLINE: Final = 1024 * 1024
KEPT_CACHED: Final = 500
KEPT_IMPLICIT: Final = 5_000
_log = structlog.get_logger(__name__)


class ContextLibrary:
    def __init__(self, house: House, most_bytes: int = MOST_BYTES) -> None:
        self._house = house
        self._shelf = Shelf(house)
        self._uses = Uses(house.database)
        newest = self._shelf.core[CORE_CONTEXT_URL].body
        assert isinstance(newest, dict)
        self._core_terms = CoreTerms(newest["@context"])
        self._core = ContextTerms(
            self._core_terms, [], {}, urls=(), link=CORE_CONTEXT_URL, inline=CORE_CONTEXT_URL
        )
        self._ready: Kept[bytes, Ready] = Kept(most=MAX_KEPT, most_weight=most_bytes)
        self._wanted: dict[str, str] = {}
        """Implicit ones that a Link header named and the store does not have yet."""
        self._epoch = 0
        self._task: asyncio.Task[None] | None = None

    async def open(self, http: aiohttp.ClientSession) -> None:
        self._shelf.open(Fetcher(self._house, http))
        async with self._house.database.transaction() as conn:
            self._epoch = await get_epoch(conn)
        self._task = asyncio.create_task(self._look_after())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
            await self._bring_in()

    @property
    def core(self) -> Terms:
        """The core context alone."""
        return self._core

    async def terms(self, context: JsonValue | Sequence[str] | None) -> Terms:
        """Terms of an `@context` value or of the URLs of a Link header; None is the core.

        Raises BadRequestData for what is no context, LdContextNotAvailable when it cannot be had.
        Never called inside a transaction.
        """
        if context is None:
            return self._core
        key = msgspec.json.encode(context)
        ready = self._ready.get(key)
        if ready is None:
            if len(key) > MAX_INLINE:
                raise BadRequestData(f"@context is larger than {MAX_INLINE} bytes")
            if len(self._wanted) > MOST_WANTED:
                await self._keep_wanted()
            made: JsonValue = msgspec.json.decode(key)
            ready = await make_ready(self._shelf, self._core_terms, made, self._wanted)
        # What it remembers of names grows while it is used.
        self._ready.put(key, ready, ready.weight)
        if ready.used:
            self._uses.count(ready.used, self._house.clock.now())
        return ready.terms

    async def publish(self, terms: Terms) -> str:
        """The URL of a context, kept for good when it returns: for subscriptions and the like."""
        link = terms.link
        await self._keep_wanted()
        return link

    async def add(self, tenant: Tenant, context: JsonValue) -> str:
        """Host a context of a tenant; its local id. Raises BadRequestData, OverQuota."""
        try:
            parts = await self._shelf.gather(context)
        except LdContextNotAvailable:
            # It may come back: whoever uses this context before is told.
            pass
        else:
            ContextTerms(self._core_terms, context, parts.documents, urls=(), link="", inline=None)
        context_id = str(uuid7())
        body = msgspec.json.encode({"@context": context}).decode()
        if len(body.encode()) > MAX_INLINE:
            raise BadRequestData(f"@context is larger than {MAX_INLINE} bytes")
        async with self._house.database.transaction() as conn:
            if await count_contexts(conn, tenant.name) >= tenant.quota.contexts:
                raise OverQuota("this tenant keeps as many contexts as it may")
            at = self._house.clock.now()
            await record_context(conn, context_id, tenant.name, ContextKind.HOSTED, body, at)
        return context_id

    async def get(self, key: str) -> tuple[FoundContext, Use | None]:
        """By local id or URL, and how often it was used. Raises ResourceNotFound."""
        found = await self._find(key)
        if found is None and IMPLICIT_MARK in key:
            # Another process may have named it in an answer a moment ago, and not kept it yet.
            await asyncio.sleep(PAUSE_S * 1.2)
            found = await self._find(key)
        if found is None:
            raise ResourceNotFound(f"there is no context {key[:200]}")
        async with self._house.database.transaction() as conn:
            stored = await find_use(conn, found.id)
        return found, self._uses.with_pending(found.id, stored)

    def count_use(self, found: FoundContext) -> None:
        """Somebody was given the document."""
        self._uses.count((found.id,), self._house.clock.now())

    async def list(
        self, tenant: Tenant, kind: ContextKind | None
    ) -> list[tuple[FoundContext, Use | None]]:
        """Hosted ones of the tenant, and those all share: newest first, the core's last."""
        await self._keep_wanted()
        async with self._house.database.transaction() as conn:
            stored = await list_contexts(conn, tenant.name, kind)
        listed = []
        for each in stored:
            use = None if each.used_at is None else Use(each.hits, each.used_at)
            listed.append((self._shelf.show(each), self._uses.with_pending(each.id, use)))
        if kind in (None, ContextKind.CACHED):
            for url, core in self._shelf.core.items():
                use = self._uses.with_pending(url, None)
                if use is not None or url == CORE_CONTEXT_URL:
                    listed.append((self._shelf.show_core(url, core), use))
        return listed

    async def remove(self, tenant: Tenant, key: str) -> None:
        """Raises ResourceNotFound, BadRequestData for the core."""
        found = await self._find(key)
        if found is None:
            raise ResourceNotFound(f"there is no context {key[:200]}")
        if found.is_core:
            raise BadRequestData("the core context cannot be deleted")
        self._wanted.pop(found.id, None)
        async with self._house.database.transaction() as conn:
            stored = await find_context(conn, found.id)
            if stored is not None and stored.tenant not in (None, tenant.name):
                raise ResourceNotFound(f"there is no context {key[:200]}")
            await remove_context(conn, found.id)
            await remove_use(conn, found.id)
            await raise_epoch(conn)
        self._uses.forget(found.id)
        self._forget_all()

    async def reload(self, key: str) -> None:
        """Fetch a cached one again; when that fails the old one stays.

        Raises BadRequestData for what is not cached, LdContextNotAvailable.
        """
        found = await self._find(key)
        if found is None or found.kind is not ContextKind.CACHED:
            raise BadRequestData("only a cached context can be loaded again")
        if found.is_core:
            return
        await self._shelf.fetch(found.url)
        async with self._house.database.transaction() as conn:
            await raise_epoch(conn)
        self._forget_all()

    async def _find(self, key: str) -> FoundContext | None:
        found = await self._shelf.find(key)
        if found is None and self._wanted:
            await self._keep_wanted()
            found = await self._shelf.find(key)
        return found

    async def _keep_wanted(self) -> None:
        wanted = dict(self._wanted)
        if not wanted:
            return
        at = self._house.clock.now()
        async with self._house.database.transaction() as conn:
            for context_id, body in sorted(wanted.items()):
                await record_context(conn, context_id, None, ContextKind.IMPLICIT, body, at)
        for context_id in wanted:
            self._wanted.pop(context_id, None)

    def _forget_all(self) -> None:
        self._ready.clear()
        self._shelf.forget_all()

    async def _look_after(self) -> None:
        """Once a second: bring in what is counted, and see what other processes changed."""
        rounds = 0
        while True:
            await asyncio.sleep(PAUSE_S)
            rounds += 1
            try:
                await self._bring_in()
                await self._notice_changes()
                if rounds % 60 == 0:
                    await self._tidy()
            except Exception as error:
                # The database is away: counts stay in memory, and this is tried again.
                _log.warning("contexts_not_looked_after", reason=str(error))

    async def _bring_in(self) -> None:
        await self._keep_wanted()
        await self._uses.flush()

    async def _notice_changes(self) -> None:
        if not len(self._ready):
            return
        async with self._house.database.transaction() as conn:
            epoch = await get_epoch(conn)
        if epoch != self._epoch:
            self._epoch = epoch
            self._forget_all()

    async def _tidy(self) -> None:
        changed = await self._shelf.refresh_one()
        async with self._house.database.transaction() as conn:
            await remove_unused(conn, ContextKind.CACHED, KEPT_CACHED)
            await remove_unused(conn, ContextKind.IMPLICIT, KEPT_IMPLICIT)
            if changed:
                await raise_epoch(conn)
        if changed:
            self._forget_all()
