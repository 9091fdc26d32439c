"""The command line: `mieone up`, and what an operator does beside it."""

import argparse
import asyncio
import contextlib
import os
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path

import asyncpg

from mieone import main as composition
from mieone.blocks import identity
from mieone.core.backup import BackupError, make_backup, restore_backup
from mieone.core.block import Command
from mieone.core.cluster import ClusterError, HomeLock
from mieone.core.dead_letters import deliver_again, list_dead
from mieone.core.house import House
from mieone.core.keys import KeyRing
from mieone.core.log import configure_logging
from mieone.core.problems import Problem
from mieone.core.reach import reached
from mieone.core.roles import RolesError, database_script, load_credentials, rotate_passwords
from mieone.core.schema import SchemaChanged, migrate
from mieone.core.server_account import AccountError
from mieone.core.settings import Settings, SettingsError
from mieone.core.supervisor import NotReady, PortTaken
from mieone.reopening import reopen
from mieone.tour import TourNotPossible, tour
from mieone.up import load_samples, say, up
from mieone.verifying import verify
from mieone.web import AssetsMissingError

_EXPECTED = (
    AccountError,
    AssetsMissingError,
    BackupError,
    ClusterError,
    NotReady,
    RolesError,
    SchemaChanged,
    SettingsError,
    TourNotPossible,
)


def main(arguments: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Returns the exit code: 0 done, 1 it could not be done, 2 asked for wrongly."""
    options = _parser().parse_args(arguments)
    configure_logging()
    try:
        settings = Settings.from_environment(os.environ if environ is None else environ)
        run: Callable[[Settings, argparse.Namespace], int] = options.run
        return run(settings, options)
    except PortTaken as taken:
        _complain(f"{taken} is in use by another program: stop it or choose another number")
    except SettingsError as error:
        _complain(str(error))
        return 2
    except Problem as problem:
        _complain(f"{problem.slug} {problem.detail}")
    except _EXPECTED as error:
        _complain(str(error) or type(error).__name__)
    except (OSError, asyncpg.PostgresConnectionError) as error:
        _complain(f"{type(error).__name__}: {error}")
    except KeyboardInterrupt:
        return 130
    return 1


def _complain(text: str) -> None:
    sys.stderr.write(f"mieone: {text}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mieone")
    nouns = parser.add_subparsers(metavar="command", required=True)
    for name, text, run in _PLAIN:
        nouns.add_parser(name, help=text).set_defaults(run=run)
    backup = nouns.add_parser("backup", help="write a backup into a new directory")
    backup.add_argument("directory", type=Path)
    backup.add_argument("--keys", type=Path, help="where the keys go: another disk than the data")
    backup.set_defaults(run=_backup)
    restore = nouns.add_parser("restore", help="restore a backup into an empty MIEONE_HOME")
    restore.add_argument("directory", type=Path)
    restore.add_argument("--keys", type=Path, required=True, help="what `backup --keys` wrote")
    restore.add_argument(
        "--destructions", type=Path, help="the newest destruction_list.jsonl there is"
    )
    restore.set_defaults(run=_restore)
    replay = nouns.add_parser("replay", help="after a restore by a server's own tools")
    replay.add_argument("destructions", type=Path)
    replay.set_defaults(run=_replay)
    letters = nouns.add_parser("dead-letters", help="events that a subscriber gave up on")
    letters.add_argument("--again", action="store_true", help="deliver them again")
    letters.set_defaults(run=_dead_letters)
    _add_block_commands(nouns)
    return parser


def _add_block_commands(nouns: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`mieone <noun> <verb>`, as the blocks declare them."""
    verbs: dict[str, list[Command]] = {}
    for command in _block_commands():
        verbs.setdefault(command.noun, []).append(command)
    for noun, commands in verbs.items():
        known = " | ".join(command.verb for command in commands)
        actions = nouns.add_parser(noun, help=known).add_subparsers(metavar="verb", required=True)
        for command in commands:
            parser = actions.add_parser(command.verb, help=command.help)
            command.arguments(parser)
            parser.set_defaults(run=_in_house(command))


def _block_commands() -> list[Command]:
    return [command for block in composition.BLOCKS for command in block.commands]


def _in_house(command: Command) -> Callable[[Settings, argparse.Namespace], int]:
    def run(settings: Settings, options: argparse.Namespace) -> int:
        return with_house(settings, lambda house: command.run(house, options))

    return run


def with_house(settings: Settings, act: Callable[[House], Awaitable[int]]) -> int:
    """Against the running installation, or one that is started for this command alone."""

    async def opened() -> int:
        async with composition.opened(settings) as house:
            return await act(house)

    with reached(settings):
        return asyncio.run(opened())


def _up(settings: Settings, _options: argparse.Namespace) -> int:
    return up(settings)


def _worker(_settings: Settings, _options: argparse.Namespace) -> int:
    composition.run_worker()
    return 0


def _migrate(settings: Settings, _options: argparse.Namespace) -> int:
    with reached(settings) as connections:
        applied = asyncio.run(migrate(connections.owner_dsn, composition.migrations()))
    say(f"{applied} migrations applied")
    return 0


def _sample(settings: Settings, _options: argparse.Namespace) -> int:
    with reached(settings):
        load_samples(settings, again=True)
    return 0


def _tour(settings: Settings, _options: argparse.Namespace) -> int:
    return tour(settings)


def _verify(settings: Settings, _options: argparse.Namespace) -> int:
    with reached(settings) as connections:
        return asyncio.run(verify(settings, connections))


def _dead_letters(settings: Settings, options: argparse.Namespace) -> int:
    async def act(house: House) -> int:
        async with house.database.transaction() as conn:
            letters = await list_dead(conn)
            again = await deliver_again(conn) if options.again else 0
        for letter in letters:
            cause = f"{letter.attempts} attempts, {letter.last_error}"
            say(f"{letter.event_id} {letter.name} -> {letter.subscriber}: {cause}")
        say(f"{again} will be delivered again" if options.again else f"{len(letters)} dead letters")
        return 0

    return with_house(settings, act)


def _database_script(settings: Settings, _options: argparse.Namespace) -> int:
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    sys.stdout.write(database_script(load_credentials(settings.home)))
    return 0


def _rotate_key(settings: Settings, _options: argparse.Namespace) -> int:
    with _stopped(settings):
        say(f"master key {KeyRing.open(settings.home).rotate()} seals from the next start on")
    return 0


def _rotate_passwords(settings: Settings, _options: argparse.Namespace) -> int:
    with _stopped(settings):
        rotate_passwords(settings.home)
    say("new passwords are set by the next start; elsewhere, run `mieone database-script` again")
    return 0


@contextlib.contextmanager
def _stopped(settings: Settings) -> Iterator[None]:
    """A running process would go on with what it read at its start."""
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = HomeLock(settings.home)
    lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _backup(settings: Settings, options: argparse.Namespace) -> int:
    with reached(settings) as connections:
        for line in make_backup(settings, connections, options.directory, options.keys):
            say(line)
    return 0


def _replay(settings: Settings, options: argparse.Namespace) -> int:
    with reached(settings) as connections:
        identity.merge_destructions(settings.home, options.destructions)
        for line in reopen(settings, connections):
            say(line)
    return 0


def _restore(settings: Settings, options: argparse.Namespace) -> int:
    places = (options.directory, options.keys, options.destructions)
    for line in restore_backup(settings, *places, reopen):
        say(line)
    return 0


_PLAIN: tuple[tuple[str, str, Callable[[Settings, argparse.Namespace], int]], ...] = (
    ("up", "set up what is missing and serve until Ctrl-C", _up),
    ("migrate", "bring the database's schema up to this version", _migrate),
    ("sample", "load the synthetic sample people (again)", _sample),
    ("tour", "walk one resident's story over HTTP, against a running `up`", _tour),
    ("verify", "check every chain and every block's own rules", _verify),
    ("worker", "the background process; `up` starts it", _worker),
    ("rotate-key", "make a new master key; what was sealed stays readable", _rotate_key),
    ("rotate-passwords", "make new passwords for the database logins", _rotate_passwords),
    (
        "database-script",
        "what the administrator of a server of your own runs once",
        _database_script,
    ),
)


if __name__ == "__main__":
    sys.exit(main())
