"""Every failure that belongs to normal business here. Proofing codes are those of the opt-in interface."""

from typing import ClassVar

from mieone.core.problems import Problem


class ProofRefused(Problem):
    """A card's answer that proves nothing; the transaction is spent."""

    status: ClassVar[int] = 403


class CertificateMalformed(ProofRefused):
    slug = "identity/certificate-malformed"
    status = 400


class CertificateExpired(ProofRefused):
    slug = "identity/cert-expired"


class CertificateRevoked(ProofRefused):
    slug = "identity/cert-revoked"


class UnknownIssuer(ProofRefused):
    slug = "identity/cert-unknown-issuer"


class PolicyNotAllowed(ProofRefused):
    """Another kind of certificate: wrong policy, wrong key usage, wrong key."""

    slug = "identity/policy-not-allowed"


class SignatureWrong(ProofRefused):
    slug = "identity/signature-wrong"


class AttributesUnparsable(ProofRefused):
    slug = "identity/attributes-unparsable"
    status = 422


class NonceReused(Problem):
    slug = "identity/nonce-reused"
    status = 409


class NonceExpired(Problem):
    slug = "identity/nonce-expired"
    status = 410


class RevocationUnavailable(Problem):
    """Nobody could say whether the certificate still counts: try again, never let in."""

    slug = "identity/revocation-unavailable"
    status = 503


class LinkedToOtherPerson(Problem):
    """Two people would share one key: a case for the counter, never a merge."""

    slug = "identity/linked-to-other-person"
    status = 409


class PathDisabled(Problem):
    slug = "identity/path-disabled"
    status = 503


class UserCancelled(Problem):
    slug = "identity/user-cancelled"
    status = 400


class PersonNotActive(Problem):
    """Suspended, closed or never there; from outside they look the same."""

    slug = "identity/person-not-active"
    status = 403


class StepNotAllowed(Problem):
    """The state of the person forbids this step."""

    slug = "identity/step-not-allowed"
    status = 409


class CardNeeded(Problem):
    """Changing how one signs in needs the card again."""

    slug = "identity/card-needed"
    status = 403


class PasskeyRefused(Problem):
    slug = "identity/passkey-refused"
    status = 403


class PasskeySuspended(Problem):
    """Its counter did not grow: it may have been copied."""

    slug = "identity/passkey-suspended"
    status = 403


class PasskeyKnown(Problem):
    slug = "identity/passkey-known"
    status = 409


class KeyDestroyed(Problem):
    slug = "identity/key-destroyed"
    status = 410


class MandateRefused(Problem):
    slug = "identity/mandate-refused"
    status = 403


class NotUnderstood(Problem):
    """Leaving was not confirmed in so many words."""

    slug = "identity/leave-not-confirmed"
    status = 400
