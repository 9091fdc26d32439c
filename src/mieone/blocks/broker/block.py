"""What the broker declares of itself."""

from collections.abc import Mapping
from pathlib import Path

from litestar import Router
from litestar.di import Provide
from litestar.types import ASGIApp

from mieone.core.block import Block
from mieone.core.house import House

from .actions.commands import COMMANDS
from .actions.declaring import declare_region
from .actions.operating import measure
from .actions.parts import Broker, Parts
from .jobs import delivery, intake
from .jobs.expiry import expiry_job, registrations_job
from .jobs.history import JOBS as HISTORY_JOBS
from .pages.desk import DESK
from .routes import LD, OWN, V2
from .routes.addresses import Addresses, restore_slashes
from .routes.gate import Gate
from .routes.ld_http import render_ld_problem
from .routes.v2_http import render_v2_problem

_HERE = Path(__file__).parent


def block() -> Block:
    parts = Parts()

    def provide_broker(house: House) -> Broker:
        return parts.of(house)

    async def start(house: House) -> None:
        await declare_region(house)
        await parts.of(house).open()

    async def stop(house: House) -> None:
        await parts.of(house).close()

    def around(house: House, app: ASGIApp) -> ASGIApp:
        return Gate(Addresses(app), lambda: parts.of(house))

    provided = {"broker": Provide(provide_broker, sync_to_thread=False)}
    return Block(
        name="broker",
        migrations=_HERE / "migrations",
        templates=_HERE / "templates",
        routes=_make_routers(provided),
        jobs=[expiry_job(parts), registrations_job(parts), *HISTORY_JOBS, *intake.jobs(parts)],
        services=[*intake.services(parts), *delivery.services(parts)],
        desk=[Router(path="/", route_handlers=DESK, dependencies=provided)],
        measure=measure,
        commands=COMMANDS,
        problem_forms={
            "/ngsi-ld/": render_ld_problem,
            "/v2": render_v2_problem,
            "/version": render_v2_problem,
        },
        around=around,
        start=start,
        stop=stop,
    )


def _make_routers(provided: Mapping[str, Provide]) -> list[Router]:
    return [
        Router(
            path="/ngsi-ld/v1",
            route_handlers=LD,
            dependencies=provided,
            before_request=restore_slashes,
            include_in_schema=False,
        ),
        Router(
            path="/",
            route_handlers=V2,
            dependencies=provided,
            before_request=restore_slashes,
            include_in_schema=False,
        ),
        Router(path="/api/broker/v1", route_handlers=OWN, dependencies=provided),
    ]
