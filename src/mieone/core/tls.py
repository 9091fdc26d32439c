"""TLS on this machine: a small authority of our own and a certificate for localhost."""

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .roles import write_private

_AUTHORITY_DAYS = 3650
_SERVER_DAYS = 90
_RENEW_BEFORE_DAYS = 30
_NAMES = (
    x509.DNSName("localhost"),
    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    x509.IPAddress(ipaddress.ip_address("::1")),
)
_PERMITTED = (
    x509.DNSName("localhost"),
    x509.IPAddress(ipaddress.ip_network("127.0.0.0/8")),
    x509.IPAddress(ipaddress.ip_network("::1/128")),
)


class ServerCertificate(msgspec.Struct, frozen=True, kw_only=True):
    authority: Path
    """What clients trust: `$MIEONE_HOME/ca.pem`."""
    certificate: Path
    key: Path
    renewed: bool
    """Made just now, so that servers must load it."""


def ensure_certificate(home: Path, now: datetime) -> ServerCertificate:
    """Make what is missing and renew what ends within a month."""
    folder = home / "tls"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    authority = _load_authority(home, now) or _make_authority(home, now)
    known = _read_certificate(folder / "server.pem")
    renewed = known is None or not _is_good(known, authority[0], now)
    if renewed or not (folder / "server.key").exists():
        _make_server(folder, authority, now)
    return ServerCertificate(
        authority=home / "ca.pem",
        certificate=folder / "server.pem",
        key=folder / "server.key",
        renewed=renewed,
    )


_Authority = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def _load_authority(home: Path, now: datetime) -> _Authority | None:
    certificate = _read_certificate(home / "ca.pem")
    if certificate is None or _ends_within_a_month(certificate, now):
        return None
    try:
        key = serialization.load_pem_private_key((home / "tls/ca.key").read_bytes(), None)
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        return None
    return (certificate, key) if key.public_key() == certificate.public_key() else None


def _read_certificate(path: Path) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())[0]
    except (FileNotFoundError, ValueError, IndexError):
        return None


def _ends_within_a_month(certificate: x509.Certificate, now: datetime) -> bool:
    return certificate.not_valid_after_utc - now < timedelta(days=_RENEW_BEFORE_DAYS)


def _is_good(certificate: x509.Certificate, authority: x509.Certificate, now: datetime) -> bool:
    return certificate.issuer == authority.subject and not _ends_within_a_month(certificate, now)


def _make_authority(home: Path, now: datetime) -> _Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    # The serial in the name keeps two authorities of one machine apart in a browser's store.
    serial = x509.random_serial_number()
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "mieone on this machine"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"mieone local CA {serial % 10**8:08d}"),
        ]
    )
    certificate = (
        _builder(name, name, key.public_key(), now, _AUTHORITY_DAYS)
        .serial_number(serial)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        # Whoever trusts this authority trusts it for this machine's own names and nothing else.
        .add_extension(x509.NameConstraints(_PERMITTED, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    write_private(home / "tls/ca.key", _pem(key))
    write_private(home / "ca.pem", certificate.public_bytes(serialization.Encoding.PEM))
    (home / "ca.pem").chmod(0o644)
    return certificate, key


def _make_server(folder: Path, authority: _Authority, now: datetime) -> None:
    issuer, issuer_key = authority
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        _builder(name, issuer.subject, key.public_key(), now, _SERVER_DAYS)
        .serial_number(x509.random_serial_number())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(_NAMES), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
        .sign(issuer_key, hashes.SHA256())
    )
    write_private(folder / "server.key", _pem(key))
    write_private(folder / "server.pem", certificate.public_bytes(serialization.Encoding.PEM))


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    now: datetime,
    days: int,
) -> x509.CertificateBuilder:
    begins = now.astimezone(UTC) - timedelta(hours=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=days))
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
