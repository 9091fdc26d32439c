"""Opt-in by card: a challenge, spent once; the operator asked with nothing held; then a person.

Two transactions with an id between them. `accept` spends the challenge before it looks at anything,
`settle` makes or finds the person; whatever lies between is finished by a job or by the next click.
"""

import asyncio
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from cryptography import x509

from mieone.blocks.identity.actions import keys, persons
from mieone.blocks.identity.actions.keys import CardAnswer
from mieone.blocks.identity.model import (
    CardReader,
    ExternalKey,
    Link,
    LinkKind,
    OptIn,
    OptInState,
    PersonId,
    PersonState,
    PlatformOperator,
    Proven,
    Residency,
    Told,
    TransactionId,
    Usage,
)
from mieone.blocks.identity.problems import (
    LinkedToOtherPerson,
    NonceExpired,
    NonceReused,
    PersonNotActive,
    ProofRefused,
    RevocationUnavailable,
)
from mieone.blocks.identity.rules import attributes, jpki, linking, revocation
from mieone.blocks.identity.rules.linking import Choice, Decision
from mieone.blocks.identity.rules.profile import Realm
from mieone.blocks.identity.store import optin as store
from mieone.blocks.identity.store import persons as person_store
from mieone.core.clock import JST
from mieone.core.database import Conn
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.ids import uuid7
from mieone.core.keys import KeyRing, encrypt
from mieone.core.model import Actor, ActorKind
from mieone.core.outbox import Event, publish
from mieone.core.problems import Problem, Refusal

PATH = "jpki_auth"
METHOD = "mieone.jpki-auth.1"
"""Our own code; which letter a law's list gives it is a dated table, not this."""
BASIS = "identity.basis.jpki_auth"
"""Message id; its text names the law and says what waits for confirmation."""
OPERATOR_DEADLINE_S = 8.0
_LIVED_HERE = (Residency.RESIDENT, Residency.MOVED_OUT)


class CardPath(msgspec.Struct, frozen=True, kw_only=True):
    """What one installation needs to accept cards; without it the path is disabled."""

    realm: Realm
    operator: PlatformOperator
    reader: CardReader


async def start(
    conn: Conn,
    path: CardPath,
    browser: bytes,
    return_to: str,
    for_person: PersonId | None,
    now: datetime,
) -> OptIn:
    """A new challenge for this browser; it lives ten minutes at most."""
    ttl = timedelta(seconds=path.realm.profile.seconds("challenge_ttl_s"))
    optin = OptIn(
        id=TransactionId(uuid7()),
        state=OptInState.STARTED,
        nonce=secrets.token_bytes(32),
        purpose="opt-in" if for_person is None else "prove-again",
        return_to=return_to,
        started_at=now,
        expires_at=now + ttl,
        for_person=for_person,
        certificate=None,
        person_id=None,
        is_new=None,
        failure=None,
    )
    await store.record_optin(conn, optin, browser)
    return optin


def challenge_of(optin: OptIn, origin: str) -> bytes:
    return jpki.build_challenge(origin, optin.id, optin.purpose, optin.nonce)


async def accept(
    conn: Conn, house: House, path: CardPath, transaction: UUID, browser: bytes, answer: CardAnswer
) -> OptIn | Refusal:
    """Spend the challenge, then look at the answer; a refusal stays on record."""
    now = house.clock.now()
    optin = await store.lock_optin(conn, transaction, browser)
    if optin.state is not OptInState.STARTED:
        return Refusal(NonceReused())
    if now >= optin.expires_at:
        return await _refuse(conn, optin, NonceExpired(), now)
    sealed = keys.seal_answer(house.keyring, optin.id, answer)
    await store.record_asking(conn, optin.id, now, sealed)
    challenge = challenge_of(optin, house.settings.people_origin)
    try:
        jpki.check_proof(
            path.realm, Usage.AUTH, challenge, answer.signature, answer.certificate, now
        )
    except ProofRefused as problem:
        return await _refuse(conn, optin, problem, now)
    return msgspec.structs.replace(optin, state=OptInState.ASKING, certificate=sealed)


async def _refuse(conn: Conn, optin: OptIn, problem: Problem, now: datetime) -> Refusal:
    await store.record_failed(conn, optin.id, problem.slug, now)
    return Refusal(problem)


async def ask_operator(house: House, path: CardPath, answer: CardAnswer) -> Told:
    """Over the network, with no connection held. Raises RevocationUnavailable, or a refusal."""
    now = house.clock.now()
    nonce = secrets.token_bytes(32)
    leaf = jpki.read_leaf(answer.certificate)
    try:
        async with asyncio.timeout(OPERATOR_DEADLINE_S):
            told = await path.operator.ask(answer.certificate, nonce)
    except TimeoutError as error:
        raise RevocationUnavailable from error
    root: x509.Certificate = jpki.find_issuer(path.realm, Usage.AUTH, leaf)
    max_age = timedelta(seconds=path.realm.profile.seconds("revocation_max_age_s"))
    checked = revocation.read_ocsp(told.ocsp, leaf, root, nonce, now, max_age)
    revocation.check_not_revoked(checked)
    if not told.stable_user_id:
        raise RevocationUnavailable
    return Told(
        stable_user_id=told.stable_user_id,
        attributes=attributes.read_attributes(told.attributes, now.astimezone(JST).date()),
        checked_at=checked.checked_at,
        source=path.operator.name,
    )


async def settle(
    conn: Conn, house: House, path: CardPath, transaction: UUID, told: Told
) -> OptIn | Refusal:
    """Make or find the person. Settled twice, it is done once: the second call changes nothing."""
    now, keyring = house.clock.now(), house.keyring
    optin = await store.lock_optin(conn, transaction, None)
    if optin.state is not OptInState.ASKING:
        return optin
    answer = keys.open_answer(keyring, optin.id, optin.certificate)
    decision = await _decide(conn, keyring, optin, answer, told)
    if isinstance(decision, Refusal):
        await store.record_failed(conn, optin.id, decision.problem.slug, now)
        return decision
    person_id = decision.person_id or await persons.make_person(conn, keyring, now)
    if await person_store.lock_state(conn, person_id) is not PersonState.ACTIVE:
        return await _refuse(conn, optin, PersonNotActive(), now)
    await _record_links(conn, keyring, person_id, decision, now)
    await _record_told(conn, house, person_id, told)
    await _record_proofing(conn, house, path, optin, person_id, answer, told)
    is_new = decision.choice is Choice.NEW
    await store.record_settled(conn, optin.id, person_id, is_new)
    await _publish_verified(conn, optin, person_id, is_new)
    return msgspec.structs.replace(optin, state=OptInState.SETTLED, person_id=person_id)


async def refuse_settling(conn: Conn, house: House, transaction: UUID, problem: Problem) -> Refusal:
    """The operator's answer ended it: revoked, or attributes that cannot be read."""
    optin = await store.lock_optin(conn, transaction, None)
    if optin.state is OptInState.ASKING:
        await store.record_failed(conn, optin.id, problem.slug, house.clock.now())
    return Refusal(problem)


async def _decide(
    conn: Conn, keyring: KeyRing, optin: OptIn, answer: CardAnswer, told: Told
) -> Decision | Refusal:
    leaf = jpki.read_leaf(answer.certificate)
    wanted = (
        ExternalKey(kind=LinkKind.JPKI_AUTH, value=leaf.external_key),
        ExternalKey(kind=LinkKind.PF_USER, value=told.stable_user_id),
    )
    tokens = [(key, token_of(keyring, key)) for key in wanted]
    await person_store.lock_tokens(conn, [token for _, token in tokens])
    found = await person_store.list_links_of_tokens(conn, tokens)
    people = {link.person_id for _, link in found}
    people |= {optin.for_person} if optin.for_person else set()
    held = await person_store.list_links_of_people(conn, people)
    try:
        decision = linking.decide_link(wanted, found, held, optin.for_person)
    except ProofRefused as problem:
        return Refusal(problem)
    if decision.choice is Choice.CONFLICT:
        await store.record_conflict(conn, optin.id, people, told.checked_at)
        return Refusal(LinkedToOtherPerson())
    await _see_again(conn, found, told.checked_at)
    return decision


async def _see_again(conn: Conn, found: list[tuple[ExternalKey, Link]], at: datetime) -> None:
    for _, link in found:
        await person_store.record_link_seen(conn, link.id, at)


def token_of(keyring: KeyRing, key: ExternalKey) -> bytes:
    """Finds an external key without holding it in clear; one region, one index."""
    return keyring.search_token("region", f"identity.link.{key.kind}", key.value)


async def _record_links(
    conn: Conn, keyring: KeyRing, person_id: PersonId, decision: Decision, now: datetime
) -> None:
    await person_store.record_links_superseded(conn, [one.id for one in decision.superseded], now)
    for key in decision.added:
        secret = await keys.person_key(conn, keyring, person_id, "identity.links", now)
        sealed = encrypt(secret, key.value.encode(), f"{person_id}|{key.kind}".encode())
        token = token_of(keyring, key)
        await person_store.record_link(conn, uuid7(), person_id, key.kind, sealed, token, now)


async def _record_told(conn: Conn, house: House, person_id: PersonId, told: Told) -> None:
    now = house.clock.now()
    residency, town = attributes.decide_residency(
        told.attributes.address, house.region, house.clock.today()
    )
    known = await keys.attributes_of(conn, house.keyring, person_id, now)
    if residency is Residency.VISITOR and known.get("residency") in _LIVED_HERE:
        residency = Residency.MOVED_OUT
    values = keys.attribute_values(told.attributes, town, residency.value)
    await keys.record_attributes(conn, house.keyring, person_id, values, now)


async def _record_proofing(
    conn: Conn,
    house: House,
    path: CardPath,
    optin: OptIn,
    person_id: PersonId,
    answer: CardAnswer,
    told: Told,
) -> None:
    now = house.clock.now()
    # Under the person's own key: once it is destroyed the digest fits nothing any more.
    secret = await keys.person_key(conn, house.keyring, person_id, "identity.evidence", now)
    shown = hashlib.sha256(answer.certificate).digest() + hashlib.sha256(answer.signature).digest()
    await store.record_proofing(
        conn,
        store.Proofing(
            person_id=person_id,
            transaction=optin.id,
            path=PATH,
            method_code=METHOD,
            basis=BASIS,
            evidence_digest=hmac.digest(secret, shown, "sha256"),
            revocation_source=told.source,
            revocation_checked_at=told.checked_at,
            assurance=2,
            profile_as_of=path.realm.profile.as_of,
            is_profile_verified=path.realm.is_verified,
            actor_kind="person",
            actor_id=str(person_id),
            at=now,
        ),
    )


async def _publish_verified(conn: Conn, optin: OptIn, person_id: PersonId, is_new: bool) -> None:
    await publish(
        conn,
        Event(
            name="identity.person_verified",
            key=str(person_id),
            payload={
                "person_id": str(person_id),
                "transaction": str(optin.id),
                "path": PATH,
                "is_new": is_new,
            },
        ),
    )


async def finish(house: House, path: CardPath, transaction: UUID) -> None:
    """Everything after the challenge was spent; callable again until it is settled or too late."""
    async with house.database.transaction() as conn:
        optin = await store.get_optin(conn, transaction, None)
        await store.record_asked(conn, transaction, house.clock.now())
    if optin.state is not OptInState.ASKING:
        return
    if house.clock.now() >= optin.expires_at:
        raise NonceExpired
    answer = keys.open_answer(house.keyring, optin.id, optin.certificate)
    try:
        told = await ask_operator(house, path, answer)
    except ProofRefused as problem:
        refusal = problem
        await run(house.database, (), lambda conn: refuse_settling(conn, house, optin.id, refusal))
        raise
    await run(house.database, (), lambda conn: settle(conn, house, path, optin.id, told))


async def claim(conn: Conn, transaction: UUID, browser: bytes) -> Proven | None:
    """The browser that started it gets the outcome, once; None while the operator is asked."""
    optin = await store.lock_optin(conn, transaction, browser)
    if optin.state is OptInState.ASKING:
        return None
    if optin.state is not OptInState.SETTLED or optin.person_id is None:
        raise NonceReused
    await persons.check_active(conn, optin.person_id)
    await store.record_done(conn, optin.id)
    return Proven(
        person_id=optin.person_id,
        transaction=optin.id,
        return_to=optin.return_to,
        is_new=bool(optin.is_new),
    )


async def actor_of(conn: Conn, house: House, person_id: PersonId) -> Actor:
    """A person sees the rows of the town they live in, and of no other."""
    known = await keys.attributes_of(conn, house.keyring, person_id, house.clock.now())
    town = known.get("town", "")
    towns = frozenset(code for code in house.region.town_codes if code == town)
    return Actor(kind=ActorKind.PERSON, id=str(person_id), towns=towns)
