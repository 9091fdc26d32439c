"""Where requests of ours may go: nobody makes us knock at doors inside a house.

A URL is looked at when it is given to us (`check_target`), and the address its name has at the moment of
connecting is looked at again (`GuardedResolver`): a name may say another address the second time.
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, TypeAlias
from urllib.parse import SplitResult, urlsplit

import yarl
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from mieone.blocks.broker.problems import BadRequestData
from mieone.core.house import House
from mieone.core.settings import Profile

Address: TypeAlias = IPv4Address | IPv6Address

SCHEMES: Final = frozenset({"http", "https", "mqtt", "mqtts"})
LOOK_UP_S: Final = 2.0
MAX_URL: Final = 2048
METADATA: Final = frozenset(
    ip_address(text)
    for text in ("169.254.169.254", "100.100.100.200", "168.63.129.16", "fd00:ec2::254")
)
"""Where clouds tell a machine its own secrets."""
CARRIER_GRADE: Final = ip_network("100.64.0.0/10")
TRANSLATED: Final = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
"""IPv6 that a gateway turns into IPv4: the inner address is the one that counts."""


class TargetRefused(OSError):
    """Raised at the moment of connecting; a failed delivery like any other."""


async def check_target(house: House, url: str) -> None:
    """Raises BadRequestData for what we must never call. A name nobody knows yet is let through:
    it is looked at again whenever we connect."""
    parts = split_target(url)
    host = parts.hostname or ""
    literal = _find_literal(host)
    if literal is not None:
        addresses: Iterable[Address] = (literal,)
    elif house.settings.profile is Profile.PRODUCTION and _names_this_machine(host):
        raise BadRequestData(f"{host} must not be called from here")
    else:
        addresses = await _look_up(host)
    if not all(is_allowed(house, address) for address in addresses):
        raise BadRequestData(f"{host} must not be called from here")


def split_target(url: str) -> SplitResult:
    """Raises BadRequestData for what is no URL of ours to call."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise BadRequestData("an endpoint must be a URL") from None
    if len(url) > MAX_URL or parts.scheme not in SCHEMES or not parts.hostname:
        raise BadRequestData("an endpoint must be an http, https, mqtt or mqtts URL")
    return parts


def check_literal(house: House, url: str) -> None:
    """Without asking anybody: what a connection whose name is checked by the resolver still needs,
    since no resolver is asked about a number. Raises TargetRefused."""
    hosts = [split_target(url).hostname or ""]
    with contextlib.suppress(ValueError):
        # Digits of other scripts become ours only on the way out.
        hosts.append(yarl.URL(url).raw_host or "")
    for literal in map(_find_literal, hosts):
        if literal is not None and not is_allowed(house, literal):
            raise TargetRefused(f"{literal} must not be called from here")


def is_allowed(house: House, address: Address) -> bool:
    address = _inner(address)
    if (
        address in METADATA
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
    ):
        return False
    if house.settings.profile is not Profile.PRODUCTION:
        # Loopback call-backs and private networks are what demonstrations and suites consist of.
        return True
    if isinstance(address, IPv4Address) and address in CARRIER_GRADE:
        return False
    return address.is_global and not address.is_reserved


async def resolve_allowed(house: House, host: str, port: int) -> str:
    """One address to connect to in place of the name. Raises TargetRefused, OSError."""
    literal = _find_literal(host)
    if literal is not None:
        found = [literal]
    else:
        loop = asyncio.get_running_loop()
        rows = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        found = [ip_address(row[4][0]) for row in rows]
    if not found or not all(is_allowed(house, address) for address in found):
        raise TargetRefused(f"{host} must not be called from here")
    return str(found[0])


class GuardedResolver(AbstractResolver):
    """Hands over only addresses we may call, and those are the ones connected to."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._inner = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        results = await self._inner.resolve(host, port, family)
        for result in results:
            if not is_allowed(self._house, ip_address(result["host"].split("%")[0])):
                raise TargetRefused(f"{host} must not be called from here")
        return results

    async def close(self) -> None:
        await self._inner.close()


async def _look_up(host: str) -> list[Address]:
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError, TimeoutError, UnicodeError):
        rows = await asyncio.wait_for(loop.getaddrinfo(host, None), timeout=LOOK_UP_S)
        return [ip_address(str(row[4][0]).split("%")[0]) for row in rows]
    return []


def _find_literal(host: str) -> Address | None:
    try:
        return ip_address(host.split("%")[0])
    except ValueError:
        pass
    with contextlib.suppress(OSError):
        # 2130706433, 0x7f.1 and 127.1 are addresses too, as the C library reads them.
        return ip_address(socket.inet_aton(host))
    return None


def _names_this_machine(host: str) -> bool:
    name = host.rstrip(".").lower()
    return name == "localhost" or name.endswith((".localhost", ".local", ".internal"))


def _inner(address: Address) -> Address:
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if any(address in network for network in TRANSLATED):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address
