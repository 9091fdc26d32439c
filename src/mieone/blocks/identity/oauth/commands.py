"""`mieone client add` and its companions: a program's credentials, printed once as JSON."""

import argparse
import json
from pathlib import Path

from mieone.blocks.identity.staff.commands import print_json, print_problem
from mieone.blocks.identity.staff.model import Organisation, OrganisationKind
from mieone.blocks.identity.staff.store import record_organisation
from mieone.core.block import Command
from mieone.core.database import Conn
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.problems import Problem

from .actions import registering
from .actions.context import provider_of, rotate_signing_key
from .model import Client, ClientState
from .problems import BadRegistration
from .rules.discovery import SCOPES


def _client_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="becomes the client_id: lower case, digits, - and _")
    parser.add_argument("--title", default="", help="what people read; the name by default")
    parser.add_argument("--org", default="", help="an organisation's id; made when missing")
    parser.add_argument("--redirect", action="append", default=[], metavar="URI")
    parser.add_argument("--post-logout", action="append", default=[], metavar="URI")
    parser.add_argument("--backchannel-logout", metavar="URI")
    parser.add_argument("--dataset", action="append", default=[], metavar="NAME@VERSION")
    parser.add_argument("--scope", action="append", default=[], help="beside those of sign-in")
    parser.add_argument("--jwks", metavar="FILE", help="public keys; a pair is made without it")
    parser.add_argument("--jwks-uri", metavar="URI")
    parser.add_argument("--sector", help="pairwise sector; the redirect host by default")
    parser.add_argument("--share-sector", action="store_true", help="an approved shared sector")
    parser.add_argument("--require-dpop-nonce", action="store_true")


async def add_client(house: House, options: argparse.Namespace) -> int:
    private, public = registering.make_key_pair()
    has_own_keys = bool(options.jwks or options.jwks_uri)
    try:
        keys = _read_keys(options.jwks) if options.jwks else ()
        new = _new_client(options, keys if has_own_keys else (public,))
        client = await run(house.database, (), lambda conn: _register(conn, house, new))
    except Problem as problem:
        return print_problem(problem)
    print_json(_printed(house, client, None if has_own_keys else private))
    return 0


def _new_client(
    options: argparse.Namespace, keys: tuple[dict[str, str], ...]
) -> registering.NewClient:
    return registering.NewClient(
        client_id=options.name,
        organisation_id=options.org or options.name,
        name=options.title or options.name,
        redirect_uris=tuple(options.redirect),
        post_logout_redirect_uris=tuple(options.post_logout),
        backchannel_logout_uri=options.backchannel_logout,
        scopes=tuple(dict.fromkeys([*SCOPES, "service", *options.scope])),
        datasets=tuple(options.dataset),
        keys=keys,
        jwks_uri=options.jwks_uri,
        sector=options.sector,
        may_share_sector=options.share_sector,
        dpop_nonce_required=options.require_dpop_nonce,
    )


async def _register(conn: Conn, house: House, new: registering.NewClient) -> Client:
    organisation = Organisation(
        organisation_id=new.organisation_id, kind=OrganisationKind.COMPANY, name=new.name
    )
    await record_organisation(conn, organisation, house.clock.now())
    return await registering.register_client(conn, provider_of(house), new)


def _read_keys(path: str) -> tuple[dict[str, str], ...]:
    try:
        content = json.loads(Path(path).read_text("utf-8"))
        return tuple(content.get("keys", [content]))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise BadRegistration(value=path) from error


def _printed(house: House, client: Client, private_jwk: dict[str, str] | None) -> dict[str, object]:
    printed: dict[str, object] = {
        "client_id": client.client_id,
        "issuer": house.settings.machines_origin,
        "ca_file": str(house.settings.home / "ca.pem"),
        "organisation": client.organisation_id,
        "sector": client.sector,
        "redirect_uris": list(client.redirect_uris),
        "scopes": list(client.scopes),
        "datasets": list(client.datasets),
        "token_endpoint_auth_method": "private_key_jwt",
    }
    if private_jwk is not None:
        printed["private_jwk"] = private_jwk
    return printed


def _state_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name")
    parser.add_argument("state", choices=[str(state) for state in ClientState])


async def set_state(house: House, options: argparse.Namespace) -> int:
    state = ClientState(options.state)
    try:
        await run(
            house.database,
            (),
            lambda conn: registering.change_state(conn, options.name, state),
        )
    except Problem as problem:
        return print_problem(problem)
    print_json({"client_id": options.name, "state": state.value})
    return 0


def _no_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing to say."""


async def rotate_keys(house: House, options: argparse.Namespace) -> int:
    print_json({"kid": rotate_signing_key(house.keyring)})
    return 0


COMMANDS = (
    Command(
        noun="client",
        verb="add",
        help="register a program and print its credentials",
        arguments=_client_arguments,
        run=add_client,
    ),
    Command(
        noun="client",
        verb="state",
        help="suspend, close or reopen a program",
        arguments=_state_arguments,
        run=set_state,
    ),
    Command(
        noun="issuer",
        verb="rotate",
        help="sign tokens with a new key; the old one stays published",
        arguments=_no_arguments,
        run=rotate_keys,
    ),
)
