"""What waits for one subscription, in order, and what may go next."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from mieone.blocks.broker.model import TenantName
from mieone.blocks.broker.store.couriers import Delivery

from .policy import Policy

SCANNED = 64


class Parcel:
    """Goes out as one notification. Several deliveries only where throttling put them together."""

    __slots__ = ("attempts", "deliveries", "keys", "not_before", "notification_id")

    def __init__(self, deliveries: Sequence[Delivery]) -> None:
        first = deliveries[0]
        self.deliveries = list(deliveries)
        self.keys = {one.order_key for one in deliveries}
        self.notification_id: UUID = first.notification_id
        self.attempts = first.attempts
        self.not_before = first.next_at

    @property
    def ids(self) -> list[int]:
        return [one.delivery_id for one in self.deliveries]

    def add(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        self.keys.add(delivery.order_key)

    def keep(self, ids: set[int]) -> None:
        """The others are no longer to be delivered."""
        self.deliveries = [one for one in self.deliveries if one.delivery_id in ids]


class Line:
    """Deliveries of one key go out one after the other, others beside each other."""

    def __init__(self, tenant: TenantName, subscription: str, bucket: int, policy: Policy) -> None:
        self.tenant = tenant
        self.subscription = subscription
        self.bucket = bucket
        self.has_more = False
        """There is more in the table than is held here."""
        self.under_way = 0
        self.next_send_at: datetime | None = None
        """Under throttling."""
        self.unknown_since: datetime | None = None
        self.is_ready = False
        """Stands among those to be looked at."""
        self._policy = policy
        self._waiting: list[Parcel] = []
        self._known: set[int] = set()
        self._busy: set[str] = set()

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def is_empty(self) -> bool:
        return not self._waiting and not self._known and not self.has_more and not self.under_way

    def put(self, delivery: Delivery) -> bool:
        """What is held already is not held twice. Whether it is held anew."""
        if delivery.delivery_id in self._known:
            return False
        if self.has_more or len(self._known) >= self._policy.kept:
            self.has_more = True
            return False
        self.take(delivery)
        return True

    def take(self, delivery: Delivery) -> None:
        """In the order of the table."""
        if delivery.delivery_id in self._known:
            return
        self._known.add(delivery.delivery_id)
        if delivery.attempts:
            for parcel in self._waiting:
                if parcel.notification_id == delivery.notification_id:
                    parcel.add(delivery)
                    return
        self._waiting.append(Parcel([delivery]))

    def forget(self, ids: Sequence[int]) -> None:
        """They are settled in the table."""
        self._known.difference_update(ids)

    def choose(self, now: datetime) -> Parcel | datetime | None:
        """The next to go; or when to ask again; or nothing until something here is finished."""
        if self.next_send_at is not None and self.next_send_at > now:
            return self.next_send_at if self._waiting else None
        if self.under_way >= self._policy.per_line:
            return None
        blocked = set(self._busy)
        wake_at: datetime | None = None
        for place, parcel in enumerate(self._waiting[:SCANNED]):
            if blocked.isdisjoint(parcel.keys) and parcel.not_before <= now:
                del self._waiting[place]
                return parcel
            if blocked.isdisjoint(parcel.keys):
                wake_at = min(wake_at or parcel.not_before, parcel.not_before)
            blocked |= parcel.keys
        return wake_at

    def merge(self, parcel: Parcel, *, by_key: bool) -> list[int]:
        """Under throttling: what waits and was never tried joins this parcel, newest first.

        Returns the ids of what is overtaken. Without `by_key` only the newest of all is told.
        """
        if parcel.attempts:
            return []
        joining = [
            other
            for other in self._waiting
            if not other.attempts and self._busy.isdisjoint(other.keys)
        ]
        newest: dict[str, Delivery] = {}
        for one in (*parcel.deliveries, *(one for other in joining for one in other.deliveries)):
            # Put at the end anew: the order is that of the last change.
            newest.pop(one.order_key if by_key else "", None)
            newest[one.order_key if by_key else ""] = one
        every = [*parcel.deliveries, *(one for other in joining for one in other.deliveries)]
        kept = list(newest.values())[: self._policy.merged]
        told = {one.delivery_id for one in newest.values()}
        held_back = list(newest.values())[self._policy.merged :]
        self._waiting = [other for other in self._waiting if other not in joining]
        self._waiting += [Parcel([one]) for one in held_back]
        parcel.deliveries, parcel.keys = kept, {one.order_key for one in kept}
        parcel.notification_id = kept[0].notification_id
        return [one.delivery_id for one in every if one.delivery_id not in told]

    def start(self, parcel: Parcel) -> None:
        self.under_way += 1
        self._busy |= parcel.keys

    def finish(self, parcel: Parcel) -> None:
        self.under_way -= 1
        self._busy -= parcel.keys

    def put_back(self, parcel: Parcel) -> None:
        """Before everything else of its keys."""
        self._waiting.insert(0, parcel)

    def drop_all(self) -> list[int]:
        """What waits, given up; what is under way is not touched."""
        ids = [one for parcel in self._waiting for one in parcel.ids]
        self._waiting.clear()
        return ids
