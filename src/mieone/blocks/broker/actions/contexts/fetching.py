"""Contexts of others, fetched over HTTP within limits of time, size and place."""

import asyncio
from typing import Final
from urllib.parse import urljoin, urlsplit

import aiohttp
import msgspec

from mieone.blocks.broker.actions.outbound import TargetRefused, check_literal, check_target
from mieone.blocks.broker.model import JsonValue
from mieone.blocks.broker.problems import (
    BrokerProblem,
    LdContextNotAvailable,
    LdContextUnavailable,
    LdContextUnreadable,
)
from mieone.blocks.broker.rules.json_reading import read_json
from mieone.core.house import House
from mieone.core.settings import Profile

TIMEOUT_S: Final = 5.0
MAX_BYTES: Final = 1024 * 1024
MAX_REDIRECTS: Final = 3
_REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))


class Allowed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """regions/…/broker/contexts.yaml"""

    allowed_hosts: frozenset[str] = frozenset()
    """In production contexts come from these hosts only."""


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    """After redirects: what relative URLs in it are resolved against."""
    body: str
    context: JsonValue
    etag: str | None


def not_available(house: House, reason: str) -> LdContextNotAvailable:
    """With the status the operator chose."""
    if house.settings.ld_context_status == LdContextUnavailable.status:
        return LdContextUnavailable(reason)
    return LdContextNotAvailable(reason)


class Fetcher:
    def __init__(self, house: House, http: aiohttp.ClientSession) -> None:
        self._house = house
        self._http = http
        self._allowed = _read_allowed(house)

    async def fetch(self, url: str, etag: str | None = None) -> Fetched | None:
        """None when it has not changed since `etag`. Raises LdContextNotAvailable, BadRequestData."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await self._follow(url, etag)
        except (aiohttp.ClientError, TargetRefused, OSError, ValueError) as error:
            reason = str(error) or type(error).__name__
            raise self._not_available(url, reason) from None

    async def _follow(self, url: str, etag: str | None) -> Fetched | None:
        place = url
        for _ in range(MAX_REDIRECTS + 1):
            await self._check(place)
            headers = {"Accept": "application/ld+json, application/json;q=0.9"}
            if etag is not None:
                headers["If-None-Match"] = etag
            async with self._http.get(place, headers=headers, allow_redirects=False) as response:
                if response.status == 304 and etag is not None:
                    return None
                if response.status in _REDIRECTS:
                    place = urljoin(place, response.headers.get("Location", ""))
                    continue
                if response.status != 200:
                    raise self._not_available(url, f"the answer was {response.status}")
                body = await response.content.read(MAX_BYTES + 1)
                while len(body) <= MAX_BYTES and not response.content.at_eof():
                    body += await response.content.read(MAX_BYTES + 1 - len(body))
                return self._read(url, place, body, response.headers.get("ETag"))
        raise self._not_available(url, f"more than {MAX_REDIRECTS} redirects")

    def _read(self, url: str, place: str, body: bytes, etag: str | None) -> Fetched:
        if len(body) > MAX_BYTES:
            raise self._not_available(url, f"it is larger than {MAX_BYTES} bytes")
        try:
            document = read_json(body)
        except BrokerProblem as problem:
            raise LdContextUnreadable(f"{url[:300]} is no context: {problem.reason}") from None
        if not isinstance(document, dict) or "@context" not in document:
            raise LdContextUnreadable(f"{url[:300]} is no context: it has no member @context")
        text = msgspec.json.encode(document).decode()
        etag = etag if etag and len(etag) <= 256 else None
        return Fetched(url=place, body=text, context=document["@context"], etag=etag)

    async def _check(self, url: str) -> None:
        parts = urlsplit(url)
        if self._house.settings.profile is Profile.PRODUCTION:
            if parts.scheme != "https":
                raise self._not_available(url, "contexts are fetched over https only")
            if (parts.hostname or "").lower() not in self._allowed.allowed_hosts:
                raise self._not_available(url, "contexts are not fetched from this host")
        elif parts.scheme not in ("http", "https"):
            raise self._not_available(url, "contexts are fetched over http or https only")
        await check_target(self._house, url)
        check_literal(self._house, url)

    def _not_available(self, url: str, reason: str) -> LdContextNotAvailable:
        return not_available(self._house, f"the context {url[:300]} is not available: {reason}")


def _read_allowed(house: House) -> Allowed:
    path = house.settings.region_dir / "broker" / "contexts.yaml"
    if not path.exists():
        return Allowed()
    return msgspec.yaml.decode(path.read_bytes(), type=Allowed)
