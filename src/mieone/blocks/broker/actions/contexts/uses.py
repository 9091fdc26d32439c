"""How often each context is used: counted here, brought to the store in bulk."""

from datetime import datetime

from mieone.blocks.broker.store.contexts import Use, record_use
from mieone.core.database import Database


class Uses:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._pending: dict[str, Use] = {}

    def count(self, keys: tuple[str, ...], at: datetime) -> None:
        for key in keys:
            known = self._pending.get(key)
            self._pending[key] = Use(1 if known is None else known.hits + 1, at)

    def with_pending(self, key: str, stored: Use | None) -> Use | None:
        pending = self._pending.get(key)
        if pending is None or stored is None:
            return pending or stored
        return Use(stored.hits + pending.hits, max(stored.used_at, pending.used_at))

    def forget(self, key: str) -> None:
        self._pending.pop(key, None)

    async def flush(self) -> None:
        pending, self._pending = self._pending, {}
        if not pending:
            return
        try:
            async with self._database.transaction() as conn:
                await record_use(conn, pending)
        except BaseException:
            for key, use in pending.items():
                later = self._pending.get(key, Use(0, use.used_at))
                self._pending[key] = Use(later.hits + use.hits, later.used_at)
            raise
