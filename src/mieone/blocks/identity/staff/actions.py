"""What can be done with organisations, posts and entrustments, and how staff sign in."""

import secrets
from datetime import date
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.ids import uuid7
from mieone.core.model import Actor
from mieone.core.problems import NotFound, NotSignedIn, Refusal
from mieone.core.sessions import Acr, end_sessions_of, open_session
from mieone.core.settings import Entrance

from . import ceremonies, rules, store
from .model import (
    Ceremony,
    EnrolmentKind,
    Entrustment,
    Organisation,
    StaffPasskey,
    StaffPost,
    StaffRole,
)
from .problems import (
    CopiedPasskey,
    EnrolmentRefused,
    OnlyForTrying,
    OrganisationExists,
    PostNotFound,
    SignInRefused,
)


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """A WebAuthn ceremony on its way to the browser."""

    name: str
    options: str


class NewPost(msgspec.Struct, frozen=True, kw_only=True):
    post: StaffPost
    enrolment_code: str
    trial_code: str | None
    """Where simulators may run: signs in at once, without a passkey."""


async def add_organisation(conn: Conn, house: House, organisation: Organisation) -> None:
    if not await store.record_organisation(conn, organisation, house.clock.now()):
        raise OrganisationExists(organisation=organisation.organisation_id)


async def open_post(
    conn: Conn, house: House, organisation_id: str, role: StaffRole, name: str
) -> NewPost:
    """A post with a code that opens the registration of its first passkey."""
    organisation = await store.get_organisation(conn, organisation_id)
    rules.check_role(organisation, role)
    post = StaffPost(
        post_id=uuid7(),
        organisation_id=organisation_id,
        role=role,
        name=name,
        is_sample=False,
        user_handle=secrets.token_bytes(64),
    )
    now = house.clock.now()
    await store.record_post(conn, post, now)
    code = secrets.token_urlsafe(18)
    await store.record_enrolment(
        conn, code, post.post_id, EnrolmentKind.PASSKEY, now + rules.ENROLMENT_LIFE
    )
    trial = None
    if house.settings.simulators_allowed:
        trial = secrets.token_urlsafe(18)
        await store.record_enrolment(
            conn, trial, post.post_id, EnrolmentKind.TRIAL, now + rules.TRIAL_LIFE
        )
    return NewPost(post=post, enrolment_code=code, trial_code=trial)


async def end_post(conn: Conn, house: House, post_id: UUID) -> None:
    """From now on nobody signs in under it, and whoever is signed in is out."""
    now = house.clock.now()
    if not await store.end_post(conn, post_id, now):
        raise NotFound(what="staff_post")
    await end_sessions_of(conn, str(post_id), now)


async def staff_actor(conn: Conn, post_id: UUID, on: date) -> Actor:
    """Whoever holds the post, with the towns of that day. All towns must be in the scope."""
    post = await store.get_post(conn, post_id)
    organisation = await store.get_organisation(conn, post.organisation_id)
    entrustments = await store.list_live_entrustments(conn, on)
    return rules.make_actor(post, organisation, entrustments, on)


async def current_actor(house: House, actor: Actor) -> Actor:
    """The actor of a desk session as of now: a post or an entrustment may have ended since.

    For the desk's `actor` dependency. Raises NotSignedIn for a post that is closed.
    """
    async with house.database.transaction(house.region.town_codes) as conn:
        try:
            return await staff_actor(conn, UUID(actor.id), house.clock.today())
        except PostNotFound as gone:
            raise NotSignedIn from gone


async def live_entrustments(conn: Conn, on: date) -> list[Entrustment]:
    """Of the towns in the scope."""
    return await store.list_live_entrustments(conn, on)


async def find_live_entrustment(conn: Conn, entrustment_id: str, on: date) -> Entrustment | None:
    """The dated row that a disclosure on the basis `entrustment` names, if it counts that day."""
    found = await store.find_entrustment(conn, entrustment_id)
    return found if found is not None and found.is_live(on) else None


def _rp_id(house: House) -> str:
    return urlsplit(house.settings.people_origin).hostname or ""


async def start_registration(conn: Conn, house: House, code: str) -> Started:
    now = house.clock.now()
    post_id = await store.find_enrolment(conn, code, EnrolmentKind.PASSKEY, now)
    if post_id is None:
        raise EnrolmentRefused
    post = await store.get_post(conn, post_id)
    challenge, name = secrets.token_bytes(32), secrets.token_urlsafe(24)
    ceremony = Ceremony(challenge=challenge, enrolment_hash=store.digest(code))
    await store.record_ceremony(conn, name, ceremony, now + rules.CEREMONY_LIFE)
    options = ceremonies.registration_options(post, _rp_id(house), challenge)
    return Started(name=name, options=options)


async def finish_registration(
    conn: Conn, house: House, name: str, credential: str
) -> str | Refusal:
    """Returns the cookie of a new session: the holder has just shown themselves."""
    now = house.clock.now()
    ceremony = await store.spend_ceremony(conn, name, now)
    if ceremony is None or ceremony.enrolment_hash is None:
        return Refusal(SignInRefused())
    try:
        shown = ceremonies.read_registration(
            credential, ceremony.challenge, _rp_id(house), house.settings.people_origin
        )
    except SignInRefused as refused:
        return Refusal(refused)
    post_id = await store.spend_enrolment(conn, ceremony.enrolment_hash, now)
    if post_id is None:
        return Refusal(EnrolmentRefused())
    passkey = StaffPasskey(
        credential_id=shown.credential_id,
        post_id=post_id,
        public_key=shown.credential_public_key,
        sign_count=shown.sign_count,
    )
    if not await store.record_passkey(conn, passkey, now):
        raise SignInRefused
    return await _open_session(conn, house, post_id)


async def start_sign_in(conn: Conn, house: House) -> Started:
    now = house.clock.now()
    await store.void_old_ceremonies(conn, now)
    challenge, name = secrets.token_bytes(32), secrets.token_urlsafe(24)
    ceremony = Ceremony(challenge=challenge, enrolment_hash=None)
    await store.record_ceremony(conn, name, ceremony, now + rules.CEREMONY_LIFE)
    return Started(name=name, options=ceremonies.sign_in_options(_rp_id(house), challenge))


async def finish_sign_in(conn: Conn, house: House, name: str, credential: str) -> str | Refusal:
    """Returns the session's cookie. The challenge is gone whatever comes of it."""
    now = house.clock.now()
    ceremony = await store.spend_ceremony(conn, name, now)
    if ceremony is None or ceremony.enrolment_hash is not None:
        return Refusal(SignInRefused())
    try:
        passkey = await store.lock_passkey(conn, ceremonies.credential_id_of(credential))
        if passkey is None:
            return Refusal(SignInRefused())
        shown = ceremonies.read_sign_in(
            credential,
            ceremony.challenge,
            _rp_id(house),
            house.settings.people_origin,
            passkey.public_key,
        )
    except SignInRefused as refused:
        return Refusal(refused)
    if rules.is_copied(passkey.sign_count, shown.new_sign_count):
        await store.suspend_passkey(conn, passkey.credential_id)
        return Refusal(CopiedPasskey())
    await store.record_passkey_use(conn, passkey.credential_id, shown.new_sign_count, now)
    return await _open_session(conn, house, passkey.post_id)


async def sign_in_sample(conn: Conn, house: House, post_id: UUID) -> str:
    """For trying out: the posts of the sample, never a real one."""
    _check_trying(house)
    post = await store.get_post(conn, post_id)
    if not post.is_sample:
        raise OnlyForTrying
    return await _open_session(conn, house, post_id)


async def sign_in_with_trial_code(conn: Conn, house: House, code: str) -> str:
    _check_trying(house)
    now = house.clock.now()
    post_id = await store.find_enrolment(conn, code, EnrolmentKind.TRIAL, now)
    if post_id is None:
        raise EnrolmentRefused
    return await _open_session(conn, house, post_id)


def _check_trying(house: House) -> None:
    if not house.settings.simulators_allowed:
        raise OnlyForTrying


async def _open_session(conn: Conn, house: House, post_id: UUID) -> str:
    actor = await staff_actor(conn, post_id, house.clock.today())
    await store.record_session_towns(conn, post_id, actor.towns)
    return await open_session(conn, Entrance.DESK, actor, Acr.STAFF, house.clock.now())


async def end_outdated_sessions(conn: Conn, house: House) -> int:
    """An entrustment that ended takes its towns out of sight: whoever still sees them is signed out."""
    today, now = house.clock.today(), house.clock.now()
    entrustments = await store.list_live_entrustments(conn, today)
    ended = 0
    for post in await store.list_posts_of_associations(conn):
        organisation = await store.get_organisation(conn, post.organisation_id)
        towns = rules.decide_towns(organisation, entrustments, today)
        if towns != frozenset(post.session_towns):
            await end_sessions_of(conn, str(post.post_id), now)
            await store.record_session_towns(conn, post.post_id, frozenset())
            ended += 1
    return ended
