"""What every action of the provider needs to know of the house it stands in."""

import hmac
from datetime import datetime

import msgspec
from cryptography.hazmat.primitives import serialization
from joserfc.jwk import ECKey

from mieone.blocks.identity.oauth.rules import jose
from mieone.core.house import House
from mieone.core.keys import KeyRing

SIGNING_KEY = "issuer"
NONCE_PERIOD_S = 180


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    issuer: str
    people_origin: str
    keyring: KeyRing
    now: datetime
    may_use_loopback: bool
    """Clients on this machine: in every profile but production."""

    def url(self, path: str) -> str:
        return self.issuer + path


def provider_of(house: House) -> Provider:
    return Provider(
        issuer=house.settings.machines_origin,
        people_origin=house.settings.people_origin,
        keyring=house.keyring,
        now=house.clock.now(),
        may_use_loopback=house.settings.simulators_allowed,
    )


def signing_keys(keyring: KeyRing) -> list[tuple[str, ECKey]]:
    """Newest first: the first one signs; the others stay published for what they signed."""
    pems = [
        (
            kid,
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
        )
        for kid, key in keyring.es256(SIGNING_KEY)
    ]
    return [(kid, ECKey.import_key(pem)) for kid, pem in pems]


def public_keys(keyring: KeyRing) -> list[dict[str, object]]:
    """The JWKS: public members only."""
    return [
        {**key.as_dict(private=False), "kid": kid, "use": "sig", "alg": jose.OUR_ALGORITHM}
        for kid, key in signing_keys(keyring)
    ]


def sign(keyring: KeyRing, typ: str, claims: dict[str, object]) -> str:
    kid, key = signing_keys(keyring)[0]
    return jose.sign(key, kid, typ, claims)


def rotate_signing_key(keyring: KeyRing) -> str:
    """A new key signs from now on; the id of the new one."""
    return keyring.rotate_es256(SIGNING_KEY)


def current_nonce(keyring: KeyRing, now: datetime) -> str:
    return _nonce(keyring, int(now.timestamp()) // NONCE_PERIOD_S)


def good_nonces(keyring: KeyRing, now: datetime) -> tuple[str, str]:
    """This period's and the last one's, so that no nonce dies between answer and request."""
    period = int(now.timestamp()) // NONCE_PERIOD_S
    return _nonce(keyring, period), _nonce(keyring, period - 1)


def _nonce(keyring: KeyRing, period: int) -> str:
    key = keyring.derive("oauth", "dpop-nonce")
    return jose.b64url(hmac.digest(key, str(period).encode(), "sha256")[:18])
