"""Wallets: opened when first needed, found by the coin sector's pairwise id, forgotten with it."""

from uuid import UUID

from mieone.blocks.coin.model import AccountClass, AccountId, Tier
from mieone.blocks.coin.store import wallets as store
from mieone.core.database import Conn
from mieone.core.ids import uuid7
from mieone.core.keys import KeyRing

_PURPOSE = "coin.holder"


async def find_wallet(conn: Conn, keyring: KeyRing, pairwise: str) -> AccountId | None:
    sealed = await store.find_holder(conn, _token(keyring, pairwise))
    if sealed is None:
        return None
    return AccountId(UUID(bytes=keyring.open_sealed(sealed, _PURPOSE, pairwise)))


async def open_wallet(
    conn: Conn, keyring: KeyRing, pairwise: str, tier: Tier = Tier.T1
) -> AccountId:
    """The holder's one wallet, made now if there is none; safe when two requests come at once."""
    known = await find_wallet(conn, keyring, pairwise)
    if known is not None:
        return known
    account = AccountId(uuid7())
    sealed = keyring.seal(account.bytes, _PURPOSE, pairwise)
    if await store.record_holder(conn, _token(keyring, pairwise), sealed):
        await store.record_account(conn, account, AccountClass.WALLET, tier=tier)
        return account
    made = await find_wallet(conn, keyring, pairwise)
    assert made is not None
    return made


async def forget_wallet(conn: Conn, keyring: KeyRing, pairwise: str) -> bool:
    """Nobody can tell any more whose wallet it was; the ledger's rows stay for the books."""
    return await store.forget_holder(conn, _token(keyring, pairwise))


def _token(keyring: KeyRing, pairwise: str) -> bytes:
    return keyring.search_token("", _PURPOSE, pairwise)
