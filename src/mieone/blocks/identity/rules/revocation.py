"""Whether a certificate still counts: OCSP answers and town CRLs, signed, fresh and about this one."""

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import SignatureAlgorithmOID

from mieone.blocks.identity.model import Revocation, RevocationState
from mieone.blocks.identity.problems import CertificateRevoked, RevocationUnavailable
from mieone.blocks.identity.rules.jpki import Leaf

SKEW = timedelta(minutes=5)


def check_not_revoked(revocation: Revocation) -> None:
    if revocation.state is RevocationState.REVOKED:
        raise CertificateRevoked


def read_ocsp(
    der: bytes, leaf: Leaf, root: x509.Certificate, nonce: bytes, now: datetime, max_age: timedelta
) -> Revocation:
    """Raises RevocationUnavailable unless the root itself speaks, now, about this leaf, to us."""
    try:
        response = ocsp.load_der_ocsp_response(der)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise RevocationUnavailable
        _check_signed(
            root,
            response.signature_algorithm_oid,
            response.signature,
            response.tbs_response_bytes,
        )
        answers = list(response.responses)
        echoed = response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.ExtensionNotFound) as error:
        raise RevocationUnavailable from error
    if len(answers) != 1 or echoed != nonce or not _is_about(answers[0], leaf, root):
        raise RevocationUnavailable
    answer = answers[0]
    _check_fresh(answer.this_update_utc, answer.next_update_utc, now, max_age)
    if answer.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
        raise RevocationUnavailable
    is_good = answer.certificate_status is ocsp.OCSPCertStatus.GOOD
    state = RevocationState.GOOD if is_good else RevocationState.REVOKED
    return Revocation(state=state, checked_at=answer.this_update_utc)


def _is_about(answer: ocsp.OCSPSingleResponse, leaf: Leaf, root: x509.Certificate) -> bool:
    expected = (
        ocsp.OCSPRequestBuilder()
        .add_certificate(leaf.certificate, root, answer.hash_algorithm)
        .build()
    )
    return (
        answer.serial_number == leaf.certificate.serial_number
        and answer.issuer_key_hash == expected.issuer_key_hash
        and answer.issuer_name_hash == expected.issuer_name_hash
    )


def _check_signed(
    root: x509.Certificate, algorithm: x509.ObjectIdentifier, signature: bytes, signed: bytes
) -> None:
    key = root.public_key()
    if algorithm != SignatureAlgorithmOID.RSA_WITH_SHA256 or not isinstance(key, rsa.RSAPublicKey):
        raise RevocationUnavailable
    try:
        key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature as error:
        raise RevocationUnavailable from error


def _check_fresh(
    since: datetime, until: datetime | None, now: datetime, max_age: timedelta
) -> None:
    """Neither from the future nor older than the region's limit nor past its own end."""
    if until is None or since > now + SKEW or now > until or now - since > max_age:
        raise RevocationUnavailable


def read_crl(
    der: bytes, leaf: Leaf, root: x509.Certificate, now: datetime, max_age: timedelta
) -> Revocation:
    """Raises RevocationUnavailable unless this list is the root's, fresh, and the leaf's own part."""
    try:
        crl = x509.load_der_x509_crl(der)
        is_signed = crl.is_signature_valid(root.public_key())  # type: ignore[arg-type]
        points = leaf.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        part = crl.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
    except (ValueError, TypeError, x509.ExtensionNotFound) as error:
        raise RevocationUnavailable from error
    if not is_signed or crl.issuer != root.subject:
        raise RevocationUnavailable
    if not any(point.full_name == part.full_name for point in points):
        raise RevocationUnavailable
    _check_fresh(crl.last_update_utc, crl.next_update_utc, now, max_age)
    entry = crl.get_revoked_certificate_by_serial_number(leaf.certificate.serial_number)
    state = RevocationState.GOOD if entry is None else RevocationState.REVOKED
    return Revocation(state=state, checked_at=crl.last_update_utc)
