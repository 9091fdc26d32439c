"""Keys outside the database: derivation, sealing of values, blind search tokens, signatures.

A sealed value is `version 01 ‖ key number (1 byte) ‖ nonce (12) ‖ AES-256-GCM ciphertext`; the number
says under which master key it was made, so that a rotation needs no rewrite on the same day.
"""

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

_VERSION = 1


class Undecipherable(Exception):
    """The key is gone, or the value was changed, or it belongs to another context."""


def encrypt(key: bytes, plaintext: bytes, aad: bytes, number: int = 0) -> bytes:
    nonce = secrets.token_bytes(12)
    return bytes([_VERSION, number]) + nonce + AESGCM(key).encrypt(nonce, plaintext, aad)


def decrypt(key: bytes, sealed: bytes, aad: bytes) -> bytes:
    """Raises Undecipherable."""
    try:
        return AESGCM(key).decrypt(sealed[2:14], sealed[14:], aad)
    except Exception as error:
        raise Undecipherable from error


class KeyRing:
    """The master keys of one installation, in `$MIEONE_HOME/keys`, never in the database."""

    def __init__(self, folder: Path, masters: Mapping[int, bytes], current: int) -> None:
        self._folder = folder
        self._masters = MappingProxyType(dict(masters))
        self._current = current
        self._derived: dict[tuple[int, str], bytes] = {}
        self._search_keys: dict[tuple[str, str], bytes] = {}
        self._signers: dict[str, ed25519.Ed25519PrivateKey] = {}

    @classmethod
    def open(cls, home: Path) -> "KeyRing":
        """Make the first master key when there is none; safe when two processes start at once."""
        folder = home / "keys"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_once(folder / "master-1.key", secrets.token_bytes(32))
        masters = {
            int(path.stem.removeprefix("master-")): path.read_bytes()
            for path in folder.glob("master-*.key")
        }
        return cls(folder, masters, max(masters))

    def rotate(self) -> int:
        """Add a master key; new values are sealed under it, old ones stay readable."""
        number = self._current + 1
        _write_once(self._folder / f"master-{number}.key", secrets.token_bytes(32))
        masters = {**self._masters, number: (self._folder / f"master-{number}.key").read_bytes()}
        self._masters = MappingProxyType(masters)
        self._current = number
        return number

    @property
    def current(self) -> int:
        return self._current

    def derive(self, purpose: str, *context: str, number: int | None = None) -> bytes:
        """32 bytes for one purpose and context; the same every time, different for every other."""
        chosen = self._current if number is None else number
        if chosen not in self._masters:
            raise Undecipherable
        info = json.dumps([purpose, *context], ensure_ascii=False)
        found = self._derived.get((chosen, info))
        if found is None:
            found = HKDFExpand(hashes.SHA256(), 32, info.encode()).derive(self._masters[chosen])
            # Per-person contexts would fill memory; only the few fixed ones are worth keeping.
            if len(self._derived) < 256:
                self._derived[(chosen, info)] = found
        return found

    def seal(self, plaintext: bytes, purpose: str, *context: str) -> bytes:
        """Seal under the key of this purpose and context; both are bound to the value."""
        key = self.derive(purpose, *context)
        return encrypt(key, plaintext, _aad(purpose, context), self._current)

    def open_sealed(self, sealed: bytes, purpose: str, *context: str) -> bytes:
        """Raises Undecipherable."""
        key = self.derive(purpose, *context, number=sealed[1])
        return decrypt(key, sealed, _aad(purpose, context))

    def mac(self, purpose: str, message: bytes) -> bytes:
        """33 bytes: the key's number and HMAC-SHA-256."""
        key = self.derive("mac", purpose)
        return bytes([self._current]) + hmac.digest(key, message, "sha256")

    def mac_is_right(self, purpose: str, message: bytes, mac: bytes) -> bool:
        if len(mac) != 33 or mac[0] not in self._masters:
            return False
        key = self.derive("mac", purpose, number=mac[0])
        return hmac.compare_digest(mac[1:], hmac.digest(key, message, "sha256"))

    def search_token(self, town: str, field: str, value: str) -> bytes:
        """A blind index term: equal values of one town and field meet, nothing else does."""
        key = self._search_keys.get((town, field))
        if key is None:
            # Always the first master key: a rotation must not make the register unsearchable.
            key = self.derive("search", town, field, number=min(self._masters))
            # One a town and field: few, and asked for by the million in an import.
            self._search_keys[(town, field)] = key
        return hmac.digest(key, value.encode(), "sha256")

    def ed25519(self, name: str) -> tuple[str, ed25519.Ed25519PrivateKey]:
        """The signing key of that name and its key id (first 16 hex of the public key's SHA-256)."""
        if name not in self._signers:
            path = self._folder / f"{name}.ed25519.pem"
            _write_once(path, _pem(ed25519.Ed25519PrivateKey.generate()))
            key = serialization.load_pem_private_key(path.read_bytes(), None)
            if not isinstance(key, ed25519.Ed25519PrivateKey):
                raise ValueError(f"{path} holds another kind of key")
            self._signers[name] = key
        signer = self._signers[name]
        public = signer.public_key().public_bytes_raw()
        return hashlib.sha256(public).hexdigest()[:16], signer

    def es256(self, name: str) -> list[tuple[str, ec.EllipticCurvePrivateKey]]:
        """All P-256 keys of that name, newest first; the first one signs, all of them verify."""
        _write_once(
            self._folder / f"{name}-1.es256.pem", _pem(ec.generate_private_key(ec.SECP256R1()))
        )
        paths = sorted(self._folder.glob(f"{name}-*.es256.pem"), key=_file_number, reverse=True)
        return [(path.name.removesuffix(".es256.pem"), _load_ec(path)) for path in paths]

    def rotate_es256(self, name: str) -> str:
        number = _file_number(Path(f"{self.es256(name)[0][0]}.es256.pem")) + 1
        path = self._folder / f"{name}-{number}.es256.pem"
        _write_once(path, _pem(ec.generate_private_key(ec.SECP256R1())))
        return path.name.removesuffix(".es256.pem")


def _aad(purpose: str, context: tuple[str, ...]) -> bytes:
    return json.dumps([purpose, *context], ensure_ascii=False).encode()


def _file_number(path: Path) -> int:
    return int(path.name.removesuffix(".es256.pem").rsplit("-", 1)[1])


def _load_ec(path: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{path} holds another kind of key")
    return key


def _pem(key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write_once(path: Path, content: bytes) -> None:
    """The first writer wins; the file appears whole or not at all."""
    if path.exists():
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
