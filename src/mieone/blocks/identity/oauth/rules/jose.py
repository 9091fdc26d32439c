"""Signed objects and keys: which algorithms, how strong, and nothing taken on trust."""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping

from cryptography.exceptions import UnsupportedAlgorithm
from joserfc import jwk, jws
from joserfc._rfc7515.model import JWSAlgModel
from joserfc.errors import JoseError
from joserfc.jwk import Key, RSAKey
from joserfc.jws import CompactSignature, JWSRegistry

from mieone.blocks.identity.oauth.problems import Reason

ALGORITHMS = ("ES256", "PS256", "EdDSA", "Ed25519")
"""FAPI 2.0, 5.4: RS256, HS* and none are refused. `EdDSA` is the older name of `Ed25519`."""

OUR_ALGORITHM = "ES256"
MIN_RSA_BITS = 2048
KINDS = (("EC", "P-256"), ("OKP", "Ed25519"), ("RSA", None))
MEMBERS: Mapping[str, tuple[str, ...]] = {
    "EC": ("kty", "crv", "x", "y"),
    "OKP": ("kty", "crv", "x"),
    "RSA": ("kty", "n", "e"),
}
PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class Unverified(Exception):
    """A signed object we do not believe; callers turn it into their own standard's error."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(reason.value)


class _Registry(JWSRegistry):
    """Room for an RSA key in a DPoP header, and no warning about EdDSA's old name."""

    max_header_length = 4096
    max_payload_length = 16384

    def get_alg(self, name: str) -> JWSAlgModel:
        if name not in ALGORITHMS:
            raise Unverified(Reason.ALGORITHM)
        return self.algorithms[name]


def registry() -> JWSRegistry:
    return _Registry(algorithms=ALGORITHMS, strict_check_header=False)


def read(token: str) -> CompactSignature:
    """Take a compact object apart. Raises Unverified when it is none or its algorithm is refused."""
    try:
        signed = jws.extract_compact(token.encode("ascii"), None, registry())
    except (JoseError, ValueError) as error:
        raise Unverified(Reason.MALFORMED) from error
    headers = signed.headers()
    if headers.get("alg") not in ALGORITHMS:
        raise Unverified(Reason.ALGORITHM)
    if "b64" in headers or "crit" in headers:
        raise Unverified(Reason.MALFORMED)
    return signed


def claims_of(signed: CompactSignature) -> dict[str, object]:
    try:
        claims = json.loads(signed.payload or b"")
    except (ValueError, RecursionError) as error:
        raise Unverified(Reason.MALFORMED) from error
    if not isinstance(claims, dict):
        raise Unverified(Reason.MALFORMED)
    return claims


def check_signature(signed: CompactSignature, key: Key) -> None:
    try:
        is_good = jws.validate_compact(signed, key, ALGORITHMS, registry())
    except (JoseError, ValueError) as error:
        raise Unverified(Reason.SIGNATURE) from error
    if not is_good:
        raise Unverified(Reason.SIGNATURE)


def import_public_key(value: Mapping[str, object]) -> Key:
    """A foreign public key, if it is one, public, and strong enough."""
    if PRIVATE_MEMBERS & value.keys():
        raise Unverified(Reason.PRIVATE_KEY)
    try:
        kty, curve = value["kty"], value.get("crv")
        is_short = kty == "RSA" and len(str(value["n"])) * 6 < MIN_RSA_BITS
        if (kty, curve) not in KINDS or is_short:
            raise Unverified(Reason.WEAK_KEY)
        key = jwk.import_key({name: str(value[name]) for name in MEMBERS[str(kty)]})
        # Reading the key proves that its numbers are a point on the curve or a modulus.
        key.get_op_key("verify")
    except (JoseError, ValueError, TypeError, KeyError, UnsupportedAlgorithm) as error:
        raise Unverified(Reason.WEAK_KEY) from error
    check_strength(key)
    return key


def check_strength(key: Key) -> None:
    if not isinstance(key, RSAKey):
        return
    numbers = key.public_key.public_numbers()
    if key.public_key.key_size < MIN_RSA_BITS or numbers.e < 65537 or numbers.e % 2 == 0:
        raise Unverified(Reason.WEAK_KEY)


def list_fitting_keys(signed: CompactSignature, keys: Iterable[Mapping[str, object]]) -> list[Key]:
    """The registered keys that may have made this signature: right kid, right use."""
    kid = signed.headers().get("kid")
    fitting = []
    for value in keys:
        if kid is not None and value.get("kid") not in (kid, None):
            continue
        if value.get("use") not in (None, "sig"):
            continue
        fitting.append(import_public_key(value))
    return fitting


def check_signed_by_one_of(signed: CompactSignature, keys: Iterable[Mapping[str, object]]) -> None:
    for key in list_fitting_keys(signed, keys):
        try:
            check_signature(signed, key)
        except Unverified:
            continue
        return
    raise Unverified(Reason.ASSERTION_KEY)


def thumbprint(key: Key) -> str:
    """RFC 7638, SHA-256, base64url."""
    return key.thumbprint()


def b64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def s256(text: str) -> str:
    """SHA-256, base64url: PKCE's S256 and DPoP's `ath` are the same function."""
    return b64url(hashlib.sha256(text.encode("ascii")).digest())


def half_hash(text: str) -> str:
    """OpenID Connect's `at_hash`: the left half of the SHA-256."""
    return b64url(hashlib.sha256(text.encode("ascii")).digest()[:16])


def sign(key: Key, kid: str, typ: str, claims: Mapping[str, object]) -> str:
    header = {"alg": OUR_ALGORITHM, "typ": typ, "kid": kid}
    payload = json.dumps(claims, ensure_ascii=False, separators=(",", ":"))
    return jws.serialize_compact(header, payload, key, [OUR_ALGORITHM])
