"""A passkey in software, for walking the story without a phone (WebAuthn level 3, ES256, `none`)."""

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

_USER_PRESENT_AND_VERIFIED = 0x05
_ATTESTED = 0x40


def encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Authenticator:
    """Holds one discoverable credential, as a phone would."""

    def __init__(self, origin: str, rp_id: str) -> None:
        self._origin = origin
        self._rp_id = rp_id
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._credential_id = secrets.token_bytes(32)
        self._user_handle = b""
        self._count = 0

    def register(self, options: Mapping[str, object]) -> str:
        """The answer to `navigator.credentials.create`, as the page's script would post it."""
        public = _public(options)
        user = public["user"]
        assert isinstance(user, dict)
        self._user_handle = decode(str(user["id"]))
        client = self._client("webauthn.create", str(public["challenge"]))
        numbers = self._key.public_key().public_numbers()
        cose = cbor2.dumps(
            {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        )
        attested = bytes(16) + len(self._credential_id).to_bytes(2) + self._credential_id + cose
        auth_data = self._auth_data(_USER_PRESENT_AND_VERIFIED | _ATTESTED) + attested
        statement = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": auth_data})
        response = {
            "clientDataJSON": encode(client),
            "attestationObject": encode(statement),
            "transports": ["internal"],
        }
        return self._credential(response)

    def sign_in(self, options: Mapping[str, object]) -> str:
        """The answer to `navigator.credentials.get`."""
        public = _public(options)
        self._count += 1
        client = self._client("webauthn.get", str(public["challenge"]))
        auth_data = self._auth_data(_USER_PRESENT_AND_VERIFIED)
        signed = auth_data + hashlib.sha256(client).digest()
        response = {
            "clientDataJSON": encode(client),
            "authenticatorData": encode(auth_data),
            "signature": encode(self._key.sign(signed, ec.ECDSA(hashes.SHA256()))),
            "userHandle": encode(self._user_handle),
        }
        return self._credential(response)

    def _client(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self._origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _auth_data(self, flags: int) -> bytes:
        rp = hashlib.sha256(self._rp_id.encode()).digest()
        return rp + bytes([flags]) + self._count.to_bytes(4)

    def _credential(self, response: Mapping[str, object]) -> str:
        return json.dumps(
            {
                "id": encode(self._credential_id),
                "rawId": encode(self._credential_id),
                "type": "public-key",
                "authenticatorAttachment": "platform",
                "clientExtensionResults": {},
                "response": response,
            }
        )


def _public(options: Mapping[str, object]) -> Mapping[str, object]:
    inner = options.get("publicKey", options)
    assert isinstance(inner, Mapping)
    return inner
