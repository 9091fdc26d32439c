"""Usual things for the desk's tests: an app, a browser, an authenticator made of a key."""

import base64
import hashlib
import json
import re
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import cbor2
import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from litestar import Litestar, Request, get
from litestar.di import Provide
from litestar.middleware import DefineMiddleware

from mieone.blocks.identity.staff import pages
from mieone.core.entrance import EntranceMiddleware
from mieone.core.house import House
from mieone.core.problems import Problem
from mieone.web import page_dependency, render_problem
from tests.blocks.identity.oauth.given import site_of

ORIGIN = "http://localhost:8000"


@get("/desk/who")
async def get_who(request: Request[Any, Any, Any]) -> dict[str, object]:
    actor = request.scope["state"]["actor"]
    if actor is None:
        return {}
    return {"id": actor.id, "kind": actor.kind.value, "towns": sorted(actor.towns)}


@asynccontextmanager
async def browser(house: House) -> AsyncIterator[httpx.AsyncClient]:
    site = site_of(house.settings.profile)

    def constant(value: object) -> Provide:
        return Provide(lambda: value, sync_to_thread=False, use_cache=True)

    def render(request: Request[Any, Any, Any], error: Exception) -> Any:
        return render_problem(site, request, error)

    app = Litestar(
        route_handlers=[*pages.PAGES, get_who],
        dependencies={"house": constant(house), "page": page_dependency(site)},
        middleware=[DefineMiddleware(EntranceMiddleware, house=house)],
        exception_handlers={Problem: render},
        openapi_config=None,
        logging_config=None,
    )
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        yield client


def b64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


class Authenticator:
    """A passkey in software, honest unless a test says otherwise."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = hashlib.sha256(b64(self._point()).encode()).digest()
        self.count = 0

    def _point(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        return numbers.x.to_bytes(32) + numbers.y.to_bytes(32)

    def _cose(self) -> bytes:
        point = self._point()
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: point[:32], -3: point[32:]})

    def _data(self, flags: int, rp_id: str, rest: bytes = b"") -> bytes:
        self.count += 1
        return (
            hashlib.sha256(rp_id.encode()).digest() + struct.pack(">BI", flags, self.count) + rest
        )

    def _client(self, kind: str, challenge: str, origin: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": origin}).encode()

    def register(self, options: dict[str, Any], origin: str = ORIGIN, flags: int = 0x45) -> str:
        client = self._client("webauthn.create", options["challenge"], origin)
        attested = bytes(16) + struct.pack(">H", 32) + self.credential_id + self._cose()
        data = self._data(flags, options["rp"]["id"], attested)
        statement = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._shown(clientDataJSON=client, attestationObject=statement)

    def sign_in(self, options: dict[str, Any], origin: str = ORIGIN, flags: int = 0x05) -> str:
        client = self._client("webauthn.get", options["challenge"], origin)
        data = self._data(flags, options["rpId"])
        message = data + hashlib.sha256(client).digest()
        signature = self.key.sign(message, ec.ECDSA(hashes.SHA256()))
        return self._shown(clientDataJSON=client, authenticatorData=data, signature=signature)

    def _shown(self, **response: bytes) -> str:
        name = b64(self.credential_id)
        shown = {part: b64(octets) for part, octets in response.items()}
        return json.dumps(
            {"id": name, "rawId": name, "type": "public-key", "response": shown}
            | {"clientExtensionResults": {}}
        )


def options_of(page: httpx.Response) -> dict[str, Any]:
    found = re.search(r'id="passkey-options"[^>]*>(.*?)</script>', page.text, re.DOTALL)
    assert found, page.text
    options: dict[str, Any] = json.loads(found[1])
    return options


def ceremony_of(page: httpx.Response) -> str:
    found = re.search(r'name="ceremony" value="([^"]+)"', page.text)
    assert found
    return found[1]
