"""What waits for one subscription, in order, and what may go next."""

from collections.abc import Sequence
from uuid import UUID

from mieone.blocks.broker.model import TenantName
from mieone.blocks.broker.store.couriers import Delivery

from .policy import Policy

SCANNED = 64


class Parcel:
    """Goes out as one notification. Several deliveries only where throttling put them together."""

    __slots__ = (
        "attempts",
        "deliveries",
        "is_counted_failed",
        "keys",
        "not_before_s",
        "notification_id",
        "overtaken",
    )

    def __init__(self, deliveries: Sequence[Delivery], not_before_s: float = 0.0) -> None:
        first = deliveries[0]
        self.deliveries = list(deliveries)
        self.keys = {one.order_key for one in deliveries}
        self.notification_id: UUID = first.notification_id
        self.attempts = first.attempts
        self.not_before_s = not_before_s
        self.overtaken: list[int] = []
        """Older states that are dropped as this one is claimed."""
        self.is_counted_failed = bool(first.attempts)

    @property
    def ids(self) -> list[int]:
        return [one.delivery_id for one in self.deliveries]

    def add(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        self.keys.add(delivery.order_key)

    @property
    def newest(self) -> int:
        return max(one.delivery_id for one in self.deliveries)

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
        self.next_send_at_s = 0.0
        """Under throttling; repeats do not wait for it."""
        self.is_paced = False
        """It is known when the subscription was told at last, by whatever worker."""
        self.unknown_turn: int | None = None
        """The turn of the book in which its subscription was not there."""
        self.wakes_at_s: float | None = None
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
    def is_unsettled(self) -> bool:
        held = sum(len(one.deliveries) + len(one.overtaken) for one in self._waiting)
        return self.under_way > 0 or len(self._known) > held

    def is_over(self, now_s: float) -> bool:
        """Nothing is here, and nothing to be remembered."""
        return not (self._waiting or self._known or self.has_more or self.under_way) and (
            now_s >= self.next_send_at_s
        )

    def pace(self, next_send_at_s: float | None) -> None:
        """None where nothing is throttled, or it is known."""
        if next_send_at_s is not None and not self.is_paced:
            self.next_send_at_s = max(self.next_send_at_s, next_send_at_s)
            self.is_paced = True

    def put(self, delivery: Delivery, not_before_s: float) -> bool:
        """What is held already is not held twice. Whether it is held anew."""
        if delivery.delivery_id in self._known:
            return False
        if self.has_more or len(self._known) >= self._policy.kept:
            self.has_more = True
            return False
        self.take(delivery, not_before_s)
        return True

    def take(self, delivery: Delivery, not_before_s: float) -> None:
        if delivery.delivery_id in self._known:
            return
        self._known.add(delivery.delivery_id)
        if delivery.attempts:
            for parcel in self._waiting:
                if parcel.notification_id == delivery.notification_id:
                    parcel.add(delivery)
                    return
        self._waiting.insert(self._place(delivery), Parcel([delivery], not_before_s))

    def _place(self, delivery: Delivery) -> int:
        """At the end; what was revived goes before what is newer and of the same key."""
        if delivery.attempts:
            for place, parcel in enumerate(self._waiting):
                if delivery.order_key in parcel.keys and parcel.newest > delivery.delivery_id:
                    return place
        return len(self._waiting)

    def forget(self, ids: Sequence[int]) -> None:
        """They are settled in the table."""
        self._known.difference_update(ids)

    def choose(self, now_s: float, most: int) -> Parcel | float | None:
        """The next to go; or when to ask again; or nothing until something here is finished."""
        if self.under_way >= most:
            return None
        blocked = set(self._busy)
        wake_at_s: float | None = None
        for place, parcel in enumerate(self._waiting[:SCANNED]):
            if blocked.isdisjoint(parcel.keys):
                at_s = parcel.not_before_s
                if not parcel.attempts:
                    at_s = max(at_s, self.next_send_at_s)
                if at_s <= now_s:
                    del self._waiting[place]
                    return parcel
                wake_at_s = at_s if wake_at_s is None else min(wake_at_s, at_s)
            blocked |= parcel.keys
        if wake_at_s is None and not self._waiting and self.next_send_at_s > now_s:
            return self.next_send_at_s
        return wake_at_s

    def merge(self, parcel: Parcel, *, by_key: bool, most: int) -> None:
        """Under throttling: what waits and was never tried joins this parcel, newest first.

        What is overtaken goes with it, to be dropped. Without `by_key` only the newest of all is told.
        """
        if parcel.attempts:
            return
        tried = {key for other in self._waiting if other.attempts for key in other.keys}
        # What is sent already, or is to be repeated first, must not be overtaken.
        blocked = self._busy | tried
        joining = [
            other
            for other in self._waiting
            if not other.attempts and blocked.isdisjoint(other.keys)
        ]
        every = [one for each in (parcel, *joining) for one in each.deliveries]
        newest: dict[str, Delivery] = {}
        for one in every:
            # Put at the end anew: the order is that of the last change.
            newest.pop(one.order_key if by_key else "", None)
            newest[one.order_key if by_key else ""] = one
        told = list(newest.values())
        told_ids = {one.delivery_id for one in told}
        self._waiting = [other for other in self._waiting if other not in joining]
        self._waiting += [Parcel([one]) for one in told[most:]]
        parcel.deliveries = told[:most]
        parcel.keys = {one.order_key for one in parcel.deliveries}
        parcel.notification_id = parcel.deliveries[0].notification_id
        parcel.overtaken += [one for other in joining for one in other.overtaken]
        parcel.overtaken += [one.delivery_id for one in every if one.delivery_id not in told_ids]

    def count_failed(self, parcel: Parcel) -> int:
        """Notifications that fail with this attempt: it, at its first, and those it holds up."""
        failed = [parcel] if not parcel.is_counted_failed else []
        failed += [
            other
            for other in self._waiting
            if not other.is_counted_failed and not parcel.keys.isdisjoint(other.keys)
        ]
        for one in failed:
            one.is_counted_failed = True
        return len(failed)

    def count_well(self) -> None:
        """Failures in a row are over: whoever was held up has not failed yet."""
        for one in self._waiting:
            one.is_counted_failed = bool(one.attempts)

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
        ids = [one for parcel in self._waiting for one in (*parcel.ids, *parcel.overtaken)]
        self._waiting.clear()
        return ids
