"""How sure we are of who is there, in the words of OpenID Connect (`acr`, `amr`)."""

from collections.abc import Iterable
from datetime import datetime

from mieone.core.sessions import Acr, Session

PREFIX = "urn:mie:acr:"
ORDER = (Acr.VISITOR, Acr.PASSKEY, Acr.CARD)
"""Of persons, weakest first; staff and terminals never sign in to a service."""

# RFC 8176: a card is a smart card with a PIN; a passkey proves a key after checking its user.
METHODS: dict[Acr, tuple[str, ...]] = {
    Acr.VISITOR: (),
    Acr.PASSKEY: ("pop", "user", "mfa"),
    Acr.CARD: ("sc", "pin", "mfa"),
}


def urn_of(acr: Acr) -> str:
    return PREFIX + acr.value


def find_acr(urn: str) -> Acr | None:
    return next((acr for acr in ORDER if urn_of(acr) == urn), None)


def list_known(urns: Iterable[str]) -> tuple[Acr, ...]:
    return tuple(acr for acr in map(find_acr, urns) if acr is not None)


def rank_of(acr: Acr) -> int:
    return ORDER.index(acr) if acr in ORDER else -1


def meets(acr: Acr, wanted: Iterable[Acr]) -> bool:
    """A stronger sign-in serves a weaker wish; no wish is always met."""
    ranks = [rank_of(level) for level in wanted]
    return not ranks or rank_of(acr) >= min(ranks)


def current_acr(session: Session, now: datetime) -> Acr:
    if session.card_is_fresh(now):
        return Acr.CARD
    return Acr.PASSKEY if session.acr is Acr.CARD else session.acr
