"""Usual things for the provider's tests: a program with its keys, a person, an app to knock at."""

import json
import secrets
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import httpx
from joserfc.jwk import ECKey, Key
from litestar import Litestar, Request, get
from litestar.di import NamedDependency, Provide
from litestar.middleware import DefineMiddleware
from litestar.openapi.config import OpenAPIConfig

from mieone.blocks.identity.oauth import pages, routes
from mieone.blocks.identity.oauth.actions import registering
from mieone.blocks.identity.oauth.actions.context import provider_of
from mieone.blocks.identity.oauth.callers import caller_of
from mieone.blocks.identity.oauth.model import Caller, Client
from mieone.blocks.identity.oauth.rules import jose
from mieone.blocks.identity.oauth.services import SERVICES
from mieone.blocks.identity.oauth.userinfo import USERINFO
from mieone.blocks.identity.staff.model import Organisation, OrganisationKind
from mieone.blocks.identity.staff.store import record_organisation
from mieone.core.entrance import EntranceMiddleware
from mieone.core.house import House
from mieone.core.model import Actor, ActorKind
from mieone.core.problems import Problem
from mieone.core.region import Region
from mieone.core.sessions import COOKIES, Acr, open_session
from mieone.core.settings import Entrance, Profile
from mieone.web import Assets, Catalogue, Site, Telephone, page_dependency, render_problem
from tests.conftest import BLOCKS, REGION

ISSUER = "https://localhost:8443"
PEOPLE = "http://localhost:8000"
CALLBACK = "https://nursery.example/callback"
GOODBYE = "https://nursery.example/goodbye"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def b64(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return jose.b64url(raw)


def signed(key: Key, header: Mapping[str, object], claims: object) -> str:
    """A compact object made by hand, so that a test may get everything wrong it wants."""
    signing_input = f"{b64(header)}.{b64(claims)}"
    algorithm = jose.registry().algorithms[str(header["alg"])]
    return f"{signing_input}.{b64(algorithm.sign(signing_input.encode(), key))}"


def ec_key() -> ECKey:
    return ECKey.generate_key("P-256")


def proof(
    key: Key,
    url: str,
    now: datetime,
    method: str = "POST",
    header: Mapping[str, object] | None = None,
    **changes: object,
) -> str:
    """A right proof; `changes` set claims, None takes one out."""
    claims: dict[str, object] = {
        "jti": secrets.token_urlsafe(12),
        "htm": method,
        "htu": url,
        "iat": int(now.timestamp()),
    }
    claims = {k: v for k, v in {**claims, **changes}.items() if v is not None}
    full: dict[str, object] = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False)}
    full = {k: v for k, v in {**full, **(header or {})}.items() if v is not None}
    return signed(key, full, claims)


def assertion(
    key: Key,
    client_id: str,
    now: datetime,
    header: Mapping[str, object] | None = None,
    **changes: object,
) -> str:
    claims: dict[str, object] = {
        "iss": client_id,
        "sub": client_id,
        "aud": ISSUER,
        "jti": secrets.token_urlsafe(12),
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(seconds=60)).timestamp()),
    }
    claims = {k: v for k, v in {**claims, **changes}.items() if v is not None}
    return signed(key, {"alg": "ES256", **(header or {})}, claims)


@get("/api/identity/v1/whoami", dependencies={"caller": Provide(caller_of)})
async def get_whoami(caller: NamedDependency[Caller]) -> dict[str, object]:
    """A resource like those of other blocks, for looking at what they would see."""
    return {"client": caller.client_id, "sub": caller.sub, "scopes": sorted(caller.scopes)}


@cache
def site_of(profile: Profile) -> Site:
    """Templates and catalogues are the same for every test; making them takes a quarter second."""
    return Site.build(
        catalogue=Catalogue.load(),
        assets=Assets(defaultdict(lambda: "/static/none")),
        profile=profile,
        telephone=Telephone(number="0598-00-0000"),
        template_folders=[BLOCKS / "identity" / "templates"],
        region_names=Region.load(REGION).names,
    )


def make_app(house: House) -> Litestar:
    site = site_of(house.settings.profile)

    def constant(value: object) -> Provide:
        return Provide(lambda: value, sync_to_thread=False, use_cache=True)

    def render(request: Request[Any, Any, Any], error: Exception) -> Any:
        return render_problem(site, request, error)

    return Litestar(
        route_handlers=[*routes.ROUTES, *pages.PAGES, *SERVICES, *USERINFO, get_whoami],
        dependencies={
            "house": constant(house),
            "database": constant(house.database),
            "clock": constant(house.clock),
            "page": page_dependency(site),
        },
        middleware=[DefineMiddleware(EntranceMiddleware, house=house)],
        exception_handlers={Problem: render},
        openapi_config=OpenAPIConfig(title="mieone", version="1", path="/api"),
        logging_config=None,
    )


@asynccontextmanager
async def browser(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as client:
        yield client


async def stored_client(house: House, **changes: Any) -> tuple[Client, ECKey]:
    key = ec_key()
    public = {name: str(value) for name, value in key.as_dict(private=False).items()}
    wish: dict[str, Any] = {
        "client_id": "nursery",
        "organisation_id": "vison",
        "name": "見本保育園",
        "redirect_uris": (CALLBACK,),
        "post_logout_redirect_uris": (GOODBYE,),
        "scopes": ("openid", "offline_access", "profile", "address", "email", "phone", "service"),
        "datasets": ("household@1",),
        "keys": ({**public, "kid": "k1"},),
    }
    new = registering.NewClient(**{**wish, **changes})
    async with house.database.transaction() as conn:
        organisation = Organisation(
            organisation_id=new.organisation_id, kind=OrganisationKind.COMPANY, name="見本の会社"
        )
        await record_organisation(conn, organisation, house.clock.now())
        client = await registering.register_client(conn, provider_of(house), new)
    return client, key


async def stored_person(house: House) -> UUID:
    person_id = UUID(bytes=secrets.token_bytes(16), version=4)
    async with house.database.transaction() as conn:
        await conn.execute(
            "INSERT INTO identity.person (person_id, state, user_handle, created_at) "
            "VALUES ($1, 'active', $2, $3)",
            person_id,
            secrets.token_bytes(64),
            house.clock.now(),
        )
    return person_id


async def sign_in(house: House, http: httpx.AsyncClient, person_id: UUID, acr: Acr) -> None:
    actor = Actor(kind=ActorKind.PERSON, id=str(person_id))
    async with house.database.transaction() as conn:
        token = await open_session(conn, Entrance.PEOPLE, actor, acr, house.clock.now())
    http.cookies.set(COOKIES[Entrance.PEOPLE], token)


class Program:
    """A relying party of our own, with every step open to a test's changes."""

    def __init__(self, house: House, http: httpx.AsyncClient, client: Client, key: ECKey) -> None:
        self.house, self.http, self.client, self.key = house, http, client, key
        self.dpop_key = ec_key()

    @property
    def now(self) -> datetime:
        return self.house.clock.now()

    def assertion(self, header: Mapping[str, object] | None = None, **changes: object) -> str:
        return assertion(self.key, self.client.client_id, self.now, header, **changes)

    def proof(self, path: str, **changes: Any) -> str:
        return proof(self.dpop_key, ISSUER + path, self.now, **changes)

    async def post(
        self,
        path: str,
        form: Mapping[str, str | None],
        proofs: list[str] | None = None,
        assertion: str | None = None,
    ) -> httpx.Response:
        known: dict[str, str | None] = {
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion or self.assertion(),
        }
        body = {k: v for k, v in {**known, **form}.items() if v is not None}
        shown = [self.proof(path)] if proofs is None else proofs
        headers = [("DPoP", one) for one in shown]
        return await self.http.post(path, data=body, headers=headers)

    def request(self, **changes: str | None) -> dict[str, str | None]:
        known: dict[str, str | None] = {
            "response_type": "code",
            "redirect_uri": CALLBACK,
            "scope": "openid",
            "state": "a-state",
            "nonce": "a-nonce",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        return {**known, **changes}

    async def push(self, **changes: Any) -> httpx.Response:
        proofs = changes.pop("proofs", [])
        shown = changes.pop("assertion", None)
        return await self.post("/oauth/par", self.request(**changes), proofs, shown)

    async def pushed(self, **changes: Any) -> str:
        response = await self.push(**changes)
        assert response.status_code == 201, response.text
        request_uri: str = response.json()["request_uri"]
        return request_uri

    async def open(self, request_uri: str, client_id: str | None = None) -> httpx.Response:
        params = {"client_id": client_id or self.client.client_id, "request_uri": request_uri}
        return await self.http.get("/oauth/authorize", params=params)

    async def walk(self, request_uri: str) -> httpx.Response:
        """From the issuer to our own sheet or to the client, pressing "enter" when asked."""
        response = await self.open(request_uri)
        assert response.status_code == 303, response.text
        path = urlsplit(response.headers["location"]).path
        response = await self.http.get(path)
        if response.status_code == 200:
            response = await self.http.post(path, data={"answer": "enter"})
        return response

    async def answer(self, request_uri: str) -> dict[str, str]:
        response = await self.walk(request_uri)
        assert response.status_code == 303, response.text
        return dict(parse_qsl(urlsplit(response.headers["location"]).query))

    async def code(self, **changes: Any) -> str:
        return (await self.answer(await self.pushed(**changes)))["code"]

    async def redeem(self, code: str, /, **changes: Any) -> httpx.Response:
        proofs = changes.pop("proofs", None)
        shown = changes.pop("assertion", None)
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }
        return await self.post("/oauth/token", {**form, **changes}, proofs, shown)

    async def tokens(self, **changes: Any) -> dict[str, Any]:
        response = await self.redeem(await self.code(**changes))
        assert response.status_code == 200, response.text
        issued: dict[str, Any] = response.json()
        return issued

    async def call(
        self,
        access_token: str,
        path: str = "/api/identity/v1/whoami",
        scheme: str = "DPoP",
        proofs: list[str] | None = None,
        **changes: Any,
    ) -> httpx.Response:
        if proofs is None:
            ath = changes.pop("ath", jose.s256(access_token))
            proofs = [self.proof(path, method="GET", ath=ath, **changes)]
        headers = [("Authorization", f"{scheme} {access_token}")]
        return await self.http.get(path, headers=headers + [("DPoP", one) for one in proofs])
