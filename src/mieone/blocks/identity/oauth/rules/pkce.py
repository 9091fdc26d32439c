"""PKCE (RFC 7636), method S256 only."""

import hmac
import re

from mieone.blocks.identity.oauth.problems import InvalidGrant, Reason

from . import jose

_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")
_CHALLENGE = re.compile(r"[A-Za-z0-9\-_]{43}")


def is_challenge(text: str) -> bool:
    return _CHALLENGE.fullmatch(text) is not None


def check_verifier(verifier: str, challenge: str) -> None:
    is_well_formed = _VERIFIER.fullmatch(verifier) is not None
    if not is_well_formed or not hmac.compare_digest(jose.s256(verifier), challenge):
        raise InvalidGrant(Reason.PKCE_VERIFIER)
