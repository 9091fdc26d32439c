"""Proof of possession (RFC 9449): one request, one fresh signature with the token's own key."""

import hmac
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import msgspec

from mieone.blocks.identity.oauth.model import DpopProof
from mieone.blocks.identity.oauth.problems import (
    InvalidDpopProof,
    OAuthProblem,
    Reason,
    UseDpopNonce,
)

from . import jose

MAX_AGE = timedelta(seconds=60)
MAX_AHEAD = timedelta(seconds=15)
REMEMBERED = MAX_AGE + MAX_AHEAD + timedelta(seconds=15)
"""How long a spent jti is kept: longer than any proof can be valid."""

MAX_JTI_LENGTH = 256
DEFAULT_PORTS: Mapping[str, int] = {"https": 443, "http": 80}
_UNRESERVED = re.compile(r"%([0-9A-Fa-f]{2})")


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What a proof must speak of."""

    method: str
    urls: Collection[str]
    """Normally one; more where the same API answers on two of our own origins."""
    now: datetime
    nonces: Collection[str] = ()
    """Those of ours that are still good."""
    is_nonce_required: bool = False
    access_token: str | None = None
    jkt: str | None = None
    """The key the token, code or request is bound to."""


def check_proof(headers: Sequence[str], expected: Expected) -> DpopProof:
    """Every check of RFC 9449, section 4.3, that needs no memory.

    Raises InvalidDpopProof or UseDpopNonce; the caller still spends the jti.
    """
    if not headers:
        raise InvalidDpopProof(Reason.DPOP_MISSING)
    if len(headers) > 1:
        raise InvalidDpopProof(Reason.DPOP_TWICE)
    try:
        jkt, claims = _verify(headers[0])
    except jose.Unverified as error:
        raise InvalidDpopProof(error.reason) from error
    _check_claims(claims, expected)
    if expected.jkt is not None and not hmac.compare_digest(expected.jkt, jkt):
        raise InvalidDpopProof(Reason.DPOP_KEY)
    return DpopProof(jkt=jkt, jti=_text(claims, "jti"))


def _verify(proof: str) -> tuple[str, dict[str, object]]:
    signed = jose.read(proof)
    headers = signed.headers()
    if headers.get("typ") != "dpop+jwt":
        raise jose.Unverified(Reason.DPOP_TYP)
    value = headers.get("jwk")
    if not isinstance(value, dict):
        raise jose.Unverified(Reason.DPOP_JWK)
    key = jose.import_public_key(value)
    jose.check_signature(signed, key)
    return jose.thumbprint(key), jose.claims_of(signed)


def _check_claims(claims: Mapping[str, object], expected: Expected) -> None:
    if len(_text(claims, "jti")) > MAX_JTI_LENGTH:
        raise InvalidDpopProof(Reason.DPOP_CLAIM)
    if _text(claims, "htm") != expected.method:
        raise InvalidDpopProof(Reason.DPOP_METHOD)
    if not is_same_url(_text(claims, "htu"), expected.urls):
        raise InvalidDpopProof(Reason.DPOP_URL)
    _check_time(claims.get("iat"), expected.now)
    if expected.access_token is not None:
        ath = _text(claims, "ath")
        if not hmac.compare_digest(ath.encode(), jose.s256(expected.access_token).encode()):
            raise InvalidDpopProof(Reason.DPOP_ATH)
    _check_nonce(claims, expected)


def _text(claims: Mapping[str, object], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidDpopProof(Reason.DPOP_CLAIM)
    return value


def _check_time(value: object, now: datetime) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidDpopProof(Reason.DPOP_CLAIM)
    age_s = now.timestamp() - value
    if not -MAX_AHEAD.total_seconds() <= age_s <= MAX_AGE.total_seconds():
        raise InvalidDpopProof(Reason.DPOP_TIME)


def _check_nonce(claims: Mapping[str, object], expected: Expected) -> None:
    nonce = claims.get("nonce")
    if nonce is None and not expected.is_nonce_required:
        return
    if not isinstance(nonce, str) or nonce not in expected.nonces:
        raise UseDpopNonce(Reason.DPOP_NONCE)


def is_same_url(htu: str, urls: Collection[str]) -> bool:
    claimed = normalise_url(htu)
    return claimed is not None and claimed in {normalise_url(url) for url in urls}


def normalise_url(url: str) -> str | None:
    """RFC 3986, 6.2.2 and 6.2.3, without query and fragment; None for what is no such URL."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
    if scheme not in DEFAULT_PORTS or not host or "@" in parts.netloc:
        return None
    if ":" in host:
        host = f"[{host}]"
    shown_port = "" if port in (None, DEFAULT_PORTS[scheme]) else f":{port}"
    return f"{scheme}://{host}{shown_port}{_normalise_path(parts.path)}"


def _normalise_path(path: str) -> str:
    unescaped = _UNRESERVED.sub(_unescape, path)
    kept: list[str] = []
    segments = unescaped.split("/")[1:]
    for place, segment in enumerate(segments):
        is_last = place == len(segments) - 1
        if segment == "..":
            kept = kept[:-1]
        if segment in (".", ".."):
            kept += [""] if is_last else []
        else:
            kept.append(segment)
    return "/" + "/".join(kept)


def _unescape(match: re.Match[str]) -> str:
    character = chr(int(match.group(1), 16))
    is_unreserved = character.isascii() and (character.isalnum() or character in "-._~")
    return character if is_unreserved else match.group(0).upper()


def check_token_key(proof: DpopProof, jkt: str, refused: type[OAuthProblem]) -> None:
    """The proof's key must be the one a code or token was bound to."""
    if not hmac.compare_digest(proof.jkt, jkt):
        raise refused(Reason.DPOP_KEY)
