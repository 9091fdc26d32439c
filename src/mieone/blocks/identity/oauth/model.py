"""The words of the OpenID Provider: clients, requests, grants, tokens, callers."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from mieone.core.sessions import Acr


class ClientState(StrEnum):
    REGISTERED = "registered"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation's program. Its purposes and rights are the `Service` of another block."""

    client_id: str
    organisation_id: str
    name: str
    sector: str
    state: ClientState
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str | None = None
    scopes: tuple[str, ...] = ("openid",)
    datasets: tuple[str, ...] = ()
    """`name@version` of every dataset this client may ask for."""
    keys: tuple[dict[str, str], ...] = ()
    """Public JSON Web Keys, inline or as last fetched from `jwks_uri`."""
    jwks_uri: str | None = None
    dpop_nonce_required: bool = False


class DatasetDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One thing asked for at sign-in (RFC 9396, type `mieone_dataset`)."""

    dataset: str
    version: int
    purpose: str
    items: tuple[str, ...] = ()
    """Empty means every item of the dataset."""
    until: date | None = None

    @property
    def name(self) -> str:
        return f"{self.dataset}@{self.version}"


class ClaimsRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What the `claims` parameter asked, as far as it can have an effect here."""

    userinfo: tuple[str, ...] = ()
    auth_time: bool = False
    acr_values: tuple[str, ...] = ()
    is_acr_essential: bool = False
    sub: str | None = None


class Prompt(StrEnum):
    NONE = "none"
    LOGIN = "login"
    CONSENT = "consent"
    SELECT_ACCOUNT = "select_account"


class AuthorizationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A pushed request after every check that needs no person."""

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    code_challenge: str
    state: str | None = None
    nonce: str | None = None
    dpop_jkt: str | None = None
    prompts: frozenset[Prompt] = frozenset()
    max_age_s: int | None = None
    acr_values: tuple[str, ...] = ()
    claims: ClaimsRequest = ClaimsRequest()
    id_token_hint: str | None = None
    ui_locales: str | None = None
    details: tuple[DatasetDetail, ...] = ()

    @property
    def asks_auth_time(self) -> bool:
        return self.max_age_s is not None or self.claims.auth_time


class PushedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request waiting for its person. `reference` is the last part of its request_uri."""

    request: AuthorizationRequest
    pushed_at: datetime
    expires_at: datetime
    opened_at: datetime | None = None
    """First time a browser brought it; from here the person may take their time."""
    open_until: datetime | None = None
    stepped_up_at: datetime | None = None
    agreed_by: UUID | None = None
    """The person who pressed "enter" on our sheet."""
    used_at: datetime | None = None


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """The person at the browser, and how and when they proved it."""

    person_id: UUID
    session_digest: bytes
    authenticated_at: datetime
    acr: Acr
    """A card that signed too long ago counts as a passkey."""


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What a person allowed a client. `epoch` rises with every revocation; older tokens are dead."""

    grant_id: UUID
    person_id: UUID
    client_id: str
    epoch: int
    scopes: tuple[str, ...]
    details: tuple[DatasetDetail, ...] = ()


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """What the token endpoint must know about a code it is handed."""

    code_hash: bytes
    client_id: str
    redirect_uri: str
    code_challenge: str
    grant_id: UUID
    grant_epoch: int
    expires_at: datetime
    scopes: tuple[str, ...]
    sub: str
    sid: str
    acr: Acr
    authenticated_at: datetime
    dpop_jkt: str | None = None
    nonce: str | None = None
    asks_auth_time: bool = False
    userinfo_claims: tuple[str, ...] = ()
    details: tuple[DatasetDetail, ...] = ()
    used_at: datetime | None = None


class TokenKind(StrEnum):
    ACCESS = "access"
    REFRESH = "refresh"


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A stored token, joined with what decides whether it still lives."""

    kind: TokenKind
    token_hash: bytes
    client_id: str
    organisation_id: str
    sector: str
    scopes: tuple[str, ...]
    jkt: str
    issued_at: datetime
    expires_at: datetime
    grant_id: UUID | None = None
    person_id: UUID | None = None
    epoch: int = 0
    sub: str | None = None
    sid: str | None = None
    acr: Acr | None = None
    authenticated_at: datetime | None = None
    userinfo_claims: tuple[str, ...] = ()
    details: tuple[DatasetDetail, ...] = ()
    code_hash: bytes | None = None


class IssuedTokens(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The token endpoint's answer, in the standard's own words."""

    access_token: str
    expires_in: int
    token_type: str
    scope: str = ""
    refresh_token: str | None = None
    id_token: str | None = None
    authorization_details: list[dict[str, object]] | None = None


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """The program behind a request to a machine entrance, and for whom it speaks, if anyone."""

    client_id: str
    organisation_id: str
    sector: str
    scopes: frozenset[str]
    person_id: UUID | None = None
    """Only for rules below the edge: callers themselves know the person by `sub` alone."""
    sub: str | None = None
    grant_id: UUID | None = None
    epoch: int = 0
    acr: Acr | None = None
    authenticated_at: datetime | None = None
    userinfo_claims: tuple[str, ...] = ()
    details: tuple[DatasetDetail, ...] = ()


class DpopProof(msgspec.Struct, frozen=True, kw_only=True):
    """A proof that passed every check that needs no memory; its jti is still to be spent."""

    jkt: str
    jti: str


class Assertion(msgspec.Struct, frozen=True, kw_only=True):
    """A client assertion that passed every check but the one for replay."""

    client_id: str
    jti: str
    expires_at: datetime


class LogoutRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A checked wish of a client that its person sign out here."""

    client_id: str | None = None
    sid: str | None = None
    redirect_uri: str | None = None
    """With `state` already in its query."""


class LogoutDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A logout token on its way to a client."""

    delivery_id: UUID
    client_id: str
    sub: str
    sid: str
    attempts: int
    backchannel_logout_uri: str | None


class GrantShown(msgspec.Struct, frozen=True, kw_only=True):
    """A service the person entered, for their own page."""

    grant_id: UUID
    client_id: str
    name: str
    organisation_id: str
    epoch: int
    scopes: tuple[str, ...]
    details: tuple[DatasetDetail, ...]
    granted_at: datetime
