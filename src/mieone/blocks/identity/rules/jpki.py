"""The card's answer, checked: strict signature, exact certificate, pinned issuer, dated policy."""

import hashlib
from datetime import datetime

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import ExtensionOID, ObjectIdentifier, SignatureAlgorithmOID

from mieone.blocks.identity.model import TransactionId, Usage
from mieone.blocks.identity.problems import (
    CertificateExpired,
    CertificateMalformed,
    PolicyNotAllowed,
    SignatureWrong,
    UnknownIssuer,
)
from mieone.blocks.identity.rules.profile import Realm

KEY_BITS = 2048
EXPONENT = 65537
_UNDERSTOOD = frozenset(
    {
        ExtensionOID.KEY_USAGE,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.BASIC_CONSTRAINTS,
    }
)


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate whose every checked part has been read."""

    certificate: x509.Certificate
    extensions: x509.Extensions
    key: rsa.RSAPublicKey

    @property
    def serial_hex(self) -> str:
        return f"{self.certificate.serial_number:X}"

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.certificate.public_bytes(serialization.Encoding.DER)).digest()

    @property
    def external_key(self) -> str:
        """Issuer and serial: the certificate's own name in the world."""
        issuer = hashlib.sha256(self.certificate.issuer.public_bytes()).hexdigest()
        return f"{issuer}:{self.serial_hex}"


def build_challenge(origin: str, transaction: TransactionId, purpose: str, nonce: bytes) -> bytes:
    """The text the card signs: what for, where, and a number that exists once."""
    lines = ("Mie-ID card challenge 1", origin, str(transaction), purpose, nonce.hex())
    return "\n".join(lines).encode()


def check_proof(
    realm: Realm, usage: Usage, challenge: bytes, signature: bytes, leaf_der: bytes, now: datetime
) -> Leaf:
    """Everything but revocation. Raises the first failure; returns the leaf that proved itself."""
    leaf = read_leaf(leaf_der)
    root = find_issuer(realm, usage, leaf)
    check_issued_by(leaf, root)
    check_root(root, now)
    check_shape(leaf, usage)
    check_validity(leaf.certificate, now)
    check_policy(leaf, realm.policies_at(usage, now))
    check_signature(leaf, challenge, signature)
    return leaf


def read_leaf(der: bytes) -> Leaf:
    """Strict DER only; whatever cannot be read whole is malformed."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        extensions = certificate.extensions
        key = certificate.public_key()
        again = certificate.public_bytes(serialization.Encoding.DER)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension) as error:
        raise CertificateMalformed from error
    except (x509.InvalidVersion, x509.UnsupportedGeneralNameType) as error:
        raise CertificateMalformed from error
    if again != der:
        raise CertificateMalformed
    if not isinstance(key, rsa.RSAPublicKey):
        raise PolicyNotAllowed
    return Leaf(certificate=certificate, extensions=extensions, key=key)


def find_issuer(realm: Realm, usage: Usage, leaf: Leaf) -> x509.Certificate:
    """By name and key identifier, in this usage's store only. Raises UnknownIssuer."""
    try:
        named = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    except x509.ExtensionNotFound:
        # Without it two roots of one name could not be told apart.
        raise UnknownIssuer from None
    issuer_der = leaf.certificate.issuer.public_bytes()
    for root in realm.anchors[usage]:
        own = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        if root.subject.public_bytes() == issuer_der and own.digest == named.key_identifier:
            return root
    raise UnknownIssuer


def check_issued_by(leaf: Leaf, root: x509.Certificate) -> None:
    certificate = leaf.certificate
    if certificate.signature_algorithm_oid != SignatureAlgorithmOID.RSA_WITH_SHA256:
        raise PolicyNotAllowed
    _check_key(root.public_key())
    try:
        certificate.verify_directly_issued_by(root)
    except (InvalidSignature, ValueError, TypeError) as error:
        raise UnknownIssuer from error


def check_root(root: x509.Certificate, now: datetime) -> None:
    """Also an anchor ends one day."""
    check_validity(root, now)
    basic = root.extensions.get_extension_for_class(x509.BasicConstraints)
    usage = root.extensions.get_extension_for_class(x509.KeyUsage)
    if not (basic.critical and basic.value.ca and usage.critical):
        raise UnknownIssuer
    if not (usage.value.key_cert_sign and usage.value.crl_sign):
        raise UnknownIssuer


def check_shape(leaf: Leaf, usage: Usage) -> None:
    """Not an authority, exactly the right key usage, nothing critical we do not understand."""
    _check_key(leaf.key)
    for extension in leaf.extensions:
        if extension.critical and extension.oid not in _UNDERSTOOD:
            raise PolicyNotAllowed
        if isinstance(extension.value, x509.BasicConstraints) and extension.value.ca:
            raise PolicyNotAllowed
    try:
        found = leaf.extensions.get_extension_for_class(x509.KeyUsage)
    except x509.ExtensionNotFound:
        raise PolicyNotAllowed from None
    expected = x509.KeyUsage(
        digital_signature=True,
        content_commitment=usage is Usage.SIGN,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    if not found.critical or found.value != expected:
        raise PolicyNotAllowed


def _check_key(key: object) -> None:
    if not isinstance(key, rsa.RSAPublicKey):
        raise PolicyNotAllowed
    if key.key_size != KEY_BITS or key.public_numbers().e != EXPONENT:
        raise PolicyNotAllowed


def check_validity(certificate: x509.Certificate, now: datetime) -> None:
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise CertificateExpired


def check_policy(leaf: Leaf, allowed: frozenset[str]) -> None:
    try:
        found = leaf.extensions.get_extension_for_class(x509.CertificatePolicies)
    except x509.ExtensionNotFound:
        raise PolicyNotAllowed from None
    named = {policy.policy_identifier.dotted_string for policy in found.value}
    if not found.critical or len(named) != 1 or not named <= allowed:
        raise PolicyNotAllowed


def check_signature(leaf: Leaf, challenge: bytes, signature: bytes) -> None:
    """PKCS#1 v1.5 with SHA-256 as the library's strict primitive does it; no parsing of our own."""
    if len(signature) != KEY_BITS // 8:
        raise SignatureWrong
    try:
        leaf.key.verify(signature, challenge, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature as error:
        raise SignatureWrong from error


def subject_attribute(leaf: Leaf, arc: str, number: int) -> str | None:
    """One UTF8String of the sign certificate's alternative names; None when it is not there."""
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None
    wanted = ObjectIdentifier(f"{arc}.{number}")
    for name in names.get_values_for_type(x509.OtherName):
        if name.type_id == wanted:
            return _utf8_string(name.value)
    return None


def _utf8_string(der: bytes) -> str | None:
    """A UTF8String with a definite, minimal length; anything else is not read."""
    if len(der) < 2 or der[0] != 0x0C:
        return None
    header, length = 2, der[1]
    if length >= 0x80:
        octets = length & 0x7F
        header = 2 + octets
        length = int.from_bytes(der[2:header], "big")
    if len(der) != header + length:
        return None
    try:
        return der[header:].decode("utf-8")
    except UnicodeDecodeError:
        return None
