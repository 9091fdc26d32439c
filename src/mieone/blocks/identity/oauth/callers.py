"""For the machine entrances of every block: who calls, checked anew with each request."""

from datetime import timedelta

from litestar import Request
from litestar.datastructures import State

from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.sessions import Acr

from .actions.context import current_nonce, provider_of
from .actions.inspecting import Presented, find_caller
from .model import Caller
from .problems import (
    CallerLacksScope,
    CallerMustStepUp,
    CallerNonceNeeded,
    CallerRefused,
    Reason,
)
from .rules import challenges, levels

AnyRequest = Request[object, object, State]


async def caller_of(request: AnyRequest, house: House) -> Caller:
    """A dependency: `dependencies={"caller": Provide(caller_of)}`.

    Raises CallerRefused, whose `headers` carry the challenge.
    """
    provider = provider_of(house)
    presented = Presented(
        authorization=request.headers.getall("authorization", []),
        dpop_headers=request.headers.getall("dpop", []),
        method=request.method,
        path=path_of(request),
    )
    try:
        return await run(house.database, (), lambda conn: find_caller(conn, provider, presented))
    except CallerRefused as problem:
        problem.headers = {"WWW-Authenticate": challenges.challenge_for(problem)}
        if isinstance(problem, CallerNonceNeeded):
            problem.headers["DPoP-Nonce"] = current_nonce(provider.keyring, provider.now)
        raise


def path_of(request: AnyRequest) -> str:
    """As it came over the wire: a proof speaks of the encoded path."""
    raw = request.scope.get("raw_path") or request.scope["path"].encode()
    return raw.partition(b"?")[0].decode("latin-1")


def check_scope(caller: Caller, scope: str) -> None:
    if scope not in caller.scopes:
        raise with_challenge(CallerLacksScope(Reason.SCOPE, scope=scope))


def check_step_up(caller: Caller, wanted: Acr, max_age: timedelta | None, house: House) -> None:
    """RFC 9470: the token's person must have shown themselves so well, and not too long ago."""
    is_fresh = max_age is None or (
        caller.authenticated_at is not None
        and house.clock.now() - caller.authenticated_at <= max_age
    )
    if caller.acr is None or not levels.meets(caller.acr, [wanted]) or not is_fresh:
        max_age_s = None if max_age is None else int(max_age.total_seconds())
        raise with_challenge(CallerMustStepUp(levels.urn_of(wanted), max_age_s))


def with_challenge(problem: CallerRefused) -> CallerRefused:
    problem.headers = {"WWW-Authenticate": challenges.challenge_for(problem)}
    return problem
