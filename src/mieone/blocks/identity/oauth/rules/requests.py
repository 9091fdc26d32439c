"""From the parameters of a pushed request (RFC 9126) to a request we can act on, or a refusal."""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from urllib.parse import parse_qsl

from mieone.blocks.identity.oauth.model import (
    AuthorizationRequest,
    ClaimsRequest,
    Client,
    DatasetDetail,
    Prompt,
)
from mieone.blocks.identity.oauth.problems import (
    InvalidAuthorizationDetails,
    InvalidDpopProof,
    InvalidRequest,
    InvalidScope,
    Reason,
    RequestNotSupported,
    UnsupportedResponseType,
)

from . import pkce

MAX_VALUE_LENGTH = 4096
MAX_PARAMETERS = 64
MAX_DETAILS = 20
REQUEST_URI_PREFIX = "urn:ietf:params:oauth:request_uri:"
DETAIL_TYPE = "mieone_dataset"
PERSON_SCOPES = frozenset({"profile", "email", "address", "phone"})


def read_form(body: bytes) -> dict[str, str]:
    """Parameters of a form; each at most once (RFC 6749, 3.1). Empty ones count as absent."""
    try:
        pairs = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            max_num_fields=MAX_PARAMETERS,
            errors="strict",
        )
    except ValueError as error:
        raise InvalidRequest(Reason.MALFORMED) from error
    return check_single(pairs)


def check_single(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    seen: dict[str, str] = {}
    for name, value in pairs:
        if name in seen:
            raise InvalidRequest(Reason.DUPLICATE_PARAMETER)
        seen[name] = value
    return {name: value for name, value in seen.items() if value}


def decide_request(
    params: Mapping[str, str], client: Client, proof_jkt: str | None
) -> AuthorizationRequest:
    """Everything that can be decided before a person is asked."""
    _check_form(params)
    redirect_uri = _need(params, "redirect_uri")
    if redirect_uri not in client.redirect_uris:
        raise InvalidRequest(Reason.REDIRECT_URI)
    scopes = tuple(dict.fromkeys(params.get("scope", "").split()))
    return AuthorizationRequest(
        client_id=client.client_id,
        redirect_uri=redirect_uri,
        scopes=tuple(scope for scope in scopes if not _is_dataset_scope(scope)),
        code_challenge=_challenge(params),
        state=params.get("state"),
        nonce=params.get("nonce"),
        dpop_jkt=_binding(params.get("dpop_jkt"), proof_jkt),
        prompts=_prompts(params.get("prompt", "")),
        max_age_s=_max_age(params.get("max_age")),
        acr_values=tuple(params.get("acr_values", "").split()),
        claims=read_claims(params.get("claims")),
        id_token_hint=params.get("id_token_hint"),
        ui_locales=params.get("ui_locales"),
        details=_details(params, scopes, client),
    )


def _check_form(params: Mapping[str, str]) -> None:
    if "request_uri" in params:
        raise InvalidRequest(Reason.REQUEST_URI_IN_PAR)
    if "request" in params:
        raise RequestNotSupported(Reason.REQUEST_OBJECT)
    _check_lengths(params)
    if _need(params, "response_type") != "code":
        raise UnsupportedResponseType(Reason.RESPONSE_TYPE)
    if params.get("response_mode", "query") != "query":
        raise InvalidRequest(Reason.RESPONSE_MODE)


def _check_lengths(params: Mapping[str, str]) -> None:
    if any(len(value) > MAX_VALUE_LENGTH for value in params.values()):
        raise InvalidRequest(Reason.VALUE_TOO_LONG)
    # PostgreSQL's text cannot hold it, and no honest client sends it.
    if any("\x00" in value for value in params.values()):
        raise InvalidRequest(Reason.MALFORMED)


def _need(params: Mapping[str, str], name: str) -> str:
    if name not in params:
        raise InvalidRequest(Reason.MISSING_PARAMETER, parameter=name)
    return params[name]


def _challenge(params: Mapping[str, str]) -> str:
    # RFC 7636: an absent method means `plain`, which is refused.
    if "code_challenge" not in params or params.get("code_challenge_method") != "S256":
        raise InvalidRequest(Reason.PKCE_REQUIRED)
    if not pkce.is_challenge(params["code_challenge"]):
        raise InvalidRequest(Reason.PKCE_CHALLENGE)
    return params["code_challenge"]


def _binding(stated_jkt: str | None, proof_jkt: str | None) -> str | None:
    if stated_jkt and proof_jkt and stated_jkt != proof_jkt:
        raise InvalidDpopProof(Reason.DPOP_KEY)
    return stated_jkt or proof_jkt


def _prompts(text: str) -> frozenset[Prompt]:
    words = text.split()
    known = set(Prompt)
    if any(word not in known for word in words):
        raise InvalidRequest(Reason.PROMPT)
    prompts = frozenset(map(Prompt, words))
    if Prompt.NONE in prompts and len(prompts) > 1:
        raise InvalidRequest(Reason.PROMPT)
    return prompts


def _max_age(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise InvalidRequest(Reason.MAX_AGE)
    return int(text)


def read_claims(text: str | None) -> ClaimsRequest:
    """OpenID Connect Core, 5.5. Members that cannot have an effect here are ignored."""
    if text is None:
        return ClaimsRequest()
    try:
        asked = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(Reason.CLAIMS) from error
    if not isinstance(asked, dict):
        raise InvalidRequest(Reason.CLAIMS)
    userinfo, id_token = asked.get("userinfo") or {}, asked.get("id_token") or {}
    if not isinstance(userinfo, dict) or not isinstance(id_token, dict):
        raise InvalidRequest(Reason.CLAIMS)
    return _claims(userinfo, id_token)


def _claims(userinfo: dict[str, object], id_token: dict[str, object]) -> ClaimsRequest:
    acr, sub = id_token.get("acr"), id_token.get("sub")
    acr = acr if isinstance(acr, dict) else {}
    values = acr.get("values", [acr["value"]] if "value" in acr else [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise InvalidRequest(Reason.CLAIMS)
    wanted_sub = sub.get("value") if isinstance(sub, dict) else None
    return ClaimsRequest(
        userinfo=tuple(userinfo),
        auth_time="auth_time" in id_token,
        acr_values=tuple(values),
        is_acr_essential=acr.get("essential") is True,
        sub=wanted_sub if isinstance(wanted_sub, str) else None,
    )


def _is_dataset_scope(scope: str) -> bool:
    return scope.startswith(("dataset:", "purpose:"))


def check_scopes(scopes: Iterable[str], client: Client) -> None:
    for scope in scopes:
        if not _is_dataset_scope(scope) and scope not in client.scopes:
            raise InvalidScope(Reason.SCOPE)


def _details(
    params: Mapping[str, str], scopes: tuple[str, ...], client: Client
) -> tuple[DatasetDetail, ...]:
    check_scopes(scopes, client)
    details = _details_of_scopes(scopes)
    if "authorization_details" in params:
        details += read_details(params["authorization_details"])
    if len(details) > MAX_DETAILS:
        raise InvalidAuthorizationDetails(Reason.DETAIL_MALFORMED)
    for detail in details:
        if detail.name not in client.datasets:
            raise InvalidAuthorizationDetails(Reason.DATASET)
    return tuple(dict.fromkeys(details))


def _details_of_scopes(scopes: tuple[str, ...]) -> tuple[DatasetDetail, ...]:
    """`dataset:name@version … purpose:id`: the purpose goes with every dataset of the request."""
    names = [scope.removeprefix("dataset:") for scope in scopes if scope.startswith("dataset:")]
    purposes = [scope.removeprefix("purpose:") for scope in scopes if scope.startswith("purpose:")]
    if not names and not purposes:
        return ()
    if len(purposes) != 1 or not names:
        raise InvalidScope(Reason.PURPOSE_MISSING)
    details = []
    for name in names:
        dataset, _, version = name.partition("@")
        if not dataset or not (version.isascii() and version.isdigit() and len(version) <= 6):
            raise InvalidScope(Reason.DETAIL_MALFORMED)
        details.append(DatasetDetail(dataset=dataset, version=int(version), purpose=purposes[0]))
    return tuple(details)


def read_details(text: str) -> tuple[DatasetDetail, ...]:
    """RFC 9396. An unknown type or member is refused: whoever asks must know what is granted."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidAuthorizationDetails(Reason.DETAIL_MALFORMED) from error
    if not isinstance(values, list):
        raise InvalidAuthorizationDetails(Reason.DETAIL_MALFORMED)
    return tuple(map(_detail, values))


def _detail(value: object) -> DatasetDetail:
    if not isinstance(value, dict) or value.get("type") != DETAIL_TYPE:
        raise InvalidAuthorizationDetails(Reason.DETAIL_TYPE)
    if value.keys() - {"type", "dataset", "version", "items", "purpose", "until"}:
        raise InvalidAuthorizationDetails(Reason.DETAIL_MALFORMED)
    dataset, version = value.get("dataset"), value.get("version")
    purpose, items = value.get("purpose"), value.get("items", [])
    is_named = isinstance(dataset, str) and dataset and isinstance(purpose, str) and purpose
    is_version = isinstance(version, int) and not isinstance(version, bool) and version > 0
    is_list = isinstance(items, list) and all(isinstance(item, str) for item in items)
    if not (is_named and is_version and is_list):
        raise InvalidAuthorizationDetails(Reason.DETAIL_MALFORMED)
    until = _until(value.get("until"))
    return DatasetDetail(
        dataset=str(dataset),
        version=int(str(version)),
        purpose=str(purpose),
        items=tuple(items),
        until=until,
    )


def _until(value: object) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise InvalidAuthorizationDetails(Reason.DETAIL_MALFORMED) from error


def shape_details(details: Iterable[DatasetDetail]) -> list[dict[str, object]]:
    """Granted details in the standard's form, for token and introspection answers."""
    shaped: list[dict[str, object]] = []
    for detail in details:
        value: dict[str, object] = {
            "type": DETAIL_TYPE,
            "dataset": detail.dataset,
            "version": detail.version,
            "items": list(detail.items),
            "purpose": detail.purpose,
        }
        if detail.until is not None:
            value["until"] = detail.until.isoformat()
        shaped.append(value)
    return shaped
