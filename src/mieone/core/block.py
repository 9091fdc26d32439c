"""What a block declares of itself; main puts the declarations together."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

import msgspec
from litestar import Request, Response
from litestar.datastructures import State
from litestar.types import ASGIApp, ControllerRouterHandler

from mieone.core.chain import Chain
from mieone.core.database import Conn
from mieone.core.jobs import PeriodicJob
from mieone.core.outbox import Subscription
from mieone.core.ports import Dataset
from mieone.core.verify import Finding

if TYPE_CHECKING:
    from mieone.core.house import House


class Retained(msgspec.Struct, frozen=True, kw_only=True):
    """What stays after somebody leaves, because a law says so."""

    what: str
    """Message id."""
    law: str
    until: date | None
    """None while the retention still depends on something open, said in `what`."""


AnyRequest: TypeAlias = "Request[object, object, State]"
Handlers: TypeAlias = Sequence[ControllerRouterHandler]
Verifier: TypeAlias = "Callable[[House, Conn], Awaitable[Sequence[Finding]]]"
"""Reads as the auditor; returns what is wrong, for `mieone verify`."""
Retention: TypeAlias = "Callable[[House, Conn, UUID], Awaitable[Sequence[Retained]]]"
Sample: TypeAlias = "Callable[[House], Awaitable[None]]"
"""Fills the demonstration; safe to run twice; runs in floor order after the migrations."""


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """`mieone <noun> <verb>`; the cli opens the house, runs it and prints what it returns."""

    noun: str
    verb: str
    help: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: "Callable[[House, argparse.Namespace], Awaitable[int]]"


Service: TypeAlias = "Callable[[House, asyncio.Event], Awaitable[None]]"
"""Runs in the worker until the event is set; started again after a failure."""
ProblemForm: TypeAlias = "Callable[[AnyRequest, Exception], Response[bytes]]"

HomeItems: TypeAlias = "Callable[[House, UUID], Awaitable[Sequence[object]]]"
"""person_id → web.HomeItem, what concerns this person now; opens its own transaction."""


class Block(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    migrations: Path | None = None
    templates: Path | None = None
    routes: Handlers = ()
    """JSON for machines, on every origin."""
    pages: Handlers = ()
    """HTML for residents and villagers."""
    desk: Handlers = ()
    shop: Handlers = ()
    developers: Handlers = ()
    simulators: Handlers = ()
    """Never mounted in production."""
    datasets: Sequence[Dataset] = ()
    chains: Sequence[Chain] = ()
    subscriptions: Sequence[Subscription] = ()
    jobs: Sequence[PeriodicJob] = ()
    services: "Sequence[Service]" = ()
    verifiers: "Sequence[Verifier]" = ()
    commands: Sequence[Command] = ()
    sample: "Sample | None" = None
    retention: "Retention | None" = None
    home_items: "HomeItems | None" = None
    my_page: "HomeItems | None" = None
    problem_forms: "Mapping[str, ProblemForm]" = MappingProxyType({})
    """How failures look under a path of a standard, by its beginning."""
    measure: "Callable[[House, Conn], Awaitable[None]] | None" = None
    """Sets the block's gauges before /metrics is read."""
    around: "Callable[[House, ASGIApp], ASGIApp] | None" = None
    """Stands before the whole application: what must come before a route is looked for."""
    start: "Callable[[House], Awaitable[None]] | None" = None
    """Once per process, when the house opens (a flusher, a cache)."""
    stop: "Callable[[House], Awaitable[None]] | None" = None
