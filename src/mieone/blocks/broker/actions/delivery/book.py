"""The subscriptions of all tenants, as a worker knows them."""

from mieone.blocks.broker.model import Subscription, TenantName
from mieone.blocks.broker.store.subscriptions import list_all_subscriptions, list_epochs
from mieone.core.database import Conn


class Book:
    def __init__(self) -> None:
        self._epochs: dict[TenantName, int] = {}
        self.turn = 0
        """How often it was read again."""
        self.subscriptions: dict[tuple[TenantName, str], Subscription] = {}

    async def refresh(self, conn: Conn) -> set[TenantName]:
        """Read again the tenants whose epoch is another; returns which.

        After deliveries were read: whose subscription is not here then is gone.
        """
        epochs = await list_epochs(conn)
        stale = {name for name, epoch in epochs.items() if self._epochs.get(name) != epoch}
        for tenant in stale:
            found = await list_all_subscriptions(conn, tenant)
            kept = {key: one for key, one in self.subscriptions.items() if key[0] != tenant}
            self.subscriptions = kept | {(tenant, one.id): one for one in found}
            self._epochs[tenant] = epochs[tenant]
        self.turn += 1
        return stale

    def find(self, tenant: TenantName, subscription: str) -> Subscription | None:
        return self.subscriptions.get((tenant, subscription))

    def put(self, tenant: TenantName, subscription: Subscription) -> None:
        """As this worker has just changed it."""
        self.subscriptions[tenant, subscription.id] = subscription
