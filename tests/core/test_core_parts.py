"""Keys, sessions, row security, settings: the small promises everything else leans on."""

from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from mieone.core.clock import JST, FixedClock
from mieone.core.database import DatabaseRefused, PooledDatabase, set_scope
from mieone.core.ids import uuid7
from mieone.core.keys import KeyRing, Undecipherable
from mieone.core.model import Actor, ActorKind, TownCode
from mieone.core.roles import Connections
from mieone.core.schema import Migration, SchemaChanged, migrate
from mieone.core.sessions import Acr, end_sessions_of, entrance_of, find_session, open_session
from mieone.core.settings import Entrance, Settings, SettingsError
from tests.conftest import OneTransaction, connected


@for_all(plain=st.binary(max_size=200), context=st.text(max_size=20), other=st.text(max_size=20))
def test_a_sealed_value_opens_in_its_own_context_only(
    keyring: KeyRing, plain: bytes, context: str, other: str
) -> None:
    sealed = keyring.seal(plain, "test", context)

    assert keyring.open_sealed(sealed, "test", context) == plain
    if other != context:
        with pytest.raises(Undecipherable):
            keyring.open_sealed(sealed, "test", other)


def test_old_values_stay_readable_after_a_rotation_and_new_ones_use_the_new_key(
    tmp_path: Path,
) -> None:
    ring = KeyRing.open(tmp_path)
    old = ring.seal(b"before", "test")
    token = ring.search_token("244414", "kana", "ﾔﾏﾀﾞ")

    ring.rotate()
    reopened = KeyRing.open(tmp_path)

    assert reopened.open_sealed(old, "test") == b"before"
    assert reopened.seal(b"after", "test")[1] == 2
    assert reopened.search_token("244414", "kana", "ﾔﾏﾀﾞ") == token


def test_a_mac_fits_one_message_and_purpose(keyring: KeyRing) -> None:
    mac = keyring.mac("a", b"message")

    assert keyring.mac_is_right("a", b"message", mac)
    assert not keyring.mac_is_right("a", b"massage", mac)
    assert not keyring.mac_is_right("b", b"message", mac)
    assert not keyring.mac_is_right("a", b"message", mac[:-1])


def test_identifiers_sort_by_the_time_they_were_made() -> None:
    made = [uuid7() for _ in range(50)]

    assert [item.version for item in made] == [7] * 50
    assert sorted(item.int >> 80 for item in made) == [item.int >> 80 for item in made]


async def test_a_session_ends_everywhere_at_once(
    rolled_back: OneTransaction, clock: FixedClock
) -> None:
    actor = Actor(kind=ActorKind.PERSON, id="p1")
    async with rolled_back.transaction() as conn:
        token = await open_session(conn, Entrance.PEOPLE, actor, Acr.PASSKEY, clock.now())
        found = await find_session(conn, Entrance.PEOPLE, token, clock.now())
        elsewhere = await find_session(conn, Entrance.DESK, token, clock.now())
        late = await find_session(conn, Entrance.PEOPLE, token, clock.now() + timedelta(days=1))
        await end_sessions_of(conn, "p1", clock.now())
        ended = await find_session(conn, Entrance.PEOPLE, token, clock.now())

    assert found is not None
    assert found.actor == actor
    assert (elsewhere, late, ended) == (None, None, None)


@pytest.mark.parametrize(
    ("path", "entrance"),
    [("/", Entrance.PEOPLE), ("/desk", Entrance.DESK), ("/shop/till", Entrance.SHOP)],
)
def test_a_path_belongs_to_one_entrance(path: str, entrance: Entrance) -> None:
    assert entrance_of(path) is entrance


async def test_rows_of_a_town_outside_the_scope_do_not_exist(connections: Connections) -> None:
    async with connected(connections.owner_dsn) as owner:
        await owner.execute(
            "SELECT core.create_block_schema('probe');"
            "CREATE TABLE probe.thing (town text NOT NULL, name text NOT NULL);"
            "SELECT core.secure_by_town('probe.thing');"
        )
    async with connected(connections.app_dsn) as conn:
        async with conn.transaction():
            await set_scope(conn, {TownCode("111112"), TownCode("222224")})
            await conn.execute("INSERT INTO probe.thing VALUES ('111112', 'a'), ('222224', 'b')")
        async with conn.transaction():
            await set_scope(conn, {TownCode("111112")})
            seen = await conn.fetch("SELECT name FROM probe.thing")
            changed = await conn.execute("UPDATE probe.thing SET name = 'x' WHERE town = '222224'")
        unscoped = await conn.fetch("SELECT name FROM probe.thing")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with conn.transaction():
                await set_scope(conn, {TownCode("111112")})
                await conn.execute("INSERT INTO probe.thing VALUES ('222224', 'c')")

    assert [row["name"] for row in seen] == ["a"]
    assert changed == "UPDATE 0"
    assert unscoped == []


async def test_a_superuser_is_refused_as_the_applications_login(
    connections: Connections,
) -> None:
    with pytest.raises(DatabaseRefused):
        await PooledDatabase.open(connections.maintenance_dsn, 2)


async def test_an_applied_migration_that_was_edited_is_refused(connections: Connections) -> None:
    first = Migration(block="probe", number=1, name="one", sql="CREATE SCHEMA probe_a")
    edited = Migration(block="probe", number=1, name="one", sql="CREATE SCHEMA probe_b")

    assert await migrate(connections.owner_dsn, [first]) == 1
    assert await migrate(connections.owner_dsn, [first]) == 0
    with pytest.raises(SchemaChanged):
        await migrate(connections.owner_dsn, [edited])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MIEONE_PORT", "eighty"),
        ("MIEONE_PORT", "70000"),
        ("MIEONE_PROFILE", "prod"),
        ("MIEONE_ENTRANCES", "people,cellar"),
        ("MIEONE_POOL_SIZE", "0"),
        ("MIEONE_RATE_LIMIT", "-1"),
        ("MIEONE_PEOPLE_URL", "http://www.example.jp"),
        ("MIEONE_MACHINES_URL", "https://api.example.jp/path"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment({name: value})


def test_the_day_in_japan_begins_nine_hours_earlier(clock: FixedClock) -> None:
    assert clock.now().astimezone(JST).hour == 12
    clock.advance(timedelta(hours=12))
    assert clock.today().day == 23
    assert clock.now().day == 22
