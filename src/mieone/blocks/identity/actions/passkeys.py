"""Passkeys: made after the card, used instead of it; a copied one stops itself."""

import secrets
import struct
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.authentication.verify_authentication_response import VerifiedAuthentication
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from webauthn.registration.verify_registration_response import VerifiedRegistration

from mieone.blocks.identity.actions import keys, persons
from mieone.blocks.identity.model import Passkey, PasskeyState, PersonId
from mieone.blocks.identity.problems import (
    CardNeeded,
    PasskeyKnown,
    PasskeyRefused,
    PasskeySuspended,
    PersonNotActive,
)
from mieone.blocks.identity.rules import passkeys as rules
from mieone.blocks.identity.store import passkeys as store
from mieone.blocks.identity.store import persons as person_store
from mieone.blocks.identity.store.passkeys import NewPasskey, StoredPasskey
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.ids import uuid7
from mieone.core.keys import decrypt, encrypt
from mieone.core.outbox import Event, publish
from mieone.core.problems import NotFound, Refusal
from mieone.core.sessions import Session

ALGORITHMS = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
CHALLENGE_LIFE = timedelta(minutes=5)
LONGEST_NICKNAME = 40
_UNREADABLE = (WebAuthnException, ValueError, TypeError, LookupError, AttributeError, struct.error)


class ShownCredential(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the browser's PublicKeyCredential.toJSON() says; unknown members are the browser's."""

    id: str
    raw_id: str
    type: str
    response: Mapping[str, msgspec.Raw]

    def text(self, name: str) -> str:
        """One member of the response. Raises PasskeyRefused."""
        try:
            return msgspec.json.decode(self.response[name], type=str)
        except (KeyError, msgspec.MsgspecError) as error:
            raise PasskeyRefused from error

    def plain(self) -> str:
        return msgspec.json.encode(self).decode()


def check_card_is_fresh(session: Session, now: datetime) -> None:
    """Adding or removing a way in needs the card, minutes ago."""
    if not session.card_is_fresh(now):
        raise CardNeeded


async def start_registration(
    conn: Conn, house: House, person_id: UUID, browser: bytes, shown_name: str
) -> str:
    """Options for navigator.credentials.create, as JSON."""
    now = house.clock.now()
    await persons.check_active(conn, person_id)
    handle = await person_store.find_user_handle(conn, person_id)
    held = await store.list_passkeys(conn, person_id)
    challenge = secrets.token_bytes(32)
    await store.record_challenge(
        conn, challenge, "register", browser, person_id, now + CHALLENGE_LIFE
    )
    options = generate_registration_options(
        rp_id=relying_party(house),
        rp_name="Mie-ID",
        user_id=handle,
        user_name=shown_name,
        user_display_name=shown_name,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            require_resident_key=True,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one.credential_id) for one in held],
        supported_pub_key_algs=ALGORITHMS,
    )
    return options_to_json(options)


def relying_party(house: House) -> str:
    return urlsplit(house.settings.people_origin).hostname or ""


async def register(
    conn: Conn,
    house: House,
    person_id: UUID,
    browser: bytes,
    credential: ShownCredential,
    nickname: str,
) -> Passkey | Refusal:
    """Keep a new passkey; the challenge is spent whatever comes of it."""
    now = house.clock.now()
    challenge = rules.challenge_in(credential.text("clientDataJSON"))
    spent = await store.spend_challenge(conn, challenge, "register", browser, now)
    if spent is None or spent.person_id != person_id:
        return Refusal(PasskeyRefused())
    await persons.check_active(conn, person_id)
    try:
        verified = verify_registration_response(
            credential=credential.plain(),
            expected_challenge=challenge,
            expected_rp_id=relying_party(house),
            expected_origin=house.settings.people_origin,
            # False is the library's default; without it a found phone would be enough.
            require_user_verification=True,
            supported_pub_key_algs=ALGORITHMS,
        )
    except _UNREADABLE:
        return Refusal(PasskeyRefused())
    name = nickname.strip()[:LONGEST_NICKNAME]
    return await _record(conn, house, person_id, verified, name)


async def _record(
    conn: Conn, house: House, person_id: UUID, verified: VerifiedRegistration, nickname: str
) -> Passkey | Refusal:
    now, passkey_id = house.clock.now(), uuid7()
    key = await keys.person_key(conn, house.keyring, person_id, "identity.passkeys", now)
    is_eligible = verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE
    is_new = await store.record_passkey(
        conn,
        NewPasskey(
            id=passkey_id,
            person_id=person_id,
            credential_id=verified.credential_id,
            public_key=verified.credential_public_key,
            sign_count=verified.sign_count,
            is_backup_eligible=is_eligible,
            is_backed_up=verified.credential_backed_up,
            aaguid=verified.aaguid,
            sealed_nickname=encrypt(key, nickname.encode(), passkey_id.bytes),
            created_at=now,
        ),
    )
    if not is_new:
        return Refusal(PasskeyKnown())
    return Passkey(
        id=passkey_id,
        nickname=nickname,
        state=PasskeyState.ACTIVE,
        is_backed_up=verified.credential_backed_up,
        created_at=now,
        last_used_at=None,
    )


async def start_sign_in(conn: Conn, house: House, browser: bytes) -> str:
    """Options for navigator.credentials.get: no names, the phone knows whose passkeys it has."""
    now = house.clock.now()
    challenge = secrets.token_bytes(32)
    await store.record_challenge(conn, challenge, "sign_in", browser, None, now + CHALLENGE_LIFE)
    return options_to_json(
        generate_authentication_options(
            rp_id=relying_party(house),
            challenge=challenge,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
    )


async def sign_in(
    conn: Conn, house: House, browser: bytes, credential: ShownCredential
) -> PersonId | Refusal:
    """Who holds this passkey; a counter that does not grow stops the passkey and tells its holder."""
    now = house.clock.now()
    challenge = rules.challenge_in(credential.text("clientDataJSON"))
    if await store.spend_challenge(conn, challenge, "sign_in", browser, now) is None:
        return Refusal(PasskeyRefused())
    try:
        credential_id = rules.from_base64url(credential.id)
    except ValueError:
        return Refusal(PasskeyRefused())
    passkey = await store.lock_passkey(conn, credential_id)
    if passkey is None or passkey.state is PasskeyState.REMOVED:
        return Refusal(PasskeyRefused())
    verified = _verify(house, credential, challenge, passkey)
    if verified is None or not await _is_own_handle(conn, credential, passkey.person_id):
        return Refusal(PasskeyRefused())
    return await _let_in(conn, passkey, verified, now)


def _verify(
    house: House, credential: ShownCredential, challenge: bytes, passkey: StoredPasskey
) -> VerifiedAuthentication | None:
    try:
        return verify_authentication_response(
            credential=credential.plain(),
            expected_challenge=challenge,
            expected_rp_id=relying_party(house),
            expected_origin=house.settings.people_origin,
            credential_public_key=passkey.public_key,
            # The counter is our own rule: one that stands still suspends the passkey.
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except _UNREADABLE:
        return None


async def _is_own_handle(conn: Conn, credential: ShownCredential, person_id: UUID) -> bool:
    """A discoverable sign-in always names its holder."""
    handle = await person_store.find_user_handle(conn, person_id)
    try:
        return rules.from_base64url(credential.text("userHandle")) == handle
    except (ValueError, PasskeyRefused):
        return False


async def _let_in(
    conn: Conn, passkey: StoredPasskey, verified: VerifiedAuthentication, now: datetime
) -> PersonId | Refusal:
    if passkey.state is PasskeyState.SUSPENDED:
        return Refusal(PasskeySuspended())
    counter = rules.decide_counter(passkey.sign_count, verified.new_sign_count)
    if counter is rules.Counter.NOT_GROWN:
        await store.record_suspended(conn, passkey.id)
        payload = {"person_id": str(passkey.person_id), "passkey_id": str(passkey.id)}
        name = "identity.passkey_suspended"
        await publish(conn, Event(name=name, key=str(passkey.person_id), payload=payload))
        return Refusal(PasskeySuspended())
    await store.record_used(
        conn, passkey.id, verified.new_sign_count, verified.credential_backed_up, now
    )
    try:
        await persons.check_active(conn, passkey.person_id)
    except PersonNotActive as problem:
        return Refusal(problem)
    return passkey.person_id


async def list_passkeys(conn: Conn, house: House, person_id: UUID) -> list[Passkey]:
    now = house.clock.now()
    held = await store.list_passkeys(conn, person_id)
    if not held:
        return []
    key = await keys.person_key(conn, house.keyring, person_id, "identity.passkeys", now)
    return [
        Passkey(
            id=one.id,
            nickname=decrypt(key, one.sealed_nickname, one.id.bytes).decode(),
            state=one.state,
            is_backed_up=one.is_backed_up,
            created_at=one.created_at,
            last_used_at=one.last_used_at,
        )
        for one in held
    ]


async def remove(conn: Conn, person_id: UUID, passkey_id: UUID) -> None:
    """Nobody is locked out by it: the card always lets its holder in."""
    if not await store.record_removed(conn, passkey_id, person_id):
        raise NotFound


async def has_any(conn: Conn, person_id: UUID) -> bool:
    return bool(await store.list_passkeys(conn, person_id))
