"""What an operator does from the command line: tenants and API keys."""

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

import msgspec

from mieone.blocks.broker.model import Quota, Tenant, TenantName
from mieone.blocks.broker.store.keys import list_keys, revoke_key
from mieone.blocks.broker.store.tenants import declare_tenants, find_tenant, list_tenants, set_quota
from mieone.core.block import Command
from mieone.core.database import Conn
from mieone.core.house import House

from .keys import issue_key

_NAME: Final = re.compile("[a-z0-9_]{1,50}")
_QUOTAS: Final = {
    "writes": ("writes_per_s", "entities a second"),
    "reads": ("reads_per_s", "requests a second"),
    "at-once": ("at_once", "requests under way"),
    "entities": ("entities", "how many it may hold"),
    "instances": ("instances", "in its history"),
    "subscriptions": ("subscriptions", "how many it may have"),
    "registrations": ("registrations", "how many it may have"),
    "contexts": ("contexts", "how many it may keep here"),
}
"""What may be typed, with the field it sets."""
_LONGEST_DAYS: Final = 3660


async def _add_tenant(house: House, options: argparse.Namespace) -> int:
    typed = {
        field: getattr(options, field)
        for field, _ in _QUOTAS.values()
        if getattr(options, field) is not None
    }
    async with house.database.transaction() as conn:
        known = await find_tenant(conn, options.name)
        quota = msgspec.structs.replace(Quota() if known is None else known.quota, **typed)
        tenant = Tenant(name=TenantName(options.name), title=options.title, quota=quota)
        await declare_tenants(conn, [tenant])
        # Declaring leaves the quota of a tenant that is there already; who types one means it.
        await set_quota(conn, tenant.name, quota)
    _say(f"tenant {options.name}: requests may name it within seconds, nothing restarts")
    return 0


async def _list_tenants(house: House, _options: argparse.Namespace) -> int:
    async with house.database.transaction() as conn:
        tenants = await list_tenants(conn)
    for tenant in tenants:
        quota = " ".join(
            f"{name}={getattr(tenant.quota, field):.15g}" for name, (field, _) in _QUOTAS.items()
        )
        _say(f"{tenant.name}\t{tenant.title}\t{quota}")
    return 0


async def _add_key(house: House, options: argparse.Namespace) -> int:
    until = house.clock.now() + timedelta(days=options.days)
    async with house.database.transaction() as conn:
        if not await _is_known(conn, options.tenant):
            return 1
        key = await issue_key(conn, options.tenant, options.title, until)
    _say(
        f"{key}\nshown this once; it may write open data of {options.tenant} until {until:%Y-%m-%d}"
    )
    return 0


async def _list_keys(house: House, options: argparse.Namespace) -> int:
    async with house.database.transaction() as conn:
        if not await _is_known(conn, options.tenant):
            return 1
        keys = await list_keys(conn, options.tenant)
    now = house.clock.now()
    for key in keys:
        until = "" if key.valid_until is None else f"{key.valid_until:%Y-%m-%d}"
        _say(f"{key.prefix}\t{key.title}\t{key.find_state(now)}\t{until}")
    return 0


async def _revoke_key(house: House, options: argparse.Namespace) -> int:
    async with house.database.transaction() as conn:
        count = await revoke_key(conn, options.tenant, options.prefix, house.clock.now())
    _say(f"{count} revoked")
    return 0 if count else 1


async def _is_known(conn: Conn, name: str) -> bool:
    if await find_tenant(conn, name) is not None:
        return True
    sys.stderr.write(f"mieone: no tenant is called {name}; `mieone tenant list` names them\n")
    return False


def _tenant_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", type=_tenant_name, help="a-z, 0-9 and _, at most 50 characters")
    parser.add_argument("title", help="as its own people call it")
    usual = Quota()
    for name, (field, what) in _QUOTAS.items():
        standard = getattr(usual, field)
        parser.add_argument(
            f"--{name}",
            dest=field,
            type=_at_least_one(type(standard)),
            help=f"{what}; {standard:.15g} for a new tenant",
        )


def _tenant_name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not of a-z, 0-9 and _, or is too long")
    return text


def _at_least_one(kind: type[int] | type[float]) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            number = kind(text)
        except ValueError:
            number = kind(0)
        if not 1 <= number <= 1e12:
            raise argparse.ArgumentTypeError(f"{text!r} is no number from 1")
        return number

    return read


def _days(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _LONGEST_DAYS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days from 1 to {_LONGEST_DAYS}")
    return int(text)


def _key_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tenant", type=_tenant_name)
    parser.add_argument("title", help="who holds it, for what")
    parser.add_argument("--days", type=_days, default=365)


def _list_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tenant", type=_tenant_name)


def _revoke_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tenant", type=_tenant_name)
    parser.add_argument("prefix", help="its first 12 characters")


def _no_arguments(_parser: argparse.ArgumentParser) -> None:
    """Takes none."""


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


COMMANDS: Sequence[Command] = (
    Command(
        noun="tenant",
        verb="add",
        help="declare a tenant of the context broker, or give it other quotas",
        arguments=_tenant_arguments,
        run=_add_tenant,
    ),
    Command(
        noun="tenant",
        verb="list",
        help="name the tenants with their quotas",
        arguments=_no_arguments,
        run=_list_tenants,
    ),
    Command(
        noun="broker-key",
        verb="list",
        help="name the API keys of a tenant, newest first",
        arguments=_list_arguments,
        run=_list_keys,
    ),
    Command(
        noun="broker-key",
        verb="add",
        help="issue an API key that may write open data of a tenant",
        arguments=_key_arguments,
        run=_add_key,
    ),
    Command(
        noun="broker-key",
        verb="revoke",
        help="end an API key",
        arguments=_revoke_arguments,
        run=_revoke_key,
    ),
)
