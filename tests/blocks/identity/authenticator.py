"""A software authenticator for tests: what a phone does, and what a bent phone would do."""

import hashlib
import json
import secrets
import struct
from base64 import urlsafe_b64encode

import cbor2
import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from mieone.blocks.identity.actions.passkeys import ShownCredential
from mieone.blocks.identity.rules.passkeys import from_base64url

PRESENT, VERIFIED, BACKUP_ELIGIBLE, BACKED_UP, ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40


def b64(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


class Phone:
    """Holds one passkey; every flaw is asked for by name."""

    def __init__(self, *, is_synced: bool = False) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = secrets.token_bytes(32)
        self.handle = b""
        self.counter = 0
        self.is_synced = is_synced

    def create(
        self, options: str, origin: str, *, verified: bool = True, rp_id: str | None = None
    ) -> ShownCredential:
        asked = json.loads(options)
        self.handle = from_base64url(asked["user"]["id"])
        client = self._client("webauthn.create", asked["challenge"], origin)
        public = self.key.public_key().public_numbers()
        cose = {
            1: 2,
            3: -7,
            -1: 1,
            -2: public.x.to_bytes(32, "big"),
            -3: public.y.to_bytes(32, "big"),
        }
        attested = (
            bytes(16)
            + struct.pack(">H", len(self.credential_id))
            + self.credential_id
            + cbor2.dumps(cose)
        )
        authenticator = self._authenticator(rp_id or asked["rp"]["id"], verified, attested)
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": authenticator})
        return self._shown({"clientDataJSON": b64(client), "attestationObject": b64(attestation)})

    def get(
        self,
        options: str,
        origin: str,
        *,
        verified: bool = True,
        counter: int | None = None,
        handle: bytes | None = None,
        rp_id: str | None = None,
    ) -> ShownCredential:
        asked = json.loads(options)
        if not self.is_synced:
            self.counter = self.counter + 1 if counter is None else counter
        client = self._client("webauthn.get", asked["challenge"], origin)
        authenticator = self._authenticator(rp_id or asked["rpId"], verified, b"")
        signed = authenticator + hashlib.sha256(client).digest()
        signature = self.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        return self._shown(
            {
                "clientDataJSON": b64(client),
                "authenticatorData": b64(authenticator),
                "signature": b64(signature),
                "userHandle": b64(self.handle if handle is None else handle),
            }
        )

    def _client(self, kind: str, challenge: str, origin: str) -> bytes:
        return json.dumps(
            {"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False}
        ).encode()

    def _authenticator(self, rp_id: str, verified: bool, attested: bytes) -> bytes:
        flags = PRESENT | (VERIFIED if verified else 0) | (ATTESTED if attested else 0)
        flags |= BACKUP_ELIGIBLE | BACKED_UP if self.is_synced else 0
        counter = struct.pack(">I", self.counter)
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + counter + attested

    def _shown(self, response: dict[str, str]) -> ShownCredential:
        return ShownCredential(
            id=b64(self.credential_id),
            raw_id=b64(self.credential_id),
            type="public-key",
            response={
                name: msgspec.Raw(msgspec.json.encode(value)) for name, value in response.items()
            },
        )
