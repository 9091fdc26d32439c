"""The front channel: a person, brought by a client, signs in, decides, and goes back with a code."""

import secrets
from collections.abc import Sequence
from typing import TypeAlias
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from mieone.blocks.identity.actions.persons import pairwise_id
from mieone.blocks.identity.oauth import store
from mieone.blocks.identity.oauth.model import (
    AuthorizationRequest,
    Client,
    Code,
    DatasetDetail,
    Grant,
    Prompt,
    PushedRequest,
    SignedIn,
)
from mieone.blocks.identity.oauth.problems import (
    AccessDenied,
    ConsentRequired,
    InvalidAuthorizationDetails,
    InvalidRequest,
    InvalidRequestUri,
    OAuthProblem,
    Reason,
)
from mieone.blocks.identity.oauth.rules import flow, hints, requests, tokens
from mieone.blocks.identity.staff.model import Organisation
from mieone.blocks.identity.staff.store import get_organisation
from mieone.core.database import Conn
from mieone.core.ids import uuid7
from mieone.core.ports import ConsentDetail, ConsentGate, ConsentRequested
from mieone.core.problems import Problem

from .authentication import get_active_client
from .context import Provider, public_keys


class GoTo(msgspec.Struct, frozen=True):
    """Send the browser there."""

    url: str


class AskSheet(msgspec.Struct, frozen=True):
    """Show the person who wants them to enter."""

    client: Client
    organisation: Organisation


Next: TypeAlias = GoTo | AskSheet


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One look of a browser at a waiting request."""

    reference: str
    signed_in: SignedIn | None
    consent_request: UUID | None = None
    """The id that came back from the consent sheet."""


async def open_request(conn: Conn, provider: Provider, client_id: str, request_uri: str) -> str:
    """At the issuer: may this request_uri be shown to a person? Returns its reference."""
    if not client_id or not request_uri:
        raise InvalidRequest(Reason.NOT_PUSHED)
    reference = request_uri.removeprefix(requests.REQUEST_URI_PREFIX)
    pushed = await _lock_request(conn, reference)
    flow.check_loadable(pushed, client_id, provider.now)
    await get_active_client(conn, client_id)
    await store.record_opening(conn, reference, provider.now, provider.now + flow.OPEN_FOR)
    return reference


async def find_redirect(
    conn: Conn, provider: Provider, gate: ConsentGate | None, visit: Visit
) -> Next:
    """What the person at this browser sees next. Raises InvalidRequestUri when it is over."""
    pushed = await _lock_request(conn, visit.reference)
    flow.check_open(pushed, None, provider.now)
    client = await get_active_client(conn, pushed.request.client_id)
    entered = await _decide_entered(conn, pushed, visit.signed_in)
    is_hinted = await _is_hinted_person(conn, provider, client, pushed.request, visit.signed_in)
    step = flow.decide_step(pushed, visit.signed_in, entered, is_hinted, provider.now)
    match step:
        case flow.SignIn():
            if step.is_again:
                await store.record_step_up(conn, visit.reference, provider.now)
            return GoTo(_sign_in_url(provider, visit.reference, step))
        case flow.AskPerson():
            return AskSheet(client, await get_organisation(conn, client.organisation_id))
        case flow.Refuse():
            return await _refuse(conn, provider, visit.reference, pushed.request, step.problem)
        case flow.GoOn():
            return await _go_on(conn, provider, gate, visit, pushed.request, client)


async def agree(conn: Conn, provider: Provider, reference: str, person_id: UUID) -> None:
    """The person pressed "enter" on our sheet."""
    flow.check_open(await _lock_request(conn, reference), None, provider.now)
    await store.record_agreement(conn, reference, person_id)


async def decline(conn: Conn, provider: Provider, reference: str) -> GoTo:
    """The person turned back; nothing is lost, and the client hears only that."""
    pushed = await _lock_request(conn, reference)
    flow.check_open(pushed, None, provider.now)
    problem = AccessDenied(Reason.PERSON_REFUSED)
    return await _refuse(conn, provider, reference, pushed.request, problem)


async def _lock_request(conn: Conn, reference: str) -> PushedRequest:
    pushed = await store.lock_pushed_request(conn, reference)
    if pushed is None:
        raise InvalidRequestUri(Reason.REQUEST_URI_UNKNOWN)
    return pushed


async def _decide_entered(
    conn: Conn, pushed: PushedRequest, signed_in: SignedIn | None
) -> flow.Entered:
    if signed_in is None:
        return flow.Entered.NEVER
    if pushed.agreed_by == signed_in.person_id:
        return flow.Entered.JUST_NOW
    request = pushed.request
    grant = await store.find_living_grant(conn, signed_in.person_id, request.client_id)
    is_covered = grant is not None and set(request.scopes) <= set(grant.scopes)
    return flow.Entered.BEFORE if is_covered else flow.Entered.NEVER


async def _is_hinted_person(
    conn: Conn,
    provider: Provider,
    client: Client,
    request: AuthorizationRequest,
    signed_in: SignedIn | None,
) -> bool:
    if signed_in is None or (request.id_token_hint is None and request.claims.sub is None):
        return True
    wanted = {request.claims.sub} - {None}
    if request.id_token_hint is not None:
        hint = hints.read_hint(
            request.id_token_hint, public_keys(provider.keyring), provider.issuer
        )
        wanted.add(hint.sub if hint is not None and hint.client_id == client.client_id else "")
    sub = await pairwise_id(conn, client.sector, signed_in.person_id)
    return wanted == {sub}


def _sign_in_url(provider: Provider, reference: str, step: flow.SignIn) -> str:
    query = {"return_to": f"/enter/{reference}", "acr": step.acr.value}
    if step.is_again:
        query["again"] = "1"
    return f"{provider.people_origin}/sign-in?{urlencode(query)}"


async def _go_on(
    conn: Conn,
    provider: Provider,
    gate: ConsentGate | None,
    visit: Visit,
    request: AuthorizationRequest,
    client: Client,
) -> GoTo:
    signed_in = visit.signed_in
    assert signed_in is not None, "decide_step lets nobody through unsigned"
    granted: tuple[DatasetDetail, ...] = ()
    if request.details:
        try:
            settled = await _ask_gate(conn, gate, visit, signed_in, request)
        except InvalidAuthorizationDetails as mistake:
            return await _refuse(conn, provider, visit.reference, request, mistake)
        if isinstance(settled, ConsentRequested):
            if Prompt.NONE in request.prompts:
                problem: OAuthProblem = ConsentRequired(Reason.SHEET_NEEDED)
                return await _refuse(conn, provider, visit.reference, request, problem)
            return GoTo(settled.url)
        granted = settled
        if not granted:
            problem = AccessDenied(Reason.PERSON_REFUSED)
            return await _refuse(conn, provider, visit.reference, request, problem)
    return await _let_in(conn, provider, visit.reference, request, client, signed_in, granted)


async def _ask_gate(
    conn: Conn,
    gate: ConsentGate | None,
    visit: Visit,
    signed_in: SignedIn,
    request: AuthorizationRequest,
) -> ConsentRequested | tuple[DatasetDetail, ...]:
    # Without anybody to ask for consent nothing personal is granted.
    if gate is None:
        return ()
    asked = [
        ConsentDetail(
            dataset=detail.name, items=detail.items, purpose=detail.purpose, until=detail.until
        )
        for detail in request.details
    ]
    try:
        async with conn.transaction():
            settled = await gate.request(
                conn,
                signed_in.person_id,
                request.client_id,
                asked,
                f"/enter/{visit.reference}",
                visit.consent_request,
            )
    except Problem as problem:
        # A purpose nobody registered is the client's mistake, and the client's to hear of.
        raise InvalidAuthorizationDetails(Reason.DETAIL_UNKNOWN) from problem
    if isinstance(settled, ConsentRequested):
        return settled
    return tuple(_granted(request.details, settled.granted))


def _granted(
    asked: Sequence[DatasetDetail], granted: Sequence[ConsentDetail]
) -> list[DatasetDetail]:
    """Only what was asked, cut to what was allowed."""
    kept = []
    for detail in asked:
        for grant in granted:
            if (grant.dataset, grant.purpose) != (detail.name, detail.purpose):
                continue
            items = grant.items
            if detail.items:
                items = tuple(item for item in detail.items if item in grant.items)
            kept.append(msgspec.structs.replace(detail, items=items, until=grant.until))
    return kept


async def _let_in(
    conn: Conn,
    provider: Provider,
    reference: str,
    request: AuthorizationRequest,
    client: Client,
    signed_in: SignedIn,
    granted: tuple[DatasetDetail, ...],
) -> GoTo:
    sub = await pairwise_id(conn, client.sector, signed_in.person_id)
    wish = Grant(
        grant_id=uuid7(),
        person_id=signed_in.person_id,
        client_id=client.client_id,
        epoch=1,
        scopes=request.scopes,
        details=granted,
    )
    grant = await store.record_grant(conn, wish, provider.now)
    new_sid = secrets.token_urlsafe(18)
    sid = await store.record_client_session(
        conn, new_sid, client.client_id, sub, signed_in.session_digest, provider.now
    )
    code = secrets.token_urlsafe(32)
    issued = _code(request, signed_in, grant, sub, sid, store.digest(code), provider)
    await store.record_code(conn, issued, provider.now)
    await store.record_use(conn, reference, provider.now)
    return GoTo(answer_url(provider, request, {"code": code}))


def _code(
    request: AuthorizationRequest,
    signed_in: SignedIn,
    grant: Grant,
    sub: str,
    sid: str,
    code_hash: bytes,
    provider: Provider,
) -> Code:
    return Code(
        code_hash=code_hash,
        client_id=grant.client_id,
        redirect_uri=request.redirect_uri,
        code_challenge=request.code_challenge,
        grant_id=grant.grant_id,
        grant_epoch=grant.epoch,
        expires_at=provider.now + tokens.CODE_LIFE,
        scopes=request.scopes,
        sub=sub,
        sid=sid,
        acr=signed_in.acr,
        authenticated_at=signed_in.authenticated_at,
        dpop_jkt=request.dpop_jkt,
        nonce=request.nonce,
        asks_auth_time=request.asks_auth_time,
        userinfo_claims=request.claims.userinfo,
        details=grant.details,
    )


async def _refuse(
    conn: Conn,
    provider: Provider,
    reference: str,
    request: AuthorizationRequest,
    problem: OAuthProblem,
) -> GoTo:
    await store.record_use(conn, reference, provider.now)
    answer = {"error": problem.error, "error_description": problem.reason.value}
    return GoTo(answer_url(provider, request, answer))


def answer_url(provider: Provider, request: AuthorizationRequest, answer: dict[str, str]) -> str:
    """Back to the client; `iss` goes with success and error alike (RFC 9207)."""
    if request.state is not None:
        answer = {**answer, "state": request.state}
    query = urlencode({**answer, "iss": provider.issuer})
    joiner = "&" if "?" in request.redirect_uri else "?"
    return f"{request.redirect_uri}{joiner}{query}"
