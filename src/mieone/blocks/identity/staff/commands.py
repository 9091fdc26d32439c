"""`mieone org add` and `mieone officer add`: what a stranger needs to start, printed as JSON."""

import argparse
import sys

import msgspec

from mieone.core.block import Command
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.problems import Problem

from . import actions, sample, store
from .model import Organisation, OrganisationKind, StaffRole

ROLES = {
    "officer": StaffRole.TOWN_OFFICER,
    "head": StaffRole.AUTHORITY_HEAD,
    "association": StaffRole.ASSOCIATION,
}


def print_json(value: object) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def print_problem(problem: Problem) -> int:
    shown = {name: str(value) for name, value in problem.detail.items()}
    print_json({"problem": problem.slug, **shown})
    return 1


def _organisation_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id")
    parser.add_argument("name")
    parser.add_argument("--name-en", default="")
    parser.add_argument(
        "--kind", choices=[str(kind) for kind in OrganisationKind], default="company"
    )


async def add_organisation(house: House, options: argparse.Namespace) -> int:
    organisation = Organisation(
        organisation_id=options.id,
        kind=OrganisationKind(options.kind),
        name=options.name,
        name_en=options.name_en,
    )
    try:
        await run(
            house.database,
            (),
            lambda conn: actions.add_organisation(conn, house, organisation),
        )
    except Problem as problem:
        return print_problem(problem)
    print_json(organisation)
    return 0


def _officer_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "organisation", metavar="TOWN", help="a town's code, or an organisation's id"
    )
    parser.add_argument("name")
    parser.add_argument("--role", choices=sorted(ROLES), default="officer")


async def add_officer(house: House, options: argparse.Namespace) -> int:
    await sample.load_organisations(house)
    organisation_id = await _find_organisation_id(house, options.organisation)
    try:
        opened = await run(
            house.database,
            (),
            lambda conn: actions.open_post(
                conn, house, organisation_id, ROLES[options.role], options.name
            ),
        )
    except Problem as problem:
        return print_problem(problem)
    origin = house.settings.people_origin
    printed = {
        "post_id": str(opened.post.post_id),
        "organisation": organisation_id,
        "role": opened.post.role.value,
        "enrolment_url": f"{origin}/desk/enrol?code={opened.enrolment_code}",
        "enrolment_code": opened.enrolment_code,
    }
    if opened.trial_code is not None:
        printed["trial_sign_in_url"] = f"{origin}/desk/sign-in/code"
        printed["trial_code"] = opened.trial_code
    print_json(printed)
    return 0


async def _find_organisation_id(house: House, named: str) -> str:
    """A town may be named by its code; everything else by its id."""
    async with house.database.transaction() as conn:
        of_town = await store.find_organisation_of_town(conn, named)
    return named if of_town is None else of_town.organisation_id


COMMANDS = (
    Command(
        noun="org",
        verb="add",
        help="register an organisation",
        arguments=_organisation_arguments,
        run=add_organisation,
    ),
    Command(
        noun="officer",
        verb="add",
        help="open a staff post and print its enrolment code",
        arguments=_officer_arguments,
        run=add_officer,
    ),
)
