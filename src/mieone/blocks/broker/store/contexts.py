"""JSON-LD contexts as rows, and those of the core as files of the package."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from mieone.blocks.broker.model import JsonValue, TenantName
from mieone.blocks.broker.model.context import CORE_CONTEXT_BASE, ContextKind, StoredContext
from mieone.core.database import Conn
from mieone.core.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "queries_contexts.sql")
_FOLDER: Final = Path(__file__).parent / "core_contexts"
_NEWEST: Final = "1.9"
_EXACT: Final = ("1.0", "1.3", "1.4", "1.9")
_STANDING_IN: Final = ("1.5", "1.6", "1.7", "1.8")


class CoreDocument(NamedTuple):
    body: JsonValue
    version: str
    """Of the text, which is the newest where the one asked for was not to be had."""


class Use(NamedTuple):
    hits: int
    used_at: datetime


def read_core_documents() -> Mapping[str, CoreDocument]:
    """By exact URL; the one without a version is the newest."""
    texts = {
        version: CoreDocument(
            body=msgspec.json.decode(
                (_FOLDER / f"ngsi-ld-core-context-v{version}.jsonld").read_bytes()
            ),
            version=version,
        )
        for version in _EXACT
    }
    documents = {f"{CORE_CONTEXT_BASE}-v{version}.jsonld": texts[version] for version in _EXACT}
    for version in _STANDING_IN:
        documents[f"{CORE_CONTEXT_BASE}-v{version}.jsonld"] = texts[_NEWEST]
    documents[f"{CORE_CONTEXT_BASE}.jsonld"] = texts[_NEWEST]
    return documents


async def find_context(conn: Conn, key: str) -> StoredContext | None:
    """By its local id, or by the URL it was cached from."""
    row = await conn.fetchrow(QUERIES["find_context"], key)
    return None if row is None else msgspec.convert(dict(row.items()), StoredContext)


async def list_contexts(
    conn: Conn, tenant: TenantName, kind: ContextKind | None
) -> list[StoredContext]:
    """Those of the tenant and the shared ones, newest first, without their bodies."""
    rows = await conn.fetch(QUERIES["list_contexts"], tenant, kind)
    return [msgspec.convert(dict(row.items()), StoredContext) for row in rows]


async def count_contexts(conn: Conn, tenant: TenantName) -> int:
    count: int = await conn.fetchval(QUERIES["count_contexts"], tenant)
    return count


async def record_context(
    conn: Conn,
    context_id: str,
    tenant: TenantName | None,
    kind: ContextKind,
    body: str,
    at: datetime,
) -> None:
    await conn.execute(QUERIES["record_context"], context_id, tenant, kind, body, at)


async def record_cached(
    conn: Conn, context_id: str, url: str, body: str, etag: str | None, at: datetime
) -> str:
    """The id it has from now on: its old one, if it was there."""
    kept: str = await conn.fetchval(QUERIES["record_cached"], context_id, url, body, etag, at)
    return kept


async def record_fetched(conn: Conn, url: str, at: datetime) -> None:
    await conn.execute(QUERIES["record_fetched"], url, at)


async def remove_context(conn: Conn, context_id: str) -> None:
    await conn.execute(QUERIES["remove_context"], context_id)


async def remove_unused(conn: Conn, kind: ContextKind, keep: int) -> None:
    """All but those used last."""
    await conn.execute(QUERIES["remove_unused"], kind, keep)


async def remove_use(conn: Conn, key: str) -> None:
    await conn.execute(QUERIES["remove_use"], key)


async def record_use(conn: Conn, uses: Mapping[str, Use]) -> None:
    keys = list(uses)
    await conn.execute(
        QUERIES["record_use"],
        keys,
        [uses[key].hits for key in keys],
        [uses[key].used_at for key in keys],
    )


async def find_use(conn: Conn, key: str) -> Use | None:
    row = await conn.fetchrow(QUERIES["find_use"], key)
    return None if row is None else Use(row["hits"], row["used_at"])


async def get_epoch(conn: Conn) -> int:
    epoch: int = await conn.fetchval(QUERIES["get_epoch"])
    return epoch


async def raise_epoch(conn: Conn) -> None:
    await conn.execute(QUERIES["raise_epoch"])
