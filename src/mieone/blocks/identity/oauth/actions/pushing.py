"""PAR (RFC 9126): a client tells us its request before the browser comes."""

import secrets

from mieone.blocks.identity.oauth import store
from mieone.blocks.identity.oauth.rules import requests, tokens
from mieone.core.database import Conn
from mieone.core.problems import Refusal

from .authentication import Knock, authenticate_client, keep_spent, prove_possession
from .context import Provider


async def push_request(conn: Conn, provider: Provider, knock: Knock) -> str | Refusal:
    """Store a checked request; returns its request_uri."""
    client = await authenticate_client(conn, provider, knock)

    async def act() -> str:
        proof_jkt = None
        if knock.dpop_headers:
            proof_jkt = (await prove_possession(conn, provider, knock, client)).jkt
        request = requests.decide_request(knock.params, client, proof_jkt)
        reference = secrets.token_urlsafe(32)
        expires_at = provider.now + tokens.PUSHED_LIFE
        await store.record_pushed_request(conn, reference, request, provider.now, expires_at)
        return requests.REQUEST_URI_PREFIX + reference

    return await keep_spent(conn, act)
