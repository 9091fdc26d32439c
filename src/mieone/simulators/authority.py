"""The simulated JPKI authority: two roots, leaves of the real shape, OCSP, a CRL per town."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum

import msgspec
from asn1crypto.core import UTF8String
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID, ObjectIdentifier

ORGANISATION = "TEST-JPKI"
"""The one word that differs from the real names: nobody mistakes a sample for a person."""

SUBJECT_ARC = "1.2.392.200149.8.5.5"
TEST_POLICIES = {"sign": "1.2.392.200149.8.5.1.0.20", "auth": "1.2.392.200149.8.5.1.0.30"}
UNITS = {"sign": "JPKI for digital signature", "auth": "JPKI for user authentication"}
KEY_BITS = 2048


class Usage(StrEnum):
    SIGN = "sign"
    AUTH = "auth"


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody the simulated authority issues cards to; always synthetic."""

    id: str
    """Printed on the card; stays through renewals and reissues."""
    name: str
    address: str
    born_on: date
    sex: str
    """1 male, 2 female, 3 unknown, as in the certificate."""
    prefecture: str
    city: str
    """County and town as one word; the CRL is cut along it."""
    name_flags: str = ""
    address_flags: str = ""


class Root(msgspec.Struct, frozen=True, kw_only=True):
    usage: Usage
    key_pem: bytes
    certificate_der: bytes

    def key(self) -> rsa.RSAPrivateKey:
        key = serialization.load_pem_private_key(self.key_pem, password=None)
        assert isinstance(key, rsa.RSAPrivateKey)
        return key

    def certificate(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(self.certificate_der)


class Revoked(msgspec.Struct, frozen=True, kw_only=True):
    serial: int
    revoked_at: datetime


def make_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)


def pem_of(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def issuer_name(usage: Usage) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, UNITS[usage]),
            x509.NameAttribute(
                NameOID.ORGANIZATIONAL_UNIT_NAME,
                "Japan Agency for Local Authority Information Systems",
            ),
        ]
    )


def make_root(usage: Usage, valid_from: datetime) -> Root:
    """Self-signed, one tier, ten years: the shape of the real authorities."""
    key = make_key()
    name = issuer_name(usage)
    service = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, f"{ORGANISATION} 公的個人認証サービス"),
        ]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(valid_from)
        .not_valid_after(valid_from + timedelta(days=3652))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_key_usage(ca=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DirectoryName(service)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    der = certificate.public_bytes(serialization.Encoding.DER)
    return Root(usage=usage, key_pem=pem_of(key), certificate_der=der)


def _key_usage(
    *, ca: bool = False, signature: bool = False, non_repudiation: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signature,
        content_commitment=non_repudiation,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def distribution_point(usage: Usage, prefecture: str, city: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, UNITS[usage]),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "CRL Distribution Points"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, prefecture),
            x509.NameAttribute(NameOID.COMMON_NAME, city),
        ]
    )


def birth_of(born_on: date) -> str:
    """EYYYYMMDD: the era's digit, then the Gregorian date."""
    eras = (
        (date(2019, 5, 1), 5),
        (date(1989, 1, 8), 4),
        (date(1926, 12, 25), 3),
        (date(1912, 7, 30), 2),
    )
    era = next((digit for since, digit in eras if born_on >= since), 1)
    return f"{era}{born_on:%Y%m%d}"


def subject_alternatives(holder: Holder) -> x509.SubjectAlternativeName:
    values = (
        holder.name,
        holder.name_flags or "0" * len(holder.name),
        holder.sex,
        birth_of(holder.born_on),
        holder.address[:200],
        holder.address_flags or "0" * len(holder.address[:200]),
    )
    return x509.SubjectAlternativeName(
        [
            x509.OtherName(ObjectIdentifier(f"{SUBJECT_ARC}.{number}"), UTF8String(value).dump())
            for number, value in enumerate(values, start=1)
        ]
    )


def fifth_birthday(born_on: date, issued_on: date) -> date:
    """Certificates run to the fifth birthday after issue."""
    had_birthday = (issued_on.month, issued_on.day) >= (born_on.month, born_on.day)
    year = issued_on.year + (5 if had_birthday else 4)
    leap_day = (born_on.month, born_on.day) == (2, 29)
    return date(year, 3, 1) if leap_day else date(year, born_on.month, born_on.day)


def leaf_builder(
    root: Root, public_key: rsa.RSAPublicKey, holder: Holder, serial: int, now: datetime
) -> x509.CertificateBuilder:
    """The unsigned leaf; tests bend it before they sign it."""
    usage = root.usage
    subject = [x509.NameAttribute(NameOID.COUNTRY_NAME, "JP")]
    subject += [
        x509.NameAttribute(NameOID.LOCALITY_NAME, place)
        for place in (holder.prefecture, holder.city)
        if usage is Usage.SIGN
    ]
    subject.append(x509.NameAttribute(NameOID.COMMON_NAME, f"{serial:032X}"))
    until = fifth_birthday(holder.born_on, now.date())
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name(subject))
        .issuer_name(issuer_name(usage))
        .public_key(public_key)
        .serial_number(serial)
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(datetime(until.year, until.month, until.day, tzinfo=now.tzinfo))
    )


def leaf_extensions(
    root: Root, public_key: rsa.RSAPublicKey, holder: Holder
) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    """Each extension with its criticality, in the order of the real certificates."""
    usage = root.usage
    where = distribution_point(usage, holder.prefecture, holder.city)
    ian = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "公的個人認証サービス"),
        ]
    )
    policy = x509.PolicyInformation(ObjectIdentifier(TEST_POLICIES[usage]), None)
    issuer_key = root.certificate().extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    personal: tuple[tuple[x509.ExtensionType, bool], ...] = (
        ((subject_alternatives(holder), False),) if usage is Usage.SIGN else ()
    )
    return (
        (_key_usage(signature=True, non_repudiation=usage is Usage.SIGN), True),
        *personal,
        (x509.CertificatePolicies([policy]), True),
        (
            x509.CRLDistributionPoints(
                [x509.DistributionPoint([x509.DirectoryName(where)], None, None, None)]
            ),
            False,
        ),
        (x509.IssuerAlternativeName([x509.DirectoryName(ian)]), False),
        (
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_key.value),
            False,
        ),
        (x509.SubjectKeyIdentifier.from_public_key(public_key), False),
    )


def issue_leaf(
    root: Root, public_key: rsa.RSAPublicKey, holder: Holder, serial: int, now: datetime
) -> bytes:
    builder = leaf_builder(root, public_key, holder, serial, now)
    for extension, critical in leaf_extensions(root, public_key, holder):
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(root.key(), hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def answer_ocsp(
    root: Root,
    certificate_der: bytes,
    revoked: Revoked | None,
    nonce: bytes,
    now: datetime,
    responder: Root | None = None,
) -> bytes:
    """A response for one certificate, echoing the nonce; signed by the root unless told otherwise."""
    speaker = responder or root
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=x509.load_der_x509_certificate(certificate_der),
        issuer=root.certificate(),
        algorithm=hashes.SHA256(),
        cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
        this_update=now,
        next_update=now + timedelta(hours=24),
        revocation_time=revoked.revoked_at if revoked else None,
        revocation_reason=x509.ReasonFlags.unspecified if revoked else None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, speaker.certificate())
    builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.sign(speaker.key(), hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def make_crl(
    root: Root, prefecture: str, city: str, revoked: Iterable[Revoked], number: int, now: datetime
) -> bytes:
    """The part of the revocation list that belongs to one town."""
    where = distribution_point(root.usage, prefecture, city)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer_name(root.usage))
        .last_update(now)
        .next_update(now + timedelta(hours=24))
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(
            x509.IssuingDistributionPoint(
                full_name=[x509.DirectoryName(where)],
                relative_name=None,
                only_contains_user_certs=False,
                only_contains_ca_certs=False,
                only_some_reasons=None,
                indirect_crl=False,
                only_contains_attribute_certs=False,
            ),
            critical=True,
        )
    )
    for entry in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(entry.serial)
            .revocation_date(entry.revoked_at)
            .build()
        )
    return builder.sign(root.key(), hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def fingerprints(roots: Sequence[Root]) -> frozenset[str]:
    return frozenset(hashlib.sha256(root.certificate_der).hexdigest().upper() for root in roots)
