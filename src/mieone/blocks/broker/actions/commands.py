"""What an operator does from the command line: tenants and API keys."""

import argparse
import sys
from collections.abc import Sequence
from datetime import timedelta

from mieone.blocks.broker.model import Quota, Tenant, TenantName
from mieone.blocks.broker.store.keys import revoke_key
from mieone.blocks.broker.store.tenants import declare_tenants, set_quota
from mieone.core.block import Command
from mieone.core.house import House

from .keys import issue_key


async def _add_tenant(house: House, options: argparse.Namespace) -> int:
    quota = Quota(
        writes_per_s=options.writes,
        reads_per_s=options.reads,
        at_once=options.at_once,
        entities=options.entities,
        instances=options.instances,
    )
    tenant = Tenant(name=TenantName(options.name), title=options.title, quota=quota)
    async with house.database.transaction() as conn:
        await declare_tenants(conn, [tenant])
        # Declaring leaves the quota of a tenant that is there already; who types one means it.
        await set_quota(conn, tenant.name, quota)
    _say(f"tenant {options.name}: requests may name it within seconds, nothing restarts")
    return 0


async def _add_key(house: House, options: argparse.Namespace) -> int:
    until = house.clock.now() + timedelta(days=options.days)
    async with house.database.transaction() as conn:
        key = await issue_key(conn, options.tenant, options.title, until)
    _say(
        f"{key}\nshown this once; it may write open data of {options.tenant} until {until:%Y-%m-%d}"
    )
    return 0


async def _revoke_key(house: House, options: argparse.Namespace) -> int:
    async with house.database.transaction() as conn:
        count = await revoke_key(conn, options.tenant, options.prefix, house.clock.now())
    _say(f"{count} revoked")
    return 0 if count else 1


def _tenant_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="lower-case letters, digits and _, at most 50")
    parser.add_argument("title", help="as its own people call it")
    usual = Quota()
    parser.add_argument(
        "--writes", type=float, default=usual.writes_per_s, help="entities a second"
    )
    parser.add_argument("--reads", type=float, default=usual.reads_per_s, help="requests a second")
    parser.add_argument("--at-once", type=int, default=usual.at_once, help="requests under way")
    parser.add_argument("--entities", type=int, default=usual.entities, help="how many it may hold")
    parser.add_argument("--instances", type=int, default=usual.instances, help="in its history")


def _key_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tenant")
    parser.add_argument("title", help="who holds it, for what")
    parser.add_argument("--days", type=int, default=365)


def _revoke_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tenant")
    parser.add_argument("prefix", help="its first 12 characters")


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
