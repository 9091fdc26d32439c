"""How often one visitor may come within a minute, counted in the process that is asked."""

import math
from ipaddress import IPv6Address, ip_address, ip_network

WINDOW_S = 60.0
MAX_VISITORS = 100_000


class Rate:
    """Counts of the running minute; with several server processes each counts its own share."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._counts: dict[str, int] = {}
        self._ends_s = 0.0

    def wait_s(self, visitor: str, now_s: float) -> int:
        """Seconds until the visitor is let in again; 0 lets this request in and counts it."""
        # Whoever comes under a hundred thousand addresses must not fill our memory as well.
        if now_s >= self._ends_s or len(self._counts) >= MAX_VISITORS:
            self._counts.clear()
            self._ends_s = now_s + WINDOW_S
        count = self._counts.get(visitor, 0)
        if count >= self._limit:
            return max(1, math.ceil(self._ends_s - now_s))
        self._counts[visitor] = count + 1
        return 0


def network_of(address: str) -> str:
    """One household has one IPv4 address, or a whole IPv6 network of its own."""
    try:
        found = ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(ip_network((found, 64), strict=False))
    return str(found)
