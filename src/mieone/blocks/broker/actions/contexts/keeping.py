"""What is kept in memory until others were used later: bounded by its size, not only by its number."""

from collections import OrderedDict
from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Kept(Generic[Key, Value]):
    """Weights are bytes, as far as they can be told."""

    def __init__(self, *, most: int, most_weight: int) -> None:
        self._most = most
        self._most_weight = most_weight
        self._held: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self.weight = 0

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: Key) -> Value | None:
        found = self._held.get(key)
        if found is None:
            return None
        self._held.move_to_end(key)
        return found[0]

    def put(self, key: Key, value: Value, weight: int) -> None:
        """Also for what is there and weighs something else by now. Too large a thing is not kept."""
        _, before = self._held.pop(key, (None, 0))
        self.weight -= before
        if weight > self._most_weight:
            return
        self._held[key] = (value, weight)
        self.weight += weight
        while self.weight > self._most_weight or len(self._held) > self._most:
            _, (_, freed) = self._held.popitem(last=False)
            self.weight -= freed

    def values(self) -> Iterable[Value]:
        return [value for value, _ in self._held.values()]

    def clear(self) -> None:
        self._held.clear()
        self.weight = 0
