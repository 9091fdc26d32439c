"""Context documents by URL: in memory, in the store, of the core, or fetched."""

import asyncio
import hashlib
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urljoin, urlsplit

import msgspec

from mieone.blocks.broker.actions.quotas import outside
from mieone.blocks.broker.model import JsonValue
from mieone.blocks.broker.model.context import ContextKind, StoredContext
from mieone.blocks.broker.problems import BadRequestData, LdContextNotAvailable
from mieone.blocks.broker.store.contexts import (
    CoreDocument,
    find_context,
    read_core_documents,
    record_cached,
    record_fetched,
)
from mieone.core.house import House
from mieone.core.ids import uuid7

from .fetching import Fetcher, not_available
from .keeping import Kept

CONTEXTS_PATH: Final = "/ngsi-ld/v1/jsonldContexts/"
CORE_PREFIXES: Final = ("https://uri.etsi.org/ngsi-ld/", "http://uri.etsi.org/ngsi-ld/")
IMPLICIT_MARK: Final = "implicit-"
MAX_KEPT: Final = 256
MOST_BYTES: Final = 64 * 1024 * 1024
GROWTH: Final = 24
"""So much larger than its text a document may be once it is decoded."""
MAX_PARTS: Final = 50
GATHER_S: Final = 10.0
"""For all parts of one context together."""
FRESH_FOR: Final = timedelta(days=1)
_OWN: Final = re.compile(r"(?P<origin>[a-z]+://[^/]+)/ngsi-ld/v1/jsonldContexts/(?P<id>[^/?#]+)\Z")


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A context as terms are made from it: URLs in it are absolute."""

    key: str
    """Its local id."""
    context: JsonValue
    url: str | None = None
    etag: str | None = None
    fetched_at: datetime | None = None
    size: int = 0
    """Of its text."""


class Parts(msgspec.Struct, kw_only=True):
    """All that a context brings along."""

    documents: dict[str, JsonValue]
    keys: dict[str, str]
    """Local ids of those that the context itself names, by URL."""
    names_core: bool = False


class FoundContext(msgspec.Struct, frozen=True, kw_only=True):
    """A context as it is shown to those who ask for it."""

    id: str
    url: str
    kind: ContextKind
    body: str
    created_at: datetime
    expires_at: datetime | None = None
    is_core: bool = False
    served_version: str | None = None
    """Of the core: the version whose text is served in place of the one asked for."""


class Shelf:
    def __init__(self, house: House) -> None:
        self._house = house
        self._fetcher: Fetcher | None = None
        self._core = read_core_documents()
        self._opened_at = house.clock.now()
        self._kept: Kept[str, Document] = Kept(most=MAX_KEPT, most_weight=MOST_BYTES)
        self._under_way: dict[str, asyncio.Task[Document]] = {}

    def open(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    @property
    def core(self) -> Mapping[str, CoreDocument]:
        return self._core

    def forget_all(self) -> None:
        self._kept.clear()

    def is_core(self, url: str) -> bool:
        return url in self._core or url.replace("http://", "https://", 1) in self._core

    async def gather(self, context: JsonValue) -> Parts:
        """Raises BadRequestData, LdContextNotAvailable."""
        parts = Parts(documents={}, keys={})
        members = context if isinstance(context, list) else [context]
        if not all(part is None or isinstance(part, str | dict | list) for part in members):
            raise BadRequestData("@context is a URL, an object, or an array of them")
        for url in list_urls(context):
            if not urlsplit(url).scheme:
                raise BadRequestData(f"@context: {url[:200]!r} is not an absolute URL")
        try:
            async with asyncio.timeout(GATHER_S):
                await self._gather(context, parts, is_named=True)
        except TimeoutError:
            raise not_available(self._house, "what the @context names takes too long") from None
        return parts

    async def _gather(self, context: JsonValue, parts: Parts, *, is_named: bool) -> None:
        for url in list_urls(context):
            if self.is_core(url):
                parts.names_core = True
                if is_named:
                    parts.keys[url] = url
            elif url not in parts.documents:
                if len(parts.documents) >= MAX_PARTS:
                    raise BadRequestData(f"@context brings more than {MAX_PARTS} others along")
                document = await self.get(url)
                parts.documents[url] = document.context
                if is_named:
                    parts.keys[url] = document.key
                await self._gather(document.context, parts, is_named=False)

    async def get(self, url: str) -> Document:
        """From memory, the store or its place. Raises LdContextNotAvailable, BadRequestData."""
        kept = self._kept.get(url)
        if kept is not None:
            return kept
        if url.startswith(CORE_PREFIXES):
            # All there are come with the software: whatever else is asked for does not exist.
            raise not_available(self._house, f"there is no core context {url[:200]}")
        own = _OWN.match(url)
        stored = await self._find(own["id"] if own else url)
        if stored is not None:
            document = _document(stored, url)
        elif own and own["origin"] in self._origins():
            raise not_available(self._house, f"there is no context {url[:200]} here")
        else:
            document = await self._fetch_once(url)
        self._keep(url, document)
        return document

    async def _find(self, key: str) -> StoredContext | None:
        async with self._house.database.transaction() as conn:
            return await find_context(conn, key)

    def _origins(self) -> tuple[str, ...]:
        settings = self._house.settings
        return settings.people_origin, settings.machines_origin

    def _keep(self, url: str, document: Document) -> None:
        self._kept.put(url, document, document.size * GROWTH)

    async def _fetch_once(self, url: str) -> Document:
        """Many who wait for the same URL wait for one request."""
        task = self._under_way.get(url)
        if task is None:
            task = asyncio.create_task(self.fetch(url))
            self._under_way[url] = task
            task.add_done_callback(lambda done: self._landed(url, done))
        async with outside():
            return await asyncio.shield(task)

    def _landed(self, url: str, done: "asyncio.Task[Document]") -> None:
        self._under_way.pop(url, None)
        if not done.cancelled():
            # Asked for, so that a failure nobody waits for any more is no unseen one.
            done.exception()

    async def fetch(self, url: str) -> Document:
        """From its place, whatever we have. Raises LdContextNotAvailable; then the old one stays."""
        fetched = await self._fetcher_open.fetch(url)
        assert fetched is not None
        at = self._house.clock.now()
        async with self._house.database.transaction() as conn:
            key = await record_cached(conn, str(uuid7()), url, fetched.body, fetched.etag, at)
        return Document(
            key=key,
            context=absolute(fetched.context, fetched.url),
            url=url,
            etag=fetched.etag,
            fetched_at=at,
            size=len(fetched.body),
        )

    async def refresh_one(self) -> bool:
        """Look after a cached one that is old; whether anything changed."""
        at = self._house.clock.now()
        old = next(
            (
                each
                for each in self._kept.values()
                if each.fetched_at and at - each.fetched_at > FRESH_FOR
            ),
            None,
        )
        if old is None or old.url is None:
            return False
        try:
            fetched = await self._fetcher_open.fetch(old.url, old.etag)
        except (LdContextNotAvailable, BadRequestData):
            # Its server is away: what we have is kept, and asked for again tomorrow.
            self._keep(old.url, msgspec.structs.replace(old, fetched_at=at))
            return False
        self._keep(old.url, msgspec.structs.replace(old, fetched_at=at))
        async with self._house.database.transaction() as conn:
            if fetched is None:
                await record_fetched(conn, old.url, at)
                return False
            await record_cached(conn, old.key, old.url, fetched.body, fetched.etag, at)
        return True

    @property
    def _fetcher_open(self) -> Fetcher:
        if self._fetcher is None:
            raise RuntimeError("contexts are used before the broker was opened")
        return self._fetcher

    async def find(self, key: str) -> FoundContext | None:
        """By local id or URL, for those who ask for the document itself."""
        core = self._core.get(key)
        if core is not None:
            return self.show_core(key, core)
        own = _OWN.match(key)
        stored = await self._find(own["id"] if own else key)
        return None if stored is None else self.show(stored)

    def show(self, stored: StoredContext) -> FoundContext:
        return FoundContext(
            id=stored.id,
            url=stored.url or self.url_of(stored.id),
            kind=stored.kind,
            body=stored.body,
            created_at=stored.created_at,
            expires_at=stored.fetched_at + FRESH_FOR if stored.url else None,
        )

    def show_core(self, url: str, core: CoreDocument) -> FoundContext:
        is_exact = f"-v{core.version}." in url or "-v" not in url
        return FoundContext(
            id=url,
            url=url,
            kind=ContextKind.CACHED,
            body=msgspec.json.encode(core.body).decode(),
            created_at=self._opened_at,
            is_core=True,
            served_version=None if is_exact else core.version,
        )

    def url_of(self, context_id: str) -> str:
        return f"{self._house.settings.people_origin}{CONTEXTS_PATH}{context_id}"


def list_urls(context: JsonValue) -> list[str]:
    """What a context names: itself, its members, and what they import."""
    if isinstance(context, str):
        return [context]
    if isinstance(context, dict):
        imported = context.get("@import")
        return [imported] if isinstance(imported, str) else []
    if isinstance(context, list):
        return [url for part in context if not isinstance(part, list) for url in list_urls(part)]
    return []


def absolute(context: JsonValue, base: str) -> JsonValue:
    """The same with its URLs resolved against where it was found."""
    if isinstance(context, str):
        return urljoin(base, context)
    if isinstance(context, list):
        return [part if isinstance(part, list) else absolute(part, base) for part in context]
    if isinstance(context, dict) and isinstance(imported := context.get("@import"), str):
        return {**context, "@import": urljoin(base, imported)}
    return context


def implicit_id(context: JsonValue) -> str:
    """The same for the same content, whoever sends it."""
    text = msgspec.json.encode(context, order="sorted")
    return f"{IMPLICIT_MARK}{hashlib.sha256(text).hexdigest()[:32]}"


def _document(stored: StoredContext, url: str) -> Document:
    body = msgspec.json.decode(stored.body, type=dict[str, JsonValue])
    return Document(
        key=stored.id,
        context=absolute(body["@context"], url),
        url=stored.url,
        etag=stored.etag,
        fetched_at=stored.fetched_at if stored.url else None,
        size=len(stored.body),
    )
