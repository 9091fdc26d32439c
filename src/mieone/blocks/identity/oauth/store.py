"""One function runs one statement; values that open something are stored as their SHA-256."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from mieone.core.database import Conn
from mieone.core.queries import load_queries

from .model import (
    AuthorizationRequest,
    Client,
    ClientState,
    Code,
    DatasetDetail,
    Grant,
    GrantShown,
    LogoutDelivery,
    LogoutRequest,
    PushedRequest,
    Token,
    TokenKind,
)

QUERIES = load_queries(Path(__file__).parent / "queries.sql")


def digest(value: str) -> bytes:
    """Ours are random and long, so a plain hash tells nobody anything."""
    return hashlib.sha256(value.encode()).digest()


async def find_client(conn: Conn, client_id: str) -> Client | None:
    row = await conn.fetchrow(QUERIES["find_client"], client_id)
    return None if row is None else msgspec.convert(dict(row.items()), Client)


async def list_clients(conn: Conn, after: str, limit: int) -> list[Client]:
    rows = await conn.fetch(QUERIES["list_clients"], after, limit)
    return msgspec.convert([dict(row.items()) for row in rows], list[Client])


async def record_client(conn: Conn, client: Client, now: datetime) -> bool:
    """False when the name is taken."""
    recorded = await conn.fetchval(
        QUERIES["record_client"],
        client.client_id,
        client.organisation_id,
        client.name,
        client.sector,
        client.state,
        client.redirect_uris,
        client.post_logout_redirect_uris,
        client.backchannel_logout_uri,
        client.scopes,
        client.datasets,
        client.keys,
        client.jwks_uri,
        client.dpop_nonce_required,
        now,
    )
    return recorded is not None


async def record_client_state(conn: Conn, client_id: str, state: ClientState) -> bool:
    return await conn.fetchval(QUERIES["record_client_state"], client_id, state) is not None


async def find_client_of_sector(conn: Conn, sector: str) -> str | None:
    found: str | None = await conn.fetchval(QUERIES["find_client_of_sector"], sector)
    return found


async def find_keys_fetched_at(conn: Conn, client_id: str) -> datetime | None:
    found: datetime | None = await conn.fetchval(QUERIES["find_keys_fetched_at"], client_id)
    return found


async def record_fetched_keys(
    conn: Conn, client_id: str, keys: Sequence[dict[str, str]], now: datetime
) -> None:
    await conn.execute(QUERIES["record_fetched_keys"], client_id, keys, now)


async def spend_value(conn: Conn, kind: str, holder: str, value: str, expires_at: datetime) -> bool:
    """False when it was spent before."""
    spent = await conn.fetchval(QUERIES["spend_value"], kind, holder, digest(value), expires_at)
    return spent is True


async def record_pushed_request(
    conn: Conn, reference: str, request: AuthorizationRequest, now: datetime, expires_at: datetime
) -> None:
    await conn.execute(
        QUERIES["record_pushed_request"],
        digest(reference),
        request.client_id,
        msgspec.to_builtins(request),
        now,
        expires_at,
    )


async def lock_pushed_request(conn: Conn, reference: str) -> PushedRequest | None:
    """Held until the transaction ends: of two tabs only one gets the code."""
    row = await conn.fetchrow(QUERIES["lock_pushed_request"], digest(reference))
    return None if row is None else msgspec.convert(dict(row.items()), PushedRequest)


async def record_opening(conn: Conn, reference: str, now: datetime, open_until: datetime) -> None:
    await conn.execute(QUERIES["record_opening"], digest(reference), now, open_until)


async def record_step_up(conn: Conn, reference: str, now: datetime) -> None:
    await conn.execute(QUERIES["record_step_up"], digest(reference), now)


async def record_agreement(conn: Conn, reference: str, person_id: UUID) -> None:
    await conn.execute(QUERIES["record_agreement"], digest(reference), person_id)


async def record_use(conn: Conn, reference: str, now: datetime) -> None:
    await conn.execute(QUERIES["record_use"], digest(reference), now)


async def find_living_grant(conn: Conn, person_id: UUID, client_id: str) -> Grant | None:
    row = await conn.fetchrow(QUERIES["find_living_grant"], person_id, client_id)
    return None if row is None else msgspec.convert(dict(row.items()), Grant)


async def record_grant(conn: Conn, grant: Grant, now: datetime) -> Grant:
    """The living one of this person and client, old or new."""
    row = await conn.fetchrow(
        QUERIES["record_grant"],
        grant.grant_id,
        grant.person_id,
        grant.client_id,
        grant.scopes,
        _details(grant.details),
        now,
    )
    return msgspec.convert(dict(row.items()) if row else None, Grant)


async def raise_epoch(conn: Conn, person_id: UUID, client_id: str) -> int | None:
    epoch: int | None = await conn.fetchval(QUERIES["raise_epoch"], person_id, client_id)
    return epoch


async def raise_epoch_of_grant(conn: Conn, grant_id: UUID) -> int | None:
    epoch: int | None = await conn.fetchval(QUERIES["raise_epoch_of_grant"], grant_id)
    return epoch


async def end_grant(conn: Conn, person_id: UUID, client_id: str, now: datetime) -> bool:
    return await conn.fetchval(QUERIES["end_grant"], person_id, client_id, now) is not None


async def end_grants_of_person(conn: Conn, person_id: UUID, now: datetime) -> None:
    await conn.execute(QUERIES["end_grants_of_person"], person_id, now)


async def list_grants_of_person(conn: Conn, person_id: UUID) -> list[GrantShown]:
    rows = await conn.fetch(QUERIES["list_grants_of_person"], person_id)
    return msgspec.convert([dict(row.items()) for row in rows], list[GrantShown])


async def list_orphan_grants(conn: Conn) -> list[UUID]:
    return [row["grant_id"] for row in await conn.fetch(QUERIES["list_orphan_grants"])]


async def list_dead_logouts(conn: Conn) -> list[UUID]:
    return [row["delivery_id"] for row in await conn.fetch(QUERIES["list_dead_logouts"])]


async def record_client_session(
    conn: Conn, sid: str, client_id: str, sub: str, session_digest: bytes, now: datetime
) -> str:
    """The sid of this session at this client: the one it has, or the new one."""
    known: str = await conn.fetchval(
        QUERIES["record_client_session"], sid, client_id, sub, session_digest, now
    )
    return known


async def find_session_of_sid(conn: Conn, sid: str, client_id: str) -> bytes | None:
    found: bytes | None = await conn.fetchval(QUERIES["find_session_of_sid"], sid, client_id)
    return found


async def end_client_sessions(
    conn: Conn, session_digest: bytes, now: datetime
) -> list[tuple[str, str, str]]:
    """(sid, client_id, sub) of every client that knew the session."""
    rows = await conn.fetch(QUERIES["end_client_sessions"], session_digest, now)
    return [(row["sid"], row["client_id"], row["sub"]) for row in rows]


async def record_code(conn: Conn, code: Code, now: datetime) -> None:
    await conn.execute(
        QUERIES["record_code"],
        code.code_hash,
        code.client_id,
        code.grant_id,
        code.grant_epoch,
        code.redirect_uri,
        code.code_challenge,
        code.dpop_jkt,
        code.nonce,
        code.scopes,
        code.sub,
        code.sid,
        code.acr,
        code.authenticated_at,
        code.asks_auth_time,
        code.userinfo_claims,
        _details(code.details),
        now,
        code.expires_at,
    )


async def lock_code(conn: Conn, code: str) -> Code | None:
    """Held until the transaction ends: two exchanges cannot both be the first."""
    row = await conn.fetchrow(QUERIES["lock_code"], digest(code))
    return None if row is None else msgspec.convert(dict(row.items()), Code)


async def is_grant_at_epoch(conn: Conn, grant_id: UUID, epoch: int) -> bool:
    return await conn.fetchval(QUERIES["is_grant_at_epoch"], grant_id, epoch) is True


async def record_code_use(conn: Conn, code_hash: bytes, now: datetime) -> None:
    await conn.execute(QUERIES["record_code_use"], code_hash, now)


async def void_tokens_of_code(conn: Conn, code_hash: bytes, now: datetime) -> None:
    await conn.execute(QUERIES["void_tokens_of_code"], code_hash, now)


async def record_token(conn: Conn, token: Token) -> None:
    await conn.execute(
        QUERIES["record_token"],
        token.token_hash,
        token.kind,
        token.client_id,
        token.grant_id,
        token.epoch,
        token.scopes,
        token.jkt,
        token.sub,
        token.sid,
        token.acr,
        token.authenticated_at,
        token.userinfo_claims,
        _details(token.details),
        token.code_hash,
        token.issued_at,
        token.expires_at,
    )


async def find_live_token(
    conn: Conn, token: str, kinds: Sequence[TokenKind], now: datetime
) -> Token | None:
    row = await conn.fetchrow(QUERIES["find_live_token"], digest(token), list(kinds), now)
    return None if row is None else msgspec.convert(dict(row.items()), Token)


async def void_token(
    conn: Conn, token: str, client_id: str, now: datetime
) -> tuple[TokenKind, UUID | None] | None:
    row = await conn.fetchrow(QUERIES["void_token"], digest(token), client_id, now)
    return None if row is None else (TokenKind(row["kind"]), row["grant_id"])


async def record_logout_request(
    conn: Conn, reference: str, request: LogoutRequest, expires_at: datetime
) -> None:
    await conn.execute(
        QUERIES["record_logout_request"],
        digest(reference),
        request.client_id,
        request.sid,
        request.redirect_uri,
        expires_at,
    )


async def find_logout_request(conn: Conn, reference: str, now: datetime) -> LogoutRequest | None:
    row = await conn.fetchrow(QUERIES["find_logout_request"], digest(reference), now)
    return None if row is None else msgspec.convert(dict(row.items()), LogoutRequest)


async def record_logout_delivery(
    conn: Conn, delivery_id: UUID, client_id: str, sub: str, sid: str, now: datetime
) -> None:
    await conn.execute(QUERIES["record_logout_delivery"], delivery_id, client_id, sub, sid, now)


async def claim_logout_deliveries(
    conn: Conn, now: datetime, leased_until: datetime
) -> list[LogoutDelivery]:
    rows = await conn.fetch(QUERIES["claim_logout_deliveries"], now, leased_until)
    return msgspec.convert([dict(row.items()) for row in rows], list[LogoutDelivery])


async def record_logout_delivered(conn: Conn, delivery_id: UUID, now: datetime) -> None:
    await conn.execute(QUERIES["record_logout_delivered"], delivery_id, now)


async def record_logout_failure(
    conn: Conn, delivery_id: UUID, state: str, next_at: datetime, error: str
) -> None:
    await conn.execute(QUERIES["record_logout_failure"], delivery_id, state, next_at, error)


async def void_expired(conn: Conn, now: datetime, codes_before: datetime) -> int:
    """Used codes stay longer than they live, so that a late reuse is still recognised."""
    limits = {
        "void_spent_values": now,
        "void_old_codes": codes_before,
        "void_old_tokens": codes_before,
        "void_old_pushed_requests": codes_before,
        "void_old_logout_requests": now,
    }
    removed = [await conn.execute(QUERIES[name], limit) for name, limit in limits.items()]
    return sum(int(status.rsplit(" ", 1)[1]) for status in removed)


def _details(details: Sequence[DatasetDetail]) -> list[object]:
    return [msgspec.to_builtins(detail) for detail in details]
