"""Refusals in the words of OAuth and OpenID Connect; the entrance puts them into their JSON form."""

from enum import StrEnum
from typing import ClassVar

from mieone.core.problems import Problem


class Reason(StrEnum):
    """Why exactly; stable words for developers, sent as `error_description`."""

    MALFORMED = "malformed"
    DUPLICATE_PARAMETER = "duplicate_parameter"
    MISSING_PARAMETER = "missing_parameter"
    NOT_PUSHED = "pushed_authorization_request_required"
    REQUEST_URI_IN_PAR = "request_uri_not_allowed_here"
    REQUEST_OBJECT = "request_objects_not_supported"
    REQUEST_URI_UNKNOWN = "request_uri_unknown_used_or_expired"
    REQUEST_URI_OTHER_CLIENT = "request_uri_belongs_to_another_client"
    REDIRECT_URI = "redirect_uri_not_registered"
    RESPONSE_TYPE = "only_response_type_code"
    RESPONSE_MODE = "only_response_mode_query"
    PKCE_REQUIRED = "pkce_s256_required"
    PKCE_CHALLENGE = "code_challenge_malformed"
    PKCE_VERIFIER = "code_verifier_does_not_match"
    PROMPT = "prompt_unknown_or_none_combined"
    MAX_AGE = "max_age_not_a_number"
    CLAIMS = "claims_malformed"
    VALUE_TOO_LONG = "value_too_long"
    SCOPE = "scope_not_registered_for_client"
    DATASET = "dataset_not_registered_for_client"
    DETAIL_TYPE = "authorization_details_type_unknown"
    DETAIL_MALFORMED = "authorization_details_malformed"
    DETAIL_UNKNOWN = "dataset_purpose_or_item_unknown"
    PURPOSE_MISSING = "dataset_scope_without_purpose"
    ASSERTION_MISSING = "private_key_jwt_required"
    ASSERTION_TYPE = "client_assertion_type_unknown"
    ASSERTION_KEY = "no_registered_key_fits"
    ASSERTION_AUDIENCE = "aud_must_be_issuer_as_one_string"
    ASSERTION_SUBJECT = "iss_and_sub_must_be_client_id"
    ASSERTION_EXPIRED = "assertion_expired"
    ASSERTION_TOO_LONG = "assertion_lives_too_long"
    ASSERTION_EARLY = "assertion_from_the_future"
    ASSERTION_REPLAYED = "assertion_jti_replayed"
    ALGORITHM = "algorithm_not_allowed"
    SIGNATURE = "signature_invalid"
    WEAK_KEY = "key_too_weak_or_unsuitable"
    PRIVATE_KEY = "private_key_in_jwk"
    CLIENT_UNKNOWN = "client_unknown"
    CLIENT_NOT_ACTIVE = "client_not_active"
    DPOP_MISSING = "dpop_proof_required"
    DPOP_TWICE = "more_than_one_dpop_proof"
    DPOP_TYP = "dpop_typ_wrong"
    DPOP_JWK = "dpop_jwk_missing"
    DPOP_CLAIM = "dpop_claim_missing_or_malformed"
    DPOP_METHOD = "dpop_htm_wrong"
    DPOP_URL = "dpop_htu_wrong"
    DPOP_TIME = "dpop_iat_out_of_window"
    DPOP_ATH = "dpop_ath_wrong"
    DPOP_KEY = "dpop_key_does_not_match"
    DPOP_REPLAYED = "dpop_jti_replayed"
    DPOP_NONCE = "dpop_nonce_required_or_stale"
    CODE_UNKNOWN = "code_unknown_used_or_expired"
    CODE_OTHER_CLIENT = "code_belongs_to_another_client"
    CODE_REDIRECT_URI = "redirect_uri_differs_from_request"
    CODE_REUSED = "code_used_before_its_tokens_are_revoked"
    REFRESH_UNKNOWN = "refresh_token_unknown_expired_or_revoked"
    GRANT_TYPE = "grant_type_not_supported"
    TOKEN_UNKNOWN = "token_unknown_expired_or_revoked"
    TOKEN_BEARER = "token_is_bound_use_scheme_dpop"
    PERSON_REFUSED = "person_refused"
    PERSON_NOT_SIGNED_IN = "person_not_signed_in"
    OTHER_PERSON = "another_person_is_signed_in"
    SHEET_NEEDED = "person_must_be_asked"
    ACR_UNMET = "acr_cannot_be_met"
    LOGOUT_HINT = "id_token_hint_invalid"
    LOGOUT_URI = "post_logout_redirect_uri_not_registered"


class OAuthProblem(Problem):
    """`error` is the standard's code; `reason` goes into the answer beside it."""

    error: ClassVar[str]
    slug: ClassVar[str]

    def __init__(self, reason: Reason, **detail: object) -> None:
        self.reason = reason
        super().__init__(reason=reason.value, **detail)


class InvalidRequest(OAuthProblem):
    error = "invalid_request"
    slug = "oauth/invalid-request"


class InvalidRequestUri(OAuthProblem):
    """The request_uri at the front channel leads nowhere (any more)."""

    error = "invalid_request_uri"
    slug = "oauth/invalid-request-uri"


class RequestNotSupported(OAuthProblem):
    error = "request_not_supported"
    slug = "oauth/invalid-request"


class UnsupportedResponseType(OAuthProblem):
    error = "unsupported_response_type"
    slug = "oauth/invalid-request"


class InvalidScope(OAuthProblem):
    error = "invalid_scope"
    slug = "oauth/invalid-request"


class InvalidAuthorizationDetails(OAuthProblem):
    error = "invalid_authorization_details"
    slug = "oauth/invalid-request"


class InvalidClient(OAuthProblem):
    error = "invalid_client"
    slug = "oauth/invalid-client"
    status = 401


class UnauthorizedClient(OAuthProblem):
    error = "unauthorized_client"
    slug = "oauth/invalid-client"


class InvalidGrant(OAuthProblem):
    error = "invalid_grant"
    slug = "oauth/invalid-grant"


class UnsupportedGrantType(OAuthProblem):
    error = "unsupported_grant_type"
    slug = "oauth/invalid-request"


class InvalidDpopProof(OAuthProblem):
    error = "invalid_dpop_proof"
    slug = "oauth/invalid-dpop-proof"


class UseDpopNonce(OAuthProblem):
    """Not an error of the client: it may try again with the nonce in our header."""

    error = "use_dpop_nonce"
    slug = "oauth/invalid-dpop-proof"


class AccessDenied(OAuthProblem):
    error = "access_denied"
    slug = "oauth/access-denied"
    status = 403


class LoginRequired(OAuthProblem):
    error = "login_required"
    slug = "oauth/access-denied"


class ConsentRequired(OAuthProblem):
    error = "consent_required"
    slug = "oauth/access-denied"


class UnmetAuthentication(OAuthProblem):
    error = "unmet_authentication_requirements"
    slug = "oauth/access-denied"


class InvalidLogout(OAuthProblem):
    """A sign-out request we cannot trust: shown as a page, never a redirect."""

    error = "invalid_request"
    slug = "oauth/invalid-logout"


class CallerRefused(OAuthProblem):
    """A machine entrance turned a token away (RFC 9449, section 7.1)."""

    error = "invalid_token"
    slug = "oauth/caller-refused"
    status = 401

    def __init__(self, reason: Reason, **detail: object) -> None:
        super().__init__(reason, **detail)
        self.headers: dict[str, str] = {}


class CallerUnauthenticated(CallerRefused):
    """No token at all: the challenge then names no error (RFC 6750, section 3.1)."""


class CallerProofRefused(CallerRefused):
    error = "invalid_dpop_proof"


class CallerNonceNeeded(CallerRefused):
    error = "use_dpop_nonce"


class CallerLacksScope(CallerRefused):
    error = "insufficient_scope"
    status = 403


class CallerMustStepUp(CallerRefused):
    """RFC 9470: the person must prove themselves again, and how."""

    error = "insufficient_user_authentication"

    def __init__(self, acr_values: str, max_age_s: int | None = None) -> None:
        super().__init__(Reason.ACR_UNMET, acr_values=acr_values, max_age_s=max_age_s)


class BadRegistration(Problem):
    """A client that cannot be registered as described."""

    slug = "oauth/bad-registration"


class ClientExists(Problem):
    slug = "oauth/client-exists"
    status = 409


class SectorTaken(Problem):
    """One sector per service: sharing one would let two services join their people."""

    slug = "oauth/sector-taken"
    status = 409
