"""Periodic work of the provider: tell clients about sign-outs, forget what has expired."""

from datetime import timedelta

import httpx

from mieone.core.house import House
from mieone.core.ids import uuid7
from mieone.core.jobs import PeriodicJob

from . import store
from .actions.context import Provider, provider_of, sign
from .model import LogoutDelivery
from .rules import clients, tokens

LEASE = timedelta(seconds=30)
MAX_ATTEMPTS = 8
TIMEOUT_S = 5.0
USED_CODES_KEPT_FOR = timedelta(days=1)


async def deliver_logouts(house: House) -> int:
    """Back-Channel Logout 1.0. Nothing is held while we wait; a dead letter stays to be seen."""
    provider = provider_of(house)
    async with house.database.transaction() as conn:
        due = await store.claim_logout_deliveries(conn, provider.now, provider.now + LEASE)
    async with httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False) as http:
        for delivery in due:
            failure = await _deliver(http, provider, delivery)
            await _record(house, delivery, failure)
    return len(due)


async def _deliver(
    http: httpx.AsyncClient, provider: Provider, delivery: LogoutDelivery
) -> str | None:
    uri = delivery.backchannel_logout_uri
    if uri is None:
        return None
    if clients.is_loopback(uri) and not provider.may_use_loopback:
        return "loopback_not_allowed"
    claims = tokens.logout_token_claims(
        provider.issuer,
        delivery.client_id,
        delivery.sub,
        delivery.sid,
        str(uuid7()),
        provider.now,
    )
    token = sign(provider.keyring, "logout+jwt", claims)
    try:
        response = await http.post(uri, data={"logout_token": token})
    except httpx.HTTPError as error:
        return type(error).__name__
    return None if response.status_code in (200, 204) else f"status_{response.status_code}"


async def _record(house: House, delivery: LogoutDelivery, failure: str | None) -> None:
    now = house.clock.now()
    async with house.database.transaction() as conn:
        if failure is None:
            await store.record_logout_delivered(conn, delivery.delivery_id, now)
            return
        is_over = delivery.attempts >= MAX_ATTEMPTS
        next_at = now + timedelta(seconds=min(2**delivery.attempts, 300))
        state = "dead_letter" if is_over else "retrying"
        await store.record_logout_failure(conn, delivery.delivery_id, state, next_at, failure)


async def forget_expired(house: House) -> int:
    now = house.clock.now()
    async with house.database.transaction() as conn:
        return await store.void_expired(conn, now, now - USED_CODES_KEPT_FOR)


JOBS = (
    PeriodicJob(name="identity.deliver_logouts", every_s=1.0, run=deliver_logouts),
    PeriodicJob(name="identity.forget_expired", every_s=60.0, run=forget_expired),
)
