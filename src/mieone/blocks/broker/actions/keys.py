"""API keys: who may write open data in production. They open nothing personal, anywhere."""

import hashlib
import secrets
import time
from datetime import datetime

from litestar.datastructures import Headers

from mieone.blocks.broker.model import Tenant
from mieone.blocks.broker.problems import NotWritable
from mieone.blocks.broker.store.keys import find_key_tenant, list_valid_keys, record_key
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.settings import Profile

REMEMBERED_S = 5.0
PREFIX_LENGTH = 12
MOST_WRONG = 10_000
KEY_PREFIX = "mie_"


async def issue_key(conn: Conn, tenant: str, title: str, valid_until: datetime | None) -> str:
    """A new key, shown this once; its first characters name it afterwards."""
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    await record_key(conn, _digest(key), key[:PREFIX_LENGTH], tenant, title, valid_until)
    return key


class KeyCheck:
    """Asked before each write. A revoked key lives on in memory for a few seconds at most."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._known: dict[bytes, tuple[float, str]] = {}
        self._wrong: dict[bytes, float] = {}

    async def open(self) -> None:
        """Whoever has a key is known from the start: a flood of strangers turns none of them away.

        Each is looked at again before it writes.
        """
        async with self._house.database.reading() as conn:
            valid = await list_valid_keys(conn, self._house.clock.now())
        self._known |= {digest: (float("-inf"), tenant) for digest, tenant in valid.items()}

    async def check_may_write(self, headers: Headers, tenant: Tenant) -> None:
        """Raises NotWritable. Outside production everybody may: there is nothing but trial data."""
        if self._house.settings.profile is not Profile.PRODUCTION:
            return
        key = key_in(headers.get("x-api-key"), headers.get("authorization"))
        if not key or await self._tenant_of(key) != tenant.name:
            raise NotWritable("writing needs an API key of this tenant in X-API-Key")

    def vouches(self, key: str, tenant: Tenant) -> bool:
        """Whether this key was this tenant's when it was last looked at: enough to count it there."""
        if self._house.settings.profile is not Profile.PRODUCTION:
            return True
        _, known = self._known.get(_digest(key), (0.0, None))
        return known == tenant.name

    async def _tenant_of(self, key: str) -> str | None:
        digest, now_s = _digest(key), time.monotonic()
        read_at_s, tenant = self._known.get(digest, (float("-inf"), None))
        if now_s - read_at_s <= REMEMBERED_S:
            return tenant
        if now_s - self._wrong.get(digest, float("-inf")) <= REMEMBERED_S:
            return None
        async with self._house.database.transaction() as conn:
            tenant = await find_key_tenant(conn, digest, self._house.clock.now())
        if tenant is not None:
            self._known[digest] = (now_s, tenant)
            return tenant
        self._known.pop(digest, None)
        if len(self._wrong) > MOST_WRONG:
            self._wrong.clear()
        self._wrong[digest] = now_s
        return None


def key_in(api_key: str | None, authorization: str | None) -> str:
    return api_key or (authorization or "").removeprefix("Bearer ")


def _digest(key: str) -> bytes:
    # 256 random bits: a fast digest is enough.
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
