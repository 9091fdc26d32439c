"""The port `Pay`: a town's gift, out of its campaign's budget, in the caller's own transaction."""

from uuid import UUID

from mieone.blocks import identity
from mieone.blocks.coin.model import Command, Grant, OutcomeCode
from mieone.blocks.coin.problems import UnknownCampaign, refusal_of
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.ports import GrantOrder
from mieone.core.problems import KeyReused

from .counter import Counter
from .posting import post
from .wallets import open_wallet

SECTOR = "coin"
_CLIENT = "port:pay"


class GrantsFromBudgets:
    """Implements `core.ports.Pay`."""

    def __init__(self, house: House, counter: Counter) -> None:
        self._house = house
        self._counter = counter

    async def grant(self, conn: Conn, order: GrantOrder) -> UUID:
        """Raises Refused: nothing is kept then, so that the same key can be tried again later.

        Raises KeyReused when the key has paid something else, or somebody else, before.
        """
        ledger = self._counter.of(self._house).ledger
        if all(one.id != order.campaign for one in ledger.configuration.campaigns):
            raise UnknownCampaign(campaign=order.campaign)
        pairwise = await identity.pairwise_id(conn, SECTOR, order.person_id)
        wallet = await open_wallet(conn, self._house.keyring, pairwise)
        command = Command(
            client_id=_CLIENT,
            key=order.key,
            request=Grant(wallet=wallet, campaign=order.campaign, amount_yen=order.amount_yen),
            reason=order.reason,
        )
        (reply,) = await post(conn, ledger, [command])
        if reply.outcome.code is OutcomeCode.KEY_CONFLICT:
            raise KeyReused
        if reply.outcome.transfer_id is None:
            raise refusal_of(reply.outcome)
        return reply.outcome.transfer_id
