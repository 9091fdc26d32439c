"""What happens next at the front channel: sign in, ask, refuse, or let the person through."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

import msgspec

from mieone.blocks.identity.oauth.model import (
    AuthorizationRequest,
    Prompt,
    PushedRequest,
    SignedIn,
)
from mieone.blocks.identity.oauth.problems import (
    ConsentRequired,
    InvalidRequestUri,
    LoginRequired,
    OAuthProblem,
    Reason,
    UnmetAuthentication,
)
from mieone.core.sessions import Acr

from . import levels

OPEN_FOR = timedelta(minutes=30)
"""Once a browser has brought the request, a slow reader may take this long."""


class SignIn(msgspec.Struct, frozen=True):
    """Send the person to the sign-in page, which comes back here."""

    acr: Acr
    is_again: bool
    """Somebody is signed in already, but must show themselves once more."""


class AskPerson(msgspec.Struct, frozen=True):
    """Our own sheet: who wants you to enter, and may they know you under a name of their own?"""


class GoOn(msgspec.Struct, frozen=True):
    """Nothing more to ask of the person here; datasets still have their own sheet."""


class Refuse(msgspec.Struct, frozen=True):
    problem: OAuthProblem


Step: TypeAlias = SignIn | AskPerson | GoOn | Refuse


class Entered(StrEnum):
    """Whether the person let this client in before."""

    NEVER = "never"
    BEFORE = "before"
    JUST_NOW = "just_now"


def check_open(pushed: PushedRequest, client_id: str | None, now: datetime) -> None:
    """A request_uri may be loaded again until it is used, then never."""
    if pushed.used_at is not None:
        raise InvalidRequestUri(Reason.REQUEST_URI_UNKNOWN)
    limit = pushed.expires_at if pushed.open_until is None else pushed.open_until
    if now >= limit:
        raise InvalidRequestUri(Reason.REQUEST_URI_UNKNOWN)
    if client_id not in (None, pushed.request.client_id):
        raise InvalidRequestUri(Reason.REQUEST_URI_OTHER_CLIENT)


def check_loadable(pushed: PushedRequest, client_id: str, now: datetime) -> None:
    """At the authorization endpoint itself the short life of the request_uri counts."""
    check_open(pushed, client_id, now)
    if now >= pushed.expires_at:
        raise InvalidRequestUri(Reason.REQUEST_URI_UNKNOWN)


def decide_step(
    pushed: PushedRequest,
    signed_in: SignedIn | None,
    entered: Entered,
    is_hinted_person: bool,
    now: datetime,
) -> Step:
    """`is_hinted_person` is False when an id_token_hint or a `sub` names somebody else."""
    request = pushed.request
    step = _decide_sign_in(pushed, signed_in, is_hinted_person, now)
    if step is None:
        step = _decide_sheet(request, entered)
    if Prompt.NONE not in request.prompts:
        return step
    if isinstance(step, SignIn):
        return Refuse(LoginRequired(Reason.PERSON_NOT_SIGNED_IN))
    if isinstance(step, AskPerson):
        return Refuse(ConsentRequired(Reason.SHEET_NEEDED))
    return step


def _decide_sign_in(
    pushed: PushedRequest, signed_in: SignedIn | None, is_hinted_person: bool, now: datetime
) -> Step | None:
    request = pushed.request
    asked = request.claims.acr_values or request.acr_values
    wanted = levels.list_known(asked)
    if request.claims.is_acr_essential and asked and not wanted:
        return Refuse(UnmetAuthentication(Reason.ACR_UNMET))
    weakest = min(wanted, key=levels.rank_of, default=Acr.VISITOR)
    if signed_in is None:
        return SignIn(weakest, is_again=False)
    if not is_hinted_person:
        return Refuse(LoginRequired(Reason.OTHER_PERSON))
    if _must_sign_in_again(pushed, signed_in, now):
        return SignIn(weakest, is_again=True)
    if levels.meets(signed_in.acr, wanted):
        return None
    if pushed.stepped_up_at is None:
        return SignIn(weakest, is_again=True)
    # Asked once and still too low: an essential level ends here, a wish gives way.
    if request.claims.is_acr_essential:
        return Refuse(UnmetAuthentication(Reason.ACR_UNMET))
    return None


def _must_sign_in_again(pushed: PushedRequest, signed_in: SignedIn, now: datetime) -> bool:
    opened_at = pushed.opened_at or pushed.pushed_at
    if signed_in.authenticated_at >= opened_at:
        return False
    if pushed.request.prompts & {Prompt.LOGIN, Prompt.SELECT_ACCOUNT}:
        return True
    max_age_s = pushed.request.max_age_s
    return max_age_s is not None and now - signed_in.authenticated_at > timedelta(seconds=max_age_s)


def _decide_sheet(request: AuthorizationRequest, entered: Entered) -> Step:
    if entered is Entered.JUST_NOW:
        return GoOn()
    # The consent sheet names the asker and can be refused; a second sheet before it says nothing new.
    if request.details and Prompt.NONE not in request.prompts:
        return GoOn()
    if Prompt.CONSENT in request.prompts or entered is Entered.NEVER:
        return AskPerson()
    return GoOn()
