"""ID tokens that come back to us as hints: ours, for whom, from which session."""

from collections.abc import Iterable, Mapping

import msgspec

from . import jose


class Hint(msgspec.Struct, frozen=True, kw_only=True):
    sub: str
    client_id: str
    sid: str | None


def read_hint(token: str, our_keys: Iterable[Mapping[str, object]], issuer: str) -> Hint | None:
    """None for what we did not sign. Expired is fine: a hint proves nothing but who was meant."""
    try:
        signed = jose.read(token)
        jose.check_signed_by_one_of(signed, our_keys)
        claims = jose.claims_of(signed)
    except jose.Unverified:
        return None
    sub, audience, sid = claims.get("sub"), claims.get("aud"), claims.get("sid")
    is_ours = claims.get("iss") == issuer and signed.headers().get("typ") == "JWT"
    if not is_ours or not isinstance(sub, str) or not isinstance(audience, str):
        return None
    return Hint(sub=sub, client_id=audience, sid=sid if isinstance(sid, str) else None)
