"""Where the simulated authority keeps what it issued: one SQLite file in MIEONE_HOME, nothing of ours.

It stands for institutions outside (J-LIS, the platform operator, people's pockets), therefore not
in the product's database. A card is made when somebody first uses it.
"""

import hashlib
import hmac
import secrets
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import msgspec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils

from mieone.core.clock import Clock
from mieone.simulators import authority
from mieone.simulators.authority import Holder, Revoked, Root, Usage
from mieone.simulators.card import (
    JPKI_AID,
    Chip,
    Contact,
    Pin,
    Signer,
    four_attributes,
    make_chip,
    respond,
)

SAMPLE_PINS: Mapping[Pin, str] = {Pin.AUTH: "1234", Pin.TEXT: "1234", Pin.SIGN: "ABC123"}
YOUNGEST_SIGNER_YEARS = 15

_TABLES = """
CREATE TABLE IF NOT EXISTS secret (name TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS root (usage TEXT PRIMARY KEY, content BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS holder (id TEXT PRIMARY KEY, content BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS chip (
    holder_id TEXT PRIMARY KEY, tries BLOB NOT NULL, pins BLOB NOT NULL, lost INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS certificate (
    serial TEXT NOT NULL, usage TEXT NOT NULL, holder_id TEXT NOT NULL, city TEXT NOT NULL,
    prefecture TEXT NOT NULL, der BLOB NOT NULL, key_pem BLOB NOT NULL, revoked_at TEXT,
    PRIMARY KEY (usage, serial)
);
CREATE INDEX IF NOT EXISTS certificate_holder ON certificate (holder_id, usage);
"""


class HolderUnknown(Exception):
    """No card of that number was ever issued."""


class CardLost(Exception):
    """The card was reported lost and does nothing any more."""


class Directory(Protocol):
    """Whom the authority may issue cards to: the sample's people."""

    def find_holder(self, holder_id: str) -> Holder | None: ...

    def list_holders(self) -> Sequence[Holder]:
        """A handful to show, not all."""
        ...


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    serial: int
    usage: Usage
    holder_id: str
    prefecture: str
    city: str
    der: bytes
    key_pem: bytes
    revoked: Revoked | None


class CardOffice:
    """The whole outside world of cards, small enough for one file."""

    def __init__(self, path: Path, directory: Directory, clock: Clock) -> None:
        self._path = path
        self._directory = directory
        self._clock = clock
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # IMMEDIATE in _open orders the processes that start at once.
        with self._open() as db:
            for statement in _TABLES.split(";"):
                db.execute(statement)
            db.execute(
                "INSERT OR IGNORE INTO secret VALUES ('operator', ?)", (secrets.token_bytes(32),)
            )
            for usage in Usage:
                self._ensure_root(db, usage)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        db = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        db.row_factory = sqlite3.Row
        try:
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")
        finally:
            db.close()

    def _ensure_root(self, db: sqlite3.Connection, usage: Usage) -> None:
        if db.execute("SELECT 1 FROM root WHERE usage = ?", (usage,)).fetchone() is None:
            since = datetime(2023, 7, 16, tzinfo=UTC)
            content = msgspec.msgpack.encode(authority.make_root(usage, since))
            db.execute("INSERT INTO root VALUES (?, ?)", (usage, content))

    def root(self, usage: Usage) -> Root:
        with self._open() as db:
            return self._root(db, usage)

    def _root(self, db: sqlite3.Connection, usage: Usage) -> Root:
        row = db.execute("SELECT content FROM root WHERE usage = ?", (usage,)).fetchone()
        return msgspec.msgpack.decode(row["content"], type=Root)

    def anchors(self) -> Mapping[str, tuple[bytes, ...]]:
        """The test realm's trust anchors, one store a usage."""
        return {usage.value: (self.root(usage).certificate_der,) for usage in Usage}

    def shown_holders(self) -> Sequence[Holder]:
        return self._directory.list_holders()

    def holder(self, holder_id: str) -> Holder:
        """As last told by a town. Raises HolderUnknown."""
        with self._open() as db:
            return self._holder(db, holder_id)

    def _holder(self, db: sqlite3.Connection, holder_id: str) -> Holder:
        row = db.execute("SELECT content FROM holder WHERE id = ?", (holder_id,)).fetchone()
        if row is not None:
            return msgspec.msgpack.decode(row["content"], type=Holder)
        holder = self._directory.find_holder(holder_id)
        if holder is None:
            raise HolderUnknown
        self._record_holder(db, holder)
        return holder

    def _record_holder(self, db: sqlite3.Connection, holder: Holder) -> None:
        db.execute(
            "INSERT INTO holder (id, content) VALUES (?, ?) "
            "ON CONFLICT (id) DO UPDATE SET content = excluded.content",
            (holder.id, msgspec.msgpack.encode(holder)),
        )

    def current(self, holder_id: str, usage: Usage) -> Issued:
        """The unrevoked certificate, issued now if there is none yet. Raises HolderUnknown."""
        with self._open() as db:
            return self._current(db, self._holder(db, holder_id), usage)

    def _current(self, db: sqlite3.Connection, holder: Holder, usage: Usage) -> Issued:
        row = db.execute(
            "SELECT rowid, * FROM certificate WHERE holder_id = ? AND usage = ? "
            "ORDER BY rowid DESC LIMIT 1",
            (holder.id, usage),
        ).fetchone()
        return _issued(row) if row is not None else self._issue(db, holder, usage)

    def _issue(self, db: sqlite3.Connection, holder: Holder, usage: Usage) -> Issued:
        key = authority.make_key()
        serial = secrets.randbits(62) | 1 << 62
        root = self._root(db, usage)
        der = authority.issue_leaf(root, key.public_key(), holder, serial, self._clock.now())
        row = (f"{serial:X}", usage, holder.id, holder.city, holder.prefecture, der)
        db.execute(
            "INSERT INTO certificate (serial, usage, holder_id, city, prefecture, der, key_pem) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*row, authority.pem_of(key)),
        )
        return self._current(db, holder, usage)

    def find_issued(self, usage: Usage, serial: int) -> Issued | None:
        with self._open() as db:
            row = db.execute(
                "SELECT * FROM certificate WHERE usage = ? AND serial = ?", (usage, f"{serial:X}")
            ).fetchone()
        return None if row is None else _issued(row)

    def revoked_in(self, usage: Usage, prefecture: str, city: str) -> list[Revoked]:
        with self._open() as db:
            rows = db.execute(
                "SELECT * FROM certificate WHERE usage = ? AND prefecture = ? AND city = ? "
                "AND revoked_at IS NOT NULL",
                (usage, prefecture, city),
            ).fetchall()
        return [entry for entry in (_issued(row).revoked for row in rows) if entry is not None]

    def crl(self, usage: Usage, prefecture: str, city: str) -> bytes:
        revoked = self.revoked_in(usage, prefecture, city)
        now = self._clock.now()
        number = int(now.timestamp())
        return authority.make_crl(self.root(usage), prefecture, city, revoked, number, now)

    def stable_id(self, holder_id: str) -> str:
        """The operator's own id of a human being; it outlives every certificate."""
        with self._open() as db:
            row = db.execute("SELECT value FROM secret WHERE name = 'operator'").fetchone()
        return hmac.new(row["value"], holder_id.encode(), hashlib.sha256).hexdigest()

    def exchange(self, holder_id: str, commands: Sequence[bytes]) -> list[bytes]:
        """One touch of the card: commands in, responses out; what the chip keeps is kept.

        Raises HolderUnknown and CardLost.
        """
        with self._open() as db:
            holder = self._holder(db, holder_id)
            chip = self._chip(db, holder)
            signer = self._signer(db, holder)
            contact, responses = Contact(), []
            for command in commands:
                reply = respond(chip, contact, command, signer)
                chip, contact = reply.chip, reply.contact
                responses.append(reply.response)
            db.execute(
                "UPDATE chip SET tries = ?, pins = ? WHERE holder_id = ?",
                (_pack(chip.tries_left), _pack(chip.pins), holder.id),
            )
        return responses

    def _chip(self, db: sqlite3.Connection, holder: Holder) -> Chip:
        auth = self._current(db, holder, Usage.AUTH)
        may_sign = Usage.SIGN in self._usages(holder)
        sign = self._current(db, holder, Usage.SIGN) if may_sign else None
        attributes = (holder.name, holder.address, f"{holder.born_on:%Y%m%d}", holder.sex)
        fresh = make_chip(
            pins={p: text for p, text in SAMPLE_PINS.items() if sign or p is not Pin.SIGN},
            auth=(auth.der, self._root(db, Usage.AUTH).certificate_der),
            sign=(sign.der, self._root(db, Usage.SIGN).certificate_der) if sign else None,
            text=four_attributes(*attributes),
        )
        db.execute(
            "INSERT OR IGNORE INTO chip (holder_id, tries, pins) VALUES (?, ?, ?)",
            (holder.id, _pack(fresh.tries_left), _pack(fresh.pins)),
        )
        row = db.execute("SELECT * FROM chip WHERE holder_id = ?", (holder.id,)).fetchone()
        if row["lost"]:
            raise CardLost
        return msgspec.structs.replace(
            fresh,
            tries_left=msgspec.msgpack.decode(row["tries"], type=dict[Pin, int]),
            pins=msgspec.msgpack.decode(row["pins"], type=dict[Pin, str]),
        )

    def _usages(self, holder: Holder) -> tuple[Usage, ...]:
        """署名用 certificates are not issued by default to those under 15."""
        today = self._clock.today()
        before_birthday = (today.month, today.day) < (holder.born_on.month, holder.born_on.day)
        age = today.year - holder.born_on.year - before_birthday
        return tuple(Usage) if age >= YOUNGEST_SIGNER_YEARS else (Usage.AUTH,)

    def _signer(self, db: sqlite3.Connection, holder: Holder) -> Signer:
        def sign(pin: Pin, digest: bytes) -> bytes:
            usage = Usage.SIGN if pin is Pin.SIGN else Usage.AUTH
            pem = self._current(db, holder, usage).key_pem
            key = serialization.load_pem_private_key(pem, password=None)
            assert isinstance(key, rsa.RSAPrivateKey)
            return key.sign(digest, padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))

        return sign

    def move(self, holder: Holder) -> None:
        """Move, marriage, any changed attribute: the sign certificate dies, the auth one lives."""
        with self._open() as db:
            self._record_holder(db, holder)
            self._revoke(db, holder.id, (Usage.SIGN,))

    def renew(self, holder_id: str) -> None:
        """New certificates with new serials on the same card; the old ones are revoked."""
        with self._open() as db:
            holder = self._holder(db, holder_id)
            self._revoke(db, holder_id, tuple(Usage))
            for usage in self._usages(holder):
                self._issue(db, holder, usage)

    def die(self, holder_id: str) -> None:
        with self._open() as db:
            self._current(db, self._holder(db, holder_id), Usage.AUTH)
            self._revoke(db, holder_id, tuple(Usage))

    def lose(self, holder_id: str) -> None:
        with self._open() as db:
            self._chip(db, self._holder(db, holder_id))
            self._revoke(db, holder_id, tuple(Usage))
            db.execute("UPDATE chip SET lost = 1 WHERE holder_id = ?", (holder_id,))

    def reissue(self, holder_id: str) -> None:
        """A new card after a loss or a lock: new certificates, PINs as on the first day."""
        with self._open() as db:
            holder = self._holder(db, holder_id)
            self._revoke(db, holder_id, tuple(Usage))
            for usage in self._usages(holder):
                self._issue(db, holder, usage)
            db.execute("DELETE FROM chip WHERE holder_id = ?", (holder_id,))

    def _revoke(self, db: sqlite3.Connection, holder_id: str, usages: Sequence[Usage]) -> None:
        for usage in usages:
            db.execute(
                "UPDATE certificate SET revoked_at = ? "
                "WHERE holder_id = ? AND usage = ? AND revoked_at IS NULL",
                (self._clock.now().isoformat(), holder_id, usage),
            )

    def reset_pin(self, holder_id: str) -> None:
        """What a town's counter does for somebody whose PIN is locked."""
        with self._open() as db:
            db.execute("DELETE FROM chip WHERE holder_id = ? AND lost = 0", (holder_id,))


def _pack(values: Mapping[Pin, int] | Mapping[Pin, str]) -> bytes:
    return msgspec.msgpack.encode(dict(values))


def _issued(row: sqlite3.Row) -> Issued:
    revoked_at = row["revoked_at"]
    serial = int(row["serial"], 16)
    return Issued(
        serial=serial,
        usage=Usage(row["usage"]),
        holder_id=row["holder_id"],
        prefecture=row["prefecture"],
        city=row["city"],
        der=row["der"],
        key_pem=row["key_pem"],
        revoked=Revoked(serial=serial, revoked_at=datetime.fromisoformat(revoked_at))
        if revoked_at
        else None,
    )


def read_file(responses: Sequence[bytes]) -> bytes:
    """The parts of one READ BINARY series put together."""
    return b"".join(response[:-2] for response in responses if response[-2:] == b"\x90\x00")


def select_application() -> bytes:
    return bytes([0x00, 0xA4, 0x04, 0x0C, len(JPKI_AID)]) + JPKI_AID


def select_file(file: int) -> bytes:
    return bytes([0x00, 0xA4, 0x02, 0x0C, 0x02]) + file.to_bytes(2, "big")
