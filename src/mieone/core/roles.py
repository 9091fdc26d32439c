"""The database logins: their passwords, their connection strings, and the SQL that makes them."""

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
import msgspec

DATABASE = "mieone"
LOGINS = ("owner", "app", "sealer", "auditor")
_ITERATIONS = 4096


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """Random passwords, one a login; they live in MIEONE_HOME and nowhere else."""

    superuser: str
    owner: str
    app: str
    sealer: str
    auditor: str


class Connections(msgspec.Struct, frozen=True, kw_only=True):
    """One connection string a purpose."""

    owner_dsn: str
    app_dsn: str
    sealer_dsn: str
    auditor_dsn: str
    maintenance_dsn: str
    """The embedded server's superuser, for clones and backups; elsewhere the owner again."""


class RolesError(Exception):
    """The database does not know our logins; the text says what its administrator runs."""


def load_credentials(home: Path) -> Credentials:
    """The stored passwords; made at the first call."""
    path = home / "credentials.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Credentials)
    except FileNotFoundError:
        fields = Credentials.__struct_fields__
        made = Credentials(**{name: secrets.token_urlsafe(24) for name in fields})
        write_private(path, msgspec.json.format(msgspec.json.encode(made)))
        return made


def rotate_passwords(home: Path) -> None:
    """New passwords for every login but the superuser; the next start, or the script, sets them."""
    kept = load_credentials(home)
    fresh = {name: secrets.token_urlsafe(24) for name in LOGINS}
    rotated = msgspec.structs.replace(kept, **fresh)
    write_private(home / "credentials.json", msgspec.json.format(msgspec.json.encode(rotated)))


def write_private(path: Path, content: bytes) -> None:
    """Whole or not at all, on disk when we return, readable by us alone."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(path)


def embedded_connections(credentials: Credentials, socket_dir: Path, port: int) -> Connections:
    def dsn(login: str, password: str, database: str) -> str:
        where = f"host={quote(str(socket_dir), safe='')}&port={port}"
        return f"postgresql://{login}:{password}@/{database}?{where}"

    return Connections(
        owner_dsn=dsn("mieone_owner", credentials.owner, DATABASE),
        app_dsn=dsn("mieone_app", credentials.app, DATABASE),
        sealer_dsn=dsn("mieone_sealer", credentials.sealer, DATABASE),
        auditor_dsn=dsn("mieone_auditor", credentials.auditor, DATABASE),
        maintenance_dsn=dsn("postgres", credentials.superuser, "postgres"),
    )


def external_connections(credentials: Credentials, url: str) -> Connections:
    """The owner comes as the operator gave it; the other logins share its host and database."""
    parts = urlsplit(url)
    owner = url
    if parts.username == "mieone_owner" and parts.password is None:
        owner = _with_login(url, "mieone_owner", credentials.owner)
    return Connections(
        owner_dsn=owner,
        app_dsn=_with_login(url, "mieone_app", credentials.app),
        sealer_dsn=_with_login(url, "mieone_sealer", credentials.sealer),
        auditor_dsn=_with_login(url, "mieone_auditor", credentials.auditor),
        maintenance_dsn=owner,
    )


def _with_login(url: str, login: str, password: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{login}:{quote(password, safe='')}@{host}"))


def scram_verifier(password: str, salt: bytes) -> str:
    """What PostgreSQL stores for SCRAM-SHA-256 (RFC 5803); sent in place of the password."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    stored_key = base64.b64encode(hashlib.sha256(client_key).digest()).decode()
    server_key = base64.b64encode(hmac.digest(salted, b"Server Key", "sha256")).decode()
    text_salt = base64.b64encode(salt).decode()
    return f"SCRAM-SHA-256${_ITERATIONS}:{text_salt}${stored_key}:{server_key}"


def _verifiers(credentials: Credentials, names: Sequence[str]) -> dict[str, str]:
    return {
        f"mieone.mieone_{name}_verifier": scram_verifier(
            getattr(credentials, name), secrets.token_bytes(16)
        )
        for name in names
    }


def _roles_sql() -> str:
    return Path(__file__).with_name("roles.sql").read_text(encoding="utf-8")


def database_script(credentials: Credentials) -> str:
    """What the administrator of an external server runs once, in psql, as one who may make roles."""
    lines = [
        f"SELECT set_config('{name}', '{verifier}', false);"
        for name, verifier in _verifiers(credentials, LOGINS).items()
    ]
    database = (
        f"CREATE DATABASE {DATABASE} OWNER mieone_owner TEMPLATE template0\n"
        "    ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C';\n"
        f"REVOKE CONNECT, TEMPORARY ON DATABASE {DATABASE} FROM PUBLIC;\n"
        f"GRANT CONNECT ON DATABASE {DATABASE} TO mieone_app, mieone_sealer, mieone_auditor;\n"
    )
    return "\n".join([*lines, _roles_sql(), database])


async def make_roles(
    conn: "asyncpg.Connection[asyncpg.Record]",
    credentials: Credentials,
    names: Sequence[str] = LOGINS,
) -> None:
    async with conn.transaction():
        for name, verifier in _verifiers(credentials, names).items():
            await conn.execute("SELECT set_config($1, $2, true)", name, verifier)
        await conn.execute(_roles_sql())


async def make_database(conn: "asyncpg.Connection[asyncpg.Record]") -> None:
    if await conn.fetchval("SELECT true FROM pg_database WHERE datname = $1", DATABASE):
        return
    await conn.execute(f"CREATE DATABASE {DATABASE} OWNER mieone_owner")
    await conn.execute(f"REVOKE CONNECT, TEMPORARY ON DATABASE {DATABASE} FROM PUBLIC")
    await conn.execute(
        f"GRANT CONNECT ON DATABASE {DATABASE} TO mieone_app, mieone_sealer, mieone_auditor"
    )


async def prepare_external(credentials: Credentials, url: str) -> Connections:
    """Check that every login works; make them where the owner may, else say what to run."""
    connections = external_connections(credentials, url)
    if await _all_log_in(connections):
        return connections
    conn = await asyncpg.connect(connections.owner_dsn)
    try:
        await make_roles(conn, credentials, ("app", "sealer", "auditor"))
    except asyncpg.InsufficientPrivilegeError:
        raise RolesError(
            "the owner in MIEONE_DATABASE_URL may not make roles: have the database administrator "
            "run the output of `mieone database-script` once"
        ) from None
    finally:
        await conn.close()
    if not await _all_log_in(connections):
        raise RolesError("the logins were made but the server's pg_hba.conf does not let them in")
    return connections


async def _all_log_in(connections: Connections) -> bool:
    for dsn in (connections.app_dsn, connections.sealer_dsn, connections.auditor_dsn):
        try:
            conn = await asyncpg.connect(dsn)
        except (
            asyncpg.InvalidPasswordError,
            asyncpg.InvalidAuthorizationSpecificationError,
            asyncpg.InsufficientPrivilegeError,
        ):
            return False
        await conn.close()
    return True
