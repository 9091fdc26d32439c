"""Clients: registered, suspended, closed; and what persons take back from them."""

import secrets
from uuid import UUID

import msgspec
from joserfc.jwk import ECKey

from mieone.blocks.identity.oauth import store
from mieone.blocks.identity.oauth.model import Client, ClientState
from mieone.blocks.identity.oauth.problems import BadRegistration, ClientExists, SectorTaken
from mieone.blocks.identity.oauth.rules import clients
from mieone.core.database import Conn
from mieone.core.problems import NotFound

from .context import Provider


class NewClient(msgspec.Struct, frozen=True, kw_only=True):
    client_id: str
    organisation_id: str
    name: str
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str | None = None
    scopes: tuple[str, ...] = ("openid", "offline_access")
    datasets: tuple[str, ...] = ()
    keys: tuple[dict[str, str], ...] = ()
    jwks_uri: str | None = None
    sector: str | None = None
    may_share_sector: bool = False
    dpop_nonce_required: bool = False


async def register_client(conn: Conn, provider: Provider, new: NewClient) -> Client:
    """Active at once: whoever may run the command, or the approval behind it, has decided."""
    client = _checked(provider, new)
    holder = await store.find_client_of_sector(conn, client.sector)
    if holder not in (None, client.client_id) and not new.may_share_sector:
        raise SectorTaken(sector=client.sector, client=holder)
    if not await store.record_client(conn, client, provider.now):
        raise ClientExists(client=client.client_id)
    return client


def _checked(provider: Provider, new: NewClient) -> Client:
    optional = [uri for uri in (new.backchannel_logout_uri, new.jwks_uri) if uri is not None]
    for uri in [*new.redirect_uris, *new.post_logout_redirect_uris, *optional]:
        clients.check_uri(uri, provider.may_use_loopback)
    keys = clients.check_keys(new.keys)
    if not keys and new.jwks_uri is None:
        raise BadRegistration(value="jwks")
    return Client(
        client_id=new.client_id,
        organisation_id=new.organisation_id,
        name=new.name,
        sector=clients.decide_sector(new.client_id, new.redirect_uris, new.sector),
        state=ClientState.ACTIVE,
        redirect_uris=new.redirect_uris,
        post_logout_redirect_uris=new.post_logout_redirect_uris,
        backchannel_logout_uri=new.backchannel_logout_uri,
        scopes=new.scopes,
        datasets=new.datasets,
        keys=keys,
        jwks_uri=new.jwks_uri,
        dpop_nonce_required=new.dpop_nonce_required,
    )


def make_key_pair() -> tuple[dict[str, str], dict[str, str]]:
    """(private, public): the private one is shown once and kept nowhere."""
    key = ECKey.generate_key("P-256")
    named = {"kid": secrets.token_urlsafe(8), "alg": "ES256", "use": "sig"}
    private = {name: str(value) for name, value in key.as_dict(private=True).items()}
    public = {name: str(value) for name, value in key.as_dict(private=False).items()}
    return {**private, **named}, {**public, **named}


async def change_state(conn: Conn, client_id: str, state: ClientState) -> None:
    """A client that is not active cannot do anything, with old tokens neither."""
    if not await store.record_client_state(conn, client_id, state):
        raise NotFound(what=client_id)


async def raise_epoch(conn: Conn, person_id: UUID, client_id: str) -> int | None:
    """After this every token of the grant is dead; the person may enter again. None: no grant."""
    return await store.raise_epoch(conn, person_id, client_id)


async def end_grant(conn: Conn, provider: Provider, person_id: UUID, client_id: str) -> bool:
    """The person takes back that they ever entered."""
    return await store.end_grant(conn, person_id, client_id, provider.now)
