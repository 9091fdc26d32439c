"""The local authority: good for this machine's names only, renewed before anybody notices."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from mieone.core.tls import ServerCertificate, ensure_certificate

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)


def read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def verify(made: ServerCertificate, name: str, at: datetime) -> None:
    trusted = PolicyBuilder().store(Store([read(made.authority)])).time(at)
    trusted.build_server_verifier(x509.DNSName(name)).verify(read(made.certificate), [])


def test_a_client_that_trusts_the_authority_accepts_localhost(tmp_path: Path) -> None:
    made = ensure_certificate(tmp_path, NOW)

    verify(made, "localhost", NOW)
    with pytest.raises(VerificationError):
        verify(made, "example.org", NOW)
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(made.certificate, made.key)


def test_private_keys_are_private(tmp_path: Path) -> None:
    ensure_certificate(tmp_path, NOW)

    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "tls").glob("*.key")}
    assert modes == {"ca.key": 0o600, "server.key": 0o600}


def test_a_good_certificate_is_kept(tmp_path: Path) -> None:
    first = ensure_certificate(tmp_path, NOW)
    kept = read(first.certificate)

    again = ensure_certificate(tmp_path, NOW + timedelta(days=59))

    assert (first.renewed, again.renewed) == (True, False)
    assert read(again.certificate) == kept


def test_it_is_renewed_a_month_before_its_end_under_the_same_authority(tmp_path: Path) -> None:
    first = ensure_certificate(tmp_path, NOW)
    authority, server = read(first.authority), read(first.certificate)

    later = NOW + timedelta(days=61)
    again = ensure_certificate(tmp_path, later)

    assert again.renewed
    assert read(again.authority) == authority
    assert read(again.certificate) != server
    verify(again, "localhost", later)


def test_a_lost_authority_key_makes_a_new_authority_and_certificate(tmp_path: Path) -> None:
    first = read(ensure_certificate(tmp_path, NOW).authority)
    (tmp_path / "tls/ca.key").unlink()

    again = ensure_certificate(tmp_path, NOW)

    assert again.renewed
    assert read(again.authority) != first
    verify(again, "localhost", NOW)


def test_a_half_written_certificate_is_replaced(tmp_path: Path) -> None:
    made = ensure_certificate(tmp_path, NOW)
    made.certificate.write_text("-----BEGIN CERT")

    assert ensure_certificate(tmp_path, NOW).renewed
