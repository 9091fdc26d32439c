"""The browser in front of us: what ties it to a challenge, and how it gets its session."""

import hashlib
import secrets
from uuid import UUID

from litestar.datastructures import Cookie

from mieone.blocks.identity.actions.optin import actor_of
from mieone.blocks.identity.model import PersonId
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.model import ActorKind
from mieone.core.problems import NotSignedIn
from mieone.core.sessions import (
    COOKIES,
    LIFETIMES,
    Acr,
    Session,
    end_session,
    open_session,
)
from mieone.core.settings import Entrance
from mieone.web import AnyRequest

BROWSER_COOKIE = "mieone_browser"
BROWSER_LIFE_S = 3600
HOME = "/my"


def safe_path(path: str, otherwise: str = HOME) -> str:
    """Only a path of our own: never another origin, however it is written."""
    is_own = path.startswith("/") and not path.startswith("//")
    return path if is_own and path.isprintable() and "\\" not in path else otherwise


def browser_secret(request: AnyRequest) -> str:
    """What this browser was given, or something new for it."""
    return request.cookies.get(BROWSER_COOKIE) or secrets.token_urlsafe(32)


def browser_digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def browser_cookie(house: House, secret: str) -> Cookie:
    return Cookie(
        key=BROWSER_COOKIE,
        value=secret,
        path="/",
        max_age=BROWSER_LIFE_S,
        httponly=True,
        secure=is_secure(house),
        samesite="lax",
    )


def session_cookie(house: House, token: str) -> Cookie:
    return Cookie(
        key=COOKIES[Entrance.PEOPLE],
        value=token,
        path="/",
        max_age=int(LIFETIMES[Entrance.PEOPLE].total_seconds()),
        httponly=True,
        secure=is_secure(house),
        samesite="lax",
    )


def is_secure(house: House) -> bool:
    return house.settings.people_origin.startswith("https:")


def session_of(request: AnyRequest) -> Session | None:
    found = request.scope["state"].get("session")
    return found if isinstance(found, Session) else None


def person_of(session: Session | None) -> PersonId | None:
    """None for nobody, and for a session that is not a resident's or villager's."""
    if session is None or session.actor.kind is not ActorKind.PERSON:
        return None
    return PersonId(UUID(session.actor.id))


def get_person(request: AnyRequest) -> tuple[Session, PersonId]:
    """Raises NotSignedIn."""
    session = session_of(request)
    person_id = person_of(session)
    if session is None or person_id is None:
        raise NotSignedIn
    return session, person_id


async def enter(
    conn: Conn, house: House, person_id: PersonId, acr: Acr, before: Session | None
) -> str:
    """A new session for every way in; the one before it ends. Returns the cookie's value."""
    now = house.clock.now()
    if before is not None:
        await end_session(conn, before.token_digest, now)
    actor = await actor_of(conn, house, person_id)
    return await open_session(conn, Entrance.PEOPLE, actor, acr, now)
