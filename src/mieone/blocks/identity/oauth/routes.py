"""The standard's own paths, in the standard's own words: discovery, PAR, tokens, introspection."""

from collections.abc import Awaitable, Callable, Mapping

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency

from mieone.blocks.identity.oauth.actions import exchanging, inspecting, pushing
from mieone.core.database import Conn
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.problems import Refusal

from .actions.authentication import Knock
from .actions.context import Provider, current_nonce, provider_of, public_keys
from .callers import path_of
from .fetching import refresh_keys
from .problems import InvalidRequest, OAuthProblem, Reason, UseDpopNonce
from .rules import discovery, requests, tokens

AnyRequest = Request[object, object, State]
Act = Callable[[Conn, Provider, Knock], Awaitable[object | Refusal]]
FORM = "application/x-www-form-urlencoded"
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
MAX_BODY = 65_536


async def read_params(request: AnyRequest) -> dict[str, str]:
    body = await request.body()
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != FORM or len(body) > MAX_BODY:
        raise InvalidRequest(Reason.MALFORMED)
    return requests.read_form(body)


async def answer(
    request: AnyRequest, house: House, act: Act, status: int = 200
) -> Response[object]:
    """One form, one action, one JSON answer; refusals in OAuth's own form (RFC 6749, 5.2)."""
    provider = provider_of(house)
    try:
        knock = Knock(
            params=await read_params(request),
            dpop_headers=tuple(request.headers.getall("dpop", [])),
            path=path_of(request),
        )
        await refresh_keys(house, knock)
        value = await run(house.database, (), lambda conn: act(conn, provider, knock))
    except OAuthProblem as problem:
        return refuse(provider, problem)
    return Response(value, status_code=status, headers=NO_STORE)


def refuse(provider: Provider, problem: OAuthProblem) -> Response[object]:
    headers = dict(NO_STORE)
    if isinstance(problem, UseDpopNonce):
        headers["DPoP-Nonce"] = current_nonce(provider.keyring, provider.now)
    description = problem.reason.value
    if "parameter" in problem.detail:
        description += f": {problem.detail['parameter']}"
    body = {"error": problem.error, "error_description": description}
    return Response(body, status_code=problem.status, headers=headers)


def _describe(house: House) -> Response[Mapping[str, object]]:
    described = discovery.describe(house.settings.machines_origin)
    return Response(described, headers={"Cache-Control": "public, max-age=300"})


@get(
    "/.well-known/openid-configuration",
    summary="What this OpenID Provider supports",
    operation_id="getOpenidConfiguration",
    tags=["oauth"],
    sync_to_thread=False,
)
def get_openid_configuration(house: NamedDependency[House]) -> Response[Mapping[str, object]]:
    return _describe(house)


@get(
    "/.well-known/oauth-authorization-server",
    summary="The same under its OAuth name (RFC 8414)",
    operation_id="getAuthorizationServerMetadata",
    tags=["oauth"],
    sync_to_thread=False,
)
def get_server_metadata(house: NamedDependency[House]) -> Response[Mapping[str, object]]:
    return _describe(house)


@get(
    "/oauth/jwks",
    summary="Our public signing keys, retired ones included",
    operation_id="getJwks",
    tags=["oauth"],
    sync_to_thread=False,
)
def get_jwks(house: NamedDependency[House]) -> Response[Mapping[str, object]]:
    keys = {"keys": public_keys(house.keyring)}
    return Response(keys, headers={"Cache-Control": "public, max-age=300"})


async def _push(conn: Conn, provider: Provider, knock: Knock) -> object | Refusal:
    request_uri = await pushing.push_request(conn, provider, knock)
    if isinstance(request_uri, Refusal):
        return request_uri
    return {
        "request_uri": request_uri,
        "expires_in": int(tokens.PUSHED_LIFE.total_seconds()),
    }


@post(
    "/oauth/par",
    summary="Push an authorization request (RFC 9126)",
    operation_id="postPushedRequest",
    tags=["oauth"],
)
async def post_par(request: AnyRequest, house: NamedDependency[House]) -> Response[object]:
    return await answer(request, house, _push, status=201)


@post("/oauth/token", summary="Get tokens", operation_id="postToken", tags=["oauth"])
async def post_token(request: AnyRequest, house: NamedDependency[House]) -> Response[object]:
    return await answer(request, house, exchanging.exchange)


@post(
    "/oauth/introspect",
    summary="Ask what a token is worth (RFC 7662)",
    operation_id="postIntrospection",
    tags=["oauth"],
)
async def post_introspect(request: AnyRequest, house: NamedDependency[House]) -> Response[object]:
    return await answer(request, house, inspecting.introspect)


async def _revoke(conn: Conn, provider: Provider, knock: Knock) -> object | Refusal:
    refusal = await inspecting.revoke(conn, provider, knock)
    return refusal or {}


@post(
    "/oauth/revoke",
    summary="Give a token back (RFC 7009)",
    operation_id="postRevocation",
    tags=["oauth"],
)
async def post_revoke(request: AnyRequest, house: NamedDependency[House]) -> Response[object]:
    return await answer(request, house, _revoke)


ROUTES = (
    get_openid_configuration,
    get_server_metadata,
    get_jwks,
    post_par,
    post_token,
    post_introspect,
    post_revoke,
)
