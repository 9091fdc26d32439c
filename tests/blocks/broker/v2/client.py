"""A client of NGSI v2 as small as can be, and what its tests say again and again."""

from typing import Any

import httpx

JSON = dict[str, Any]


class V2:
    def __init__(self, http: httpx.AsyncClient, tenant: str) -> None:
        self.http = http
        self.tenant = tenant

    async def ask(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> httpx.Response:
        """`headers` by name with underscores; a str or bytes goes out as text/plain."""
        sent = {"Fiware-Service": self.tenant}
        sent |= {name.replace("_", "-"): text for name, text in headers.items()}
        if isinstance(body, str | bytes):
            sent.setdefault("Content-Type", "text/plain")
            return await self.http.request(method, path, content=body, headers=sent)
        return await self.http.request(method, path, json=body, headers=sent)

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.ask("GET", path, **headers)

    async def post(self, path: str, body: object = None, **headers: str) -> httpx.Response:
        return await self.ask("POST", path, body, **headers)

    async def patch(self, path: str, body: object = None, **headers: str) -> httpx.Response:
        return await self.ask("PATCH", path, body, **headers)

    async def put(self, path: str, body: object = None, **headers: str) -> httpx.Response:
        return await self.ask("PUT", path, body, **headers)

    async def delete(self, path: str, **headers: str) -> httpx.Response:
        return await self.ask("DELETE", path, **headers)

    async def create(self, entity: JSON, **headers: str) -> None:
        answer = await self.post("/v2/entities", entity, **headers)
        assert answer.status_code == 201, answer.text

    async def create_all(self, *entities: JSON, **headers: str) -> None:
        """One after the other: their order of creation is theirs here."""
        for entity in entities:
            await self.create(entity, **headers)

    async def ids(self, path: str, **headers: str) -> list[str]:
        answer = await self.get(path, **headers)
        assert answer.status_code == 200, answer.text
        return [entity["id"] for entity in answer.json()]

    async def attribute(self, entity: str, name: str, **headers: str) -> JSON:
        answer = await self.get(f"/v2/entities/{entity}/attrs/{name}", **headers)
        assert answer.status_code == 200, answer.text
        found: JSON = answer.json()
        return found

    async def ld(self, method: str, path: str, body: object = None) -> httpx.Response:
        """The same store through NGSI-LD."""
        return await self.http.request(
            method, f"/ngsi-ld/v1{path}", json=body, headers={"NGSILD-Tenant": self.tenant}
        )


def says(answer: httpx.Response, status: int, error: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.json()["error"] == error
    assert answer.json()["description"]
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["fiware-correlator"]
