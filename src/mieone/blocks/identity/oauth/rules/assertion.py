"""Client authentication: `private_key_jwt` and nothing else (RFC 7523, FAPI 2.0, 5.3.2)."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from joserfc.jws import CompactSignature

from mieone.blocks.identity.oauth.model import Assertion
from mieone.blocks.identity.oauth.problems import InvalidClient, Reason

from . import jose

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_AHEAD = timedelta(seconds=30)
MAX_LIFE = timedelta(hours=1)
"""A spent jti is kept until its assertion expires; this bounds how long."""

MAX_JTI_LENGTH = 256


def find_assertion(params: Mapping[str, str]) -> str:
    """The assertion of a form. Raises InvalidClient for every other way to authenticate."""
    if "client_assertion" not in params or "client_secret" in params:
        raise InvalidClient(Reason.ASSERTION_MISSING)
    if params.get("client_assertion_type") != ASSERTION_TYPE:
        raise InvalidClient(Reason.ASSERTION_TYPE)
    return params["client_assertion"]


def read_client_id(assertion: str, stated_client_id: str | None) -> str:
    """Whose keys to fetch; nothing is believed yet."""
    try:
        claims = jose.claims_of(jose.read(assertion))
    except jose.Unverified as error:
        raise InvalidClient(error.reason) from error
    subject = claims.get("sub")
    if not isinstance(subject, str) or claims.get("iss") != subject:
        raise InvalidClient(Reason.ASSERTION_SUBJECT)
    if stated_client_id not in (None, subject):
        raise InvalidClient(Reason.ASSERTION_SUBJECT)
    return subject


def check_assertion(
    assertion: str,
    client_id: str,
    keys: Iterable[Mapping[str, object]],
    issuer: str,
    now: datetime,
) -> Assertion:
    """Every check that needs no memory. Raises InvalidClient; the caller spends the jti."""
    try:
        signed = jose.read(assertion)
        jose.check_signed_by_one_of(signed, keys)
        return _check_claims(signed, client_id, issuer, now)
    except jose.Unverified as error:
        raise InvalidClient(error.reason) from error


def _check_claims(
    signed: CompactSignature, client_id: str, issuer: str, now: datetime
) -> Assertion:
    claims = jose.claims_of(signed)
    if claims.get("iss") != client_id or claims.get("sub") != client_id:
        raise jose.Unverified(Reason.ASSERTION_SUBJECT)
    # One string, not a list: a token for several audiences can be replayed at the others.
    if claims.get("aud") != issuer:
        raise jose.Unverified(Reason.ASSERTION_AUDIENCE)
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= MAX_JTI_LENGTH:
        raise jose.Unverified(Reason.MALFORMED)
    expires_at = _instant(claims.get("exp"))
    if expires_at is None:
        raise jose.Unverified(Reason.MALFORMED)
    if expires_at <= now:
        raise jose.Unverified(Reason.ASSERTION_EXPIRED)
    if expires_at > now + MAX_LIFE:
        raise jose.Unverified(Reason.ASSERTION_TOO_LONG)
    for name in ("iat", "nbf"):
        if name in claims:
            _check_not_early(_instant(claims[name]), now)
    return Assertion(client_id=client_id, jti=jti, expires_at=expires_at)


def _check_not_early(at: datetime | None, now: datetime) -> None:
    if at is None:
        raise jose.Unverified(Reason.MALFORMED)
    if at > now + MAX_AHEAD:
        raise jose.Unverified(Reason.ASSERTION_EARLY)


def _instant(value: object) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        return None
