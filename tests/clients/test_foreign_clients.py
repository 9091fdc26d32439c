"""Programs nobody here wrote: the npm clients of the OpenID Foundation's world, checks unrelaxed."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from granian.constants import Interfaces
from granian.server.embed import Server

from mieone.core.clock import SystemClock
from mieone.core.database import PooledDatabase
from mieone.core.house import House
from mieone.core.keys import KeyRing
from mieone.core.model import Actor, ActorKind
from mieone.core.region import Region
from mieone.core.sessions import COOKIES, Acr, open_session
from mieone.core.settings import Entrance, Settings
from tests.blocks.identity.oauth import given
from tests.conftest import REGION

HERE = Path(__file__).parent
REDIRECT = "http://localhost:9/callback"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def modules() -> Path:
    """Fetched once by npm into an ignored folder; without npm there is nothing to run."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("needs node and npm")
    if not (HERE / "node_modules" / "openid-client").exists():
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip("npm could not fetch the clients")
    return HERE / "node_modules"


def free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        port: int = opened.getsockname()[1]
        return port


def write_certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


@pytest.fixture
async def served(
    tmp_path: Path, keyring: KeyRing, region: Region, database: PooledDatabase
) -> AsyncIterator[tuple[House, Path]]:
    """Both origins, live: the issuer over TLS, the people's over http."""
    settings = Settings(home=tmp_path, region_dir=REGION, port=free_port(), tls_port=free_port())
    house = House(
        settings=settings,
        clock=SystemClock(),
        keyring=keyring,
        region=region,
        database=database,
        blocks=(),
    )
    cert, key = write_certificate(tmp_path)
    # One application per server: each has a lifespan of its own.
    machines = Server(
        given.make_app(house),
        port=settings.tls_port,
        interface=Interfaces.ASGI,
        ssl_cert=cert,
        ssl_key=key,
        log_enabled=False,
    )
    people = Server(
        given.make_app(house),
        port=settings.port,
        interface=Interfaces.ASGI,
        log_enabled=False,
    )
    running = [asyncio.ensure_future(server.serve()) for server in (machines, people)]
    await _until_open(settings.port, settings.tls_port)
    try:
        yield house, cert
    finally:
        machines.stop()
        people.stop()
        await asyncio.gather(*running)


async def _until_open(*ports: int) -> None:
    for port in ports:
        for _ in range(100):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                break


async def environment(house: House, cert: Path) -> Mapping[str, str]:
    client, key = await given.stored_client(house, redirect_uris=(REDIRECT,))
    person_id = await given.stored_person(house)
    actor = Actor(kind=ActorKind.PERSON, id=str(person_id))
    async with house.database.transaction() as conn:
        session = await open_session(conn, Entrance.PEOPLE, actor, Acr.CARD, house.clock.now())
    return {
        **os.environ,
        "NODE_EXTRA_CA_CERTS": str(cert),
        "ISSUER": house.settings.machines_origin,
        "CLIENT_ID": client.client_id,
        "PRIVATE_JWK": json.dumps({**key.as_dict(private=True), "kid": "k1"}),
        "REDIRECT_URI": REDIRECT,
        "COOKIE": f"{COOKIES[Entrance.PEOPLE]}={session}",
        "RESOURCE": f"{house.settings.machines_origin}/api/identity/v1/whoami",
    }


@pytest.mark.parametrize("script", ["openid_client.mjs", "oauth4webapi.mjs"])
async def test_a_foreign_client_goes_the_whole_way(
    modules: Path, served: tuple[House, Path], script: str
) -> None:
    env = await environment(*served)
    process = await asyncio.create_subprocess_exec(
        "node",
        str(HERE / script),
        env=env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0, err.decode()
    assert len(json.loads(out)["sub"]) == 22
