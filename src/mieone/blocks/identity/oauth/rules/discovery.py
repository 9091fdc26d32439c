"""What we tell the world about ourselves: exactly what is true, nothing more."""

from . import assertion, jose, levels, requests

GRANT_TYPES = ["authorization_code", "refresh_token", "client_credentials"]
CLAIMS = ["sub", "iss", "aud", "exp", "iat", "nonce", "acr", "amr", "auth_time", "sid", "at_hash"]
USERINFO_CLAIMS = ["name", "birthdate", "gender", "address"]
SCOPES = ["openid", "offline_access", *sorted(requests.PERSON_SCOPES)]
LANGUAGES = ["ja", "ja-x-yasashii", "en"]


def describe(issuer: str) -> dict[str, object]:
    """OpenID Connect Discovery 1.0 and RFC 8414 in one document."""
    return {**_endpoints(issuer), **_authentication(), **_what_is_supported()}


def _endpoints(issuer: str) -> dict[str, object]:
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "pushed_authorization_request_endpoint": f"{issuer}/oauth/par",
        "token_endpoint": f"{issuer}/oauth/token",
        "introspection_endpoint": f"{issuer}/oauth/introspect",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "userinfo_endpoint": f"{issuer}/oauth/userinfo",
        "end_session_endpoint": f"{issuer}/oauth/logout",
        "jwks_uri": f"{issuer}/oauth/jwks",
        "service_documentation": f"{issuer}/developers",
    }


def _authentication() -> dict[str, object]:
    described: dict[str, object] = {}
    for endpoint in ("token", "introspection", "revocation"):
        described[f"{endpoint}_endpoint_auth_methods_supported"] = ["private_key_jwt"]
        described[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] = list(jose.ALGORITHMS)
    described["client_assertion_types_supported"] = [assertion.ASSERTION_TYPE]
    return described


def _what_is_supported() -> dict[str, object]:
    return {
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": GRANT_TYPES,
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": [jose.OUR_ALGORITHM],
        "code_challenge_methods_supported": ["S256"],
        "require_pushed_authorization_requests": True,
        "authorization_response_iss_parameter_supported": True,
        "dpop_signing_alg_values_supported": list(jose.ALGORITHMS),
        "authorization_details_types_supported": [requests.DETAIL_TYPE],
        "acr_values_supported": [levels.urn_of(acr) for acr in levels.ORDER],
        "scopes_supported": SCOPES,
        "claim_types_supported": ["normal"],
        "claims_supported": [*CLAIMS, *USERINFO_CLAIMS],
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "ui_locales_supported": LANGUAGES,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": False,
        "tls_client_certificate_bound_access_tokens": False,
    }
