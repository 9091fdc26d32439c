"""Clients that publish their keys at an address: fetched between transactions, seldom, and bounded."""

from datetime import datetime, timedelta

import httpx

from mieone.core.house import House

from . import store
from .actions.authentication import Knock
from .model import Client
from .problems import BadRegistration, InvalidClient, Reason
from .rules import assertion, clients, jose

FRESH_FOR = timedelta(minutes=10)
NOT_BEFORE = timedelta(seconds=30)
"""An unknown kid may bring us back sooner, but no stranger can make us ask all the time."""

TIMEOUT_S = 3.0
MAX_BYTES = 65_536


async def refresh_keys(house: House, knock: Knock) -> None:
    """Before an assertion is checked: are the keys we know of this client still the right ones?"""
    text = knock.params.get("client_assertion")
    if text is None:
        return
    client_id = assertion.read_client_id(text, None)
    now = house.clock.now()
    async with house.database.transaction() as conn:
        client = await store.find_client(conn, client_id)
        if client is None or client.jwks_uri is None:
            return
        fetched_at = await store.find_keys_fetched_at(conn, client_id)
    if not _is_due(client, text, fetched_at, now):
        return
    keys = await fetch_keys(client.jwks_uri, house.settings.simulators_allowed)

    async with house.database.transaction() as conn:
        await store.record_fetched_keys(conn, client_id, keys, now)


def _is_due(client: Client, text: str, fetched_at: datetime | None, now: datetime) -> bool:
    if fetched_at is None or now - fetched_at > FRESH_FOR:
        return True
    kid = jose.read(text).headers().get("kid")
    is_known = any(key.get("kid") == kid for key in client.keys)
    return not is_known and now - fetched_at > NOT_BEFORE


async def fetch_keys(uri: str, may_use_loopback: bool) -> tuple[dict[str, str], ...]:
    """Raises InvalidClient: without its keys a client cannot be recognised."""
    try:
        clients.check_uri(uri, may_use_loopback)
        async with httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False) as http:
            response = await http.get(uri)
        response.raise_for_status()
        values = response.json()["keys"] if len(response.content) <= MAX_BYTES else []
        return clients.check_keys(values)
    except (httpx.HTTPError, ValueError, KeyError, TypeError, BadRegistration) as error:
        raise InvalidClient(Reason.ASSERTION_KEY) from error
