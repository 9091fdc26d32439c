"""What the register declares: datasets, what it listens to, commands, and the synthetic residents."""

import argparse
import sys
from pathlib import Path

from mieone.core.block import Block, Command
from mieone.core.database import Conn
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.model import Actor, ActorKind, TownCode
from mieone.core.problems import Problem

from . import actions
from .jobs import JOBS, SUBSCRIPTIONS
from .model import Extent, ImportReport
from .pages import DESK
from .sample import read_sample_people

HERE = Path(__file__).parent
SHOWN_FINDINGS = 100


def block() -> Block:
    """A new declaration, with a provider that belongs to the house it is opened in."""
    provider = actions.RegisterProvider()

    async def start(house: House) -> None:
        provider.open(house)
        await actions.record_captions(house)

    return Block(
        name="registry",
        migrations=HERE / "migrations",
        datasets=provider.datasets(),
        templates=HERE / "templates",
        desk=DESK,
        subscriptions=SUBSCRIPTIONS,
        jobs=JOBS,
        verifiers=(actions.verify_residents, actions.verify_links, actions.verify_matchings),
        commands=(IMPORT, PEOPLE),
        sample=actions.load_sample,
        start=start,
    )


def _import_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="CSV, see docs/formats/register-import.md")
    parser.add_argument("--town", required=True, help="six-digit code of the town")
    parser.add_argument("--changes", action="store_true", help="only those who changed, not all")
    parser.add_argument("--show", action="store_true", help="show the differences, write nothing")


async def _import(house: House, options: argparse.Namespace) -> int:
    """0 every row was taken, 1 some or all were refused, 2 no such town."""
    if not house.region.has_town(options.town):
        sys.stderr.write(f"no town {options.town} in region {house.region.id}\n")
        return 2
    town = TownCode(options.town)
    actor = Actor(kind=ActorKind.OPERATOR, id="operator", towns=frozenset({town}))
    delivery = actions.Delivery(
        town=town,
        content=options.file.read_bytes(),
        source="command",
        extent=Extent.CHANGES if options.changes else Extent.WHOLE,
    )
    try:
        report = await run(
            house.database,
            [town],
            lambda conn: _take(conn, house, actor, delivery, is_shown_only=options.show),
        )
    except Problem as problem:
        told = " ".join(str(value) for value in problem.detail.values())
        sys.stderr.write(f"{problem.slug} {told}\n")
        return 1
    _print_report(report)
    return 1 if report.refused else 0


async def _take(
    conn: Conn,
    house: House,
    actor: Actor,
    delivery: actions.Delivery,
    *,
    is_shown_only: bool,
) -> ImportReport:
    if is_shown_only:
        return await actions.preview_import(conn, house.keyring, house.clock, actor, delivery)
    return await actions.import_register(
        conn, house.keyring, house.clock, house.region, actor, delivery
    )


def _print_report(report: ImportReport) -> None:
    lines = [
        f"rows {report.row_count}  taken {report.taken}  refused {report.refused}",
        f"added {report.added}  changed {report.changed}  removed {report.removed}  "
        f"unchanged {report.unchanged}  kept though missing {report.absent_but_kept}",
    ]
    lines += [
        f"row {one.row}  {one.column or '-'}  {one.reason}  ({one.weight.value})"
        for one in report.findings[:SHOWN_FINDINGS]
    ]
    left_out = len(report.findings) - SHOWN_FINDINGS
    if left_out > 0:
        lines.append(f"… and {left_out} more findings")
    lines += [
        f"{one.kind.value} {one.addressee_number}  {', '.join(field.field for field in one.fields)}"
        for one in report.differences
    ]
    sys.stdout.write("\n".join(lines) + "\n")


def _no_arguments(_parser: argparse.ArgumentParser) -> None:
    return


async def _list_people(house: House, _options: argparse.Namespace) -> int:
    """Synthetic people only: what the simulated card issuer prints on their cards."""
    for one in read_sample_people(house.settings.home):
        sys.stdout.write(f"{one.key}  {one.card_number}  {one.name_on_card}  {one.address}\n")
    return 0


IMPORT = Command(
    noun="registry",
    verb="import",
    help="take a town's register file",
    arguments=_import_arguments,
    run=_import,
)
PEOPLE = Command(
    noun="registry",
    verb="people",
    help="print the synthetic people of the story",
    arguments=_no_arguments,
    run=_list_people,
)
BLOCK = block()
