"""A nursery that books a place with what a resident agrees to show: an outside program, public API only.

    python samples/nursery/app.py --credentials nursery.json [--port 8100]

It knows nothing of mieone but the issuer's address, its own client_id and its own key. The protocol is
OpenID Connect with FAPI 2.0: pushed request, PKCE, private_key_jwt, DPoP. All it ever learns about a
visitor is a `sub` of its own and the items the visitor agreed to.
"""

import argparse
import html
import json
import secrets
import ssl
import threading
import time
from base64 import urlsafe_b64encode
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey

ITEMS = ["name", "kana", "relationship", "birth_on", "address"]
PURPOSE = "nursery-booking"


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


class Door:
    """The public API as this nursery sees it."""

    def __init__(self, credentials: dict, redirect_uri: str) -> None:
        self.client_id = credentials["client_id"]
        self.issuer = credentials["issuer"]
        self.redirect_uri = redirect_uri
        self.key = ECKey.import_key(credentials["private_jwk"])
        self.dpop_key = ECKey.generate_key("P-256")
        self.http = httpx.Client(
            verify=ssl.create_default_context(cafile=credentials["ca_file"]),
            timeout=10,
            follow_redirects=False,
        )
        self.meta = self.http.get(f"{self.issuer}/.well-known/openid-configuration").json()

    def assertion(self) -> str:
        now = int(time.time())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.issuer,
            "jti": str(uuid4()),
            "iat": now,
            "exp": now + 60,
        }
        kid = self.key.as_dict().get("kid")
        return jwt.encode({"alg": "ES256", "kid": kid}, claims, self.key, algorithms=["ES256"])

    def proof(self, method: str, url: str, access_token: str | None = None) -> str:
        claims = {"jti": str(uuid4()), "htm": method, "htu": url, "iat": int(time.time())}
        if access_token is not None:
            claims["ath"] = b64(sha256(access_token.encode()).digest())
        header = {
            "typ": "dpop+jwt",
            "alg": "ES256",
            "jwk": self.dpop_key.as_dict(private=False),
        }
        return jwt.encode(header, claims, self.dpop_key, algorithms=["ES256"])

    def post(self, url: str, form: dict[str, str]) -> dict:
        form = {
            **form,
            "client_id": self.client_id,
            "client_assertion": self.assertion(),
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        }
        answer = self.http.post(url, data=form, headers={"DPoP": self.proof("POST", url)})
        if answer.status_code >= 400:
            raise RuntimeError(f"{url}: {answer.status_code} {answer.text}")
        return answer.json()

    def begin(self, until: str) -> tuple[str, dict]:
        """Where to send the visitor, and what must be remembered until they come back."""
        verifier = secrets.token_urlsafe(48)
        state = secrets.token_urlsafe(16)
        detail = {
            "type": "mieone_dataset",
            "dataset": "household",
            "version": 1,
            "items": ITEMS,
            "purpose": PURPOSE,
            "until": until,
        }
        pushed = self.post(
            self.meta["pushed_authorization_request_endpoint"],
            {
                "response_type": "code",
                "redirect_uri": self.redirect_uri,
                "scope": "openid offline_access",
                "state": state,
                "nonce": secrets.token_urlsafe(16),
                "code_challenge": b64(sha256(verifier.encode()).digest()),
                "code_challenge_method": "S256",
                "authorization_details": json.dumps([detail]),
            },
        )
        query = urlencode({"client_id": self.client_id, "request_uri": pushed["request_uri"]})
        return f"{self.meta['authorization_endpoint']}?{query}", {"state": state, "v": verifier}

    def finish(self, code: str, verifier: str) -> dict:
        return self.post(
            self.meta["token_endpoint"],
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self.redirect_uri,
                "code_verifier": verifier,
            },
        )

    def renew(self, refresh_token: str) -> dict:
        return self.post(
            self.meta["token_endpoint"],
            {"grant_type": "refresh_token", "refresh_token": refresh_token},
        )

    def ask(self, access_token: str) -> tuple[int, str, dict]:
        """One disclosure through the door: the status, our own request id, the answer."""
        request_id = str(uuid4())
        url = f"{self.issuer}/api/exchange/v1/disclosures"
        answer = self.http.post(
            url,
            json={"dataset": "household@1", "items": ITEMS, "purpose": PURPOSE},
            headers={
                "Authorization": f"DPoP {access_token}",
                "DPoP": self.proof("POST", url, access_token),
                "Request-Id": request_id,
            },
        )
        return answer.status_code, request_id, answer.json()


class Nursery:
    """Bookings in memory: a sample keeps nothing when it stops."""

    def __init__(self, door: Door, until: str, record: Path | None) -> None:
        self.door = door
        self.record = record
        self.until = until
        self.waiting: dict[str, dict] = {}
        self.bookings: dict[str, dict] = {}
        self.log: list[dict] = []
        self.lock = threading.Lock()

    def start(self) -> str:
        url, memory = self.door.begin(self.until)
        with self.lock:
            self.waiting[memory["state"]] = memory
        return url

    def come_back(self, query: dict[str, list[str]]) -> str | None:
        """The id of a booking, or None when the visitor did not agree."""
        with self.lock:
            memory = self.waiting.pop(query.get("state", [""])[0], None)
        if memory is None or "code" not in query:
            return None
        tokens = self.door.finish(query["code"][0], memory["v"])
        booking = str(uuid4())
        with self.lock:
            self.bookings[booking] = {"tokens": tokens, "status": 0, "answer": {}}
        self.ask(booking)
        return booking

    def ask(self, booking: str) -> dict:
        """Ask the door now; the answer may be a refusal, and then we hold nothing."""
        entry = self.bookings[booking]
        status, request_id, answer = self.door.ask(entry["tokens"]["access_token"])
        if status == 401 and "refresh_token" in entry["tokens"]:
            # The access token lives five minutes; a refused renewal leaves the refusal as it stands.
            try:
                entry["tokens"].update(self.door.renew(entry["tokens"]["refresh_token"]))
            except RuntimeError:
                status = 403
            else:
                status, request_id, answer = self.door.ask(entry["tokens"]["access_token"])
        entry.update(status=status, answer=answer if status == 200 else {})
        self.note(status, request_id, len(entry["answer"].get("records", [])))
        return entry

    def note(self, status: int, request_id: str, people: int) -> None:
        """Our own record of what we received: how many people, not who."""
        line = {"at": time.time(), "status": status, "request_id": request_id, "people": people}
        with self.lock:
            self.log.append(line)
            if self.record is not None:
                with self.record.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")


PAGE = (Path(__file__).parent / "page.html").read_text("utf-8")


def page(body: str) -> bytes:
    return PAGE.replace("{{body}}", body).encode()


def booking_page(booking: str, entry: dict) -> bytes:
    if entry["status"] != 200:
        body = (
            '<p class="stop">見せてもらえませんでした。予約はまだできていません。</p>'
            '<p>同意をやめたときは、こちらには何も届きません。</p><p><a href="/">はじめにもどる</a></p>'
        )
        return page(body)
    rows = "".join(
        "<tr>"
        + "".join(f"<td>{html.escape(str(row['items'].get(item, '')))}</td>" for item in ITEMS)
        for row in entry["answer"].get("records", [])
    )
    body = (
        '<p class="done">予約を受け付けました。</p><h2>見せてもらった情報</h2>'
        "<table><thead><tr><th>名前</th><th>よみ</th><th>続柄</th><th>生年月日</th><th>住所</th></tr>"
        f"</thead><tbody>{rows}</tbody></table>"
        f'<form method="post" action="/booking/{booking}/again"><button>もう一度たしかめる</button></form>'
    )
    return page(body)


WELCOME = (
    "<p>お子さんの一時あずかりを予約できます。</p>"
    "<p>家族の名前・続柄・生年月日・住所を、町の記録から見せてもらいます。ほかの情報は見ません。</p>"
    '<form method="post" action="/start"><button>Mie-IDで予約する</button></form>'
)


class Handler(BaseHTTPRequestHandler):
    nursery: Nursery

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/":
            self.answer(200, page(WELCOME))
        elif url.path == "/callback":
            self.callback(parse_qs(url.query))
        elif url.path == "/log.json":
            self.answer(200, json.dumps(self.nursery.log).encode(), "application/json")
        elif url.path.startswith("/booking/") and url.path.endswith(".json"):
            entry = self.nursery.bookings.get(url.path[9:-5])
            shown = {"status": entry["status"], "answer": entry["answer"]} if entry else {}
            self.answer(200 if entry else 404, json.dumps(shown).encode(), "application/json")
        elif url.path.startswith("/booking/") and url.path[9:] in self.nursery.bookings:
            booking = url.path[9:]
            self.answer(200, booking_page(booking, self.nursery.bookings[booking]))
        else:
            self.answer(404, page("<p>ページがありません。</p>"))

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = self.path.strip("/").split("/")
        if parts == ["start"]:
            self.send(303, self.nursery.start())
        elif len(parts) == 3 and parts[0] == "booking" and parts[1] in self.nursery.bookings:
            self.nursery.ask(parts[1])
            self.send(303, f"/booking/{parts[1]}")
        else:
            self.answer(404, page("<p>ページがありません。</p>"))

    def callback(self, query: dict[str, list[str]]) -> None:
        booking = self.nursery.come_back(query)
        if booking is None:
            self.answer(200, page('<p class="stop">予約をやめました。何も見ていません。</p>'))
        else:
            self.send(303, f"/booking/{booking}")

    def send(self, status: int, location: str) -> None:
        self.send_response(status)
        self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def answer(self, status: int, body: bytes, kind: str = "text/html; charset=utf-8") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a visitor's codes stand in these lines."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--credentials", type=Path, required=True)
    parser.add_argument("--port", type=int, default=8100)
    parser.add_argument("--until", default="2027-03-31")
    parser.add_argument("--record", type=Path, help="a file for our own count of answers")
    arguments = parser.parse_args()
    credentials = json.loads(arguments.credentials.read_text("utf-8"))
    door = Door(credentials, f"http://localhost:{arguments.port}/callback")
    Handler.nursery = Nursery(door, arguments.until, arguments.record)
    print(f"nursery: http://localhost:{arguments.port}", flush=True)
    ThreadingHTTPServer(("127.0.0.1", arguments.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
