"""WebAuthn for staff posts: options for the browser, and what came back checked by the library."""

import json

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.authentication.verify_authentication_response import VerifiedAuthentication
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AuthenticatorSelectionCriteria,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from webauthn.registration.verify_registration_response import VerifiedRegistration

from .model import StaffPost
from .problems import SignInRefused

RP_NAME = "mieone"
ALGORITHMS = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]


def registration_options(post: StaffPost, rp_id: str, challenge: bytes) -> str:
    options = generate_registration_options(
        rp_id=rp_id,
        rp_name=RP_NAME,
        user_name=post.name,
        user_display_name=post.name,
        user_id=post.user_handle,
        challenge=challenge,
        attestation=AttestationConveyancePreference.NONE,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        supported_pub_key_algs=ALGORITHMS,
    )
    return _for_a_page(options_to_json(options))


def sign_in_options(rp_id: str, challenge: bytes) -> str:
    options = generate_authentication_options(
        rp_id=rp_id,
        challenge=challenge,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return _for_a_page(options_to_json(options))


def _for_a_page(options: str) -> str:
    """Stands in a script element: no name may close it."""
    return options.replace("<", "\\u003c")


def read_registration(
    credential: str, challenge: bytes, rp_id: str, origin: str
) -> VerifiedRegistration:
    try:
        return verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origin,
            require_user_verification=True,
            supported_pub_key_algs=ALGORITHMS,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise SignInRefused from error


def read_sign_in(
    credential: str, challenge: bytes, rp_id: str, origin: str, public_key: bytes
) -> VerifiedAuthentication:
    """The counter is judged by our own rule, so the library is told the lowest one."""
    try:
        return verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origin,
            credential_public_key=public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise SignInRefused from error


def credential_id_of(credential: str) -> bytes:
    try:
        shown = json.loads(credential)["rawId"]
        return base64url_to_bytes(shown)
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise SignInRefused from error
