"""Who is signed in, at which entrance. The cookie holds a random token; the table holds its digest."""

import hashlib
import secrets
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from mieone.core.database import Conn
from mieone.core.model import Actor
from mieone.core.settings import Entrance


class Acr(StrEnum):
    """How sure we are: who it is, and how they showed it just now."""

    VISITOR = "visitor"
    PASSKEY = "passkey"
    CARD = "card"
    STAFF = "staff"
    TERMINAL = "terminal"


COOKIES: dict[Entrance, str] = {
    Entrance.PEOPLE: "mieone_person",
    Entrance.DESK: "mieone_desk",
    Entrance.SHOP: "mieone_shop",
    Entrance.DEVELOPERS: "mieone_developer",
}
LIFETIMES: dict[Entrance, timedelta] = {
    Entrance.PEOPLE: timedelta(hours=12),
    Entrance.DESK: timedelta(hours=9),
    Entrance.SHOP: timedelta(days=30),
    Entrance.DEVELOPERS: timedelta(hours=12),
}
KEPT_FOR = timedelta(days=7)
"""After its end, for whoever asks what happened last week; then nothing tells when somebody came."""
CARD_FRESH_FOR = timedelta(minutes=15)


class Session(msgspec.Struct, frozen=True, kw_only=True):
    entrance: Entrance
    actor: Actor
    acr: Acr
    authenticated_at: datetime
    card_at: datetime | None
    """When a card last signed in this session; what needs a card looks at how long ago."""
    expires_at: datetime
    token_digest: bytes

    def card_is_fresh(self, now: datetime) -> bool:
        return self.card_at is not None and now - self.card_at <= CARD_FRESH_FOR


def digest_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def entrance_of(path: str) -> Entrance:
    """The entrance a path belongs to; whatever is not marked is the residents'."""
    first = path.split("/", 2)[1] if path.startswith("/") else ""
    match first:
        case "desk":
            return Entrance.DESK
        case "shop":
            return Entrance.SHOP
        case _:
            return Entrance.PEOPLE


async def open_session(
    conn: Conn, entrance: Entrance, actor: Actor, acr: Acr, now: datetime
) -> str:
    """Returns the cookie's value, which is told once and kept nowhere."""
    token = secrets.token_urlsafe(32)
    await conn.execute(
        "INSERT INTO core.session (token_digest, entrance, actor, actor_id, acr, "
        "authenticated_at, card_at, opened_at, expires_at) VALUES ($1,$2,$3,$4,$5,$6,$7,$6,$8)",
        digest_of(token),
        entrance,
        msgspec.to_builtins(actor),
        actor.id,
        acr,
        now,
        now if acr is Acr.CARD else None,
        now + LIFETIMES[entrance],
    )
    return token


async def find_session(conn: Conn, entrance: Entrance, token: str, now: datetime) -> Session | None:
    row = await conn.fetchrow(
        "SELECT entrance, actor, acr, authenticated_at, card_at, expires_at, token_digest "
        "FROM core.session WHERE token_digest = $1 AND entrance = $2 "
        "AND ended_at IS NULL AND expires_at > $3",
        digest_of(token),
        entrance,
        now,
    )
    return None if row is None else msgspec.convert(dict(row.items()), Session)


async def record_card(conn: Conn, token_digest: bytes, now: datetime) -> None:
    """A card signed within a running session: what needs one is open for some minutes."""
    await conn.execute(
        "UPDATE core.session SET card_at = $2, acr = 'card', authenticated_at = $2 "
        "WHERE token_digest = $1 AND ended_at IS NULL",
        token_digest,
        now,
    )


async def end_session(conn: Conn, token_digest: bytes, now: datetime) -> None:
    await conn.execute(
        "UPDATE core.session SET ended_at = $2 WHERE token_digest = $1 AND ended_at IS NULL",
        token_digest,
        now,
    )


async def end_sessions_of(conn: Conn, actor_id: str, now: datetime) -> int:
    """Everywhere at once: a lost phone, a leaving person, a post that ended."""
    status = await conn.execute(
        "UPDATE core.session SET ended_at = $2 WHERE actor_id = $1 AND ended_at IS NULL",
        actor_id,
        now,
    )
    return int(status.rsplit(" ", 1)[1])


async def void_old_sessions(conn: Conn, now: datetime) -> int:
    status = await conn.execute(
        "DELETE FROM core.session WHERE expires_at < $1 OR ended_at < $1", now - KEPT_FOR
    )
    return int(status.rsplit(" ", 1)[1])
