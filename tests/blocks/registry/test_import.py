"""A town's file: good rows are taken, bad ones named, the same file again changes nothing."""

import asyncio
from datetime import date

import msgspec
import pytest

from mieone.blocks.registry import store
from mieone.blocks.registry.actions import import_register, preview_import
from mieone.blocks.registry.model import (
    COLUMNS,
    ChangeKind,
    Entry,
    Extent,
    FieldChange,
    ImportReport,
    ResidentStatus,
    Weight,
)
from mieone.blocks.registry.problems import (
    FileEmptiesTown,
    FileNotText,
    FileWithoutRows,
    FileWrongColumns,
    TownNotYours,
)
from mieone.blocks.registry.rules.files import read_register_file
from mieone.core.clock import FixedClock
from mieone.core.database import Conn, set_scope
from mieone.core.keys import KeyRing
from mieone.core.model import Actor, ActorKind, TownCode
from mieone.core.region import Region
from tests.blocks.registry import given

TOWN, OTHER = TownCode("244422"), TownCode("244716")


class Importer:
    """Imports into one town and tells what happened."""

    def __init__(self, conn: Conn, keyring: KeyRing, clock: FixedClock, region: Region) -> None:
        self.conn, self.keyring, self.clock, self.region = conn, keyring, clock, region
        self.actor = given.importer(region)

    async def take(
        self, *entries: Entry, town: TownCode = TOWN, extent: Extent = Extent.WHOLE
    ) -> ImportReport:
        delivery = given.delivery(town, *entries, extent=extent)
        return await import_register(
            self.conn, self.keyring, self.clock, self.region, self.actor, delivery
        )

    async def show(self, *entries: Entry) -> ImportReport:
        delivery = given.delivery(TOWN, *entries)
        return await preview_import(self.conn, self.keyring, self.clock, self.actor, delivery)

    async def statuses(self) -> dict[str, ResidentStatus]:
        return {
            number: one.status for number, one in (await store.list_known(self.conn, TOWN)).items()
        }


@pytest.fixture
def importer(conn: Conn, keyring: KeyRing, clock: FixedClock, region: Region) -> Importer:
    return Importer(conn, keyring, clock, region)


def reasons(content: bytes) -> list[tuple[int, str | None, str]]:
    file = read_register_file(content, given.TODAY)
    return [(one.row, one.column, one.reason) for one in file.findings]


def raw(**changed: str) -> bytes:
    """One good row and one that is as said."""
    good, other = given.content(given.entry(1), given.entry(2)).decode().splitlines()[1:]
    fields = dict(zip(COLUMNS, other.split(","), strict=True)) | changed
    return "\n".join([",".join(COLUMNS), good, ",".join(fields.values())]).encode()


@pytest.mark.parametrize(
    ("changed", "column", "reason"),
    [
        ({"addressee_number": "123456"}, "addressee_number", "not_prefixed"),
        ({"household_number": "A-1"}, "household_number", "not_prefixed"),
        ({"name": ""}, "name", "missing"),
        ({"born_on": "1980/05/05"}, "born_on", "not_a_date"),
        ({"born_on": "2026-02-30"}, "born_on", "not_a_date"),
        ({"born_on": "2027-01-01"}, "born_on", "in_future"),
        ({"born_on": "1880-01-01"}, "born_on", "too_long_ago"),
        ({"name_kana": "花子"}, "name_kana", "not_kana"),
        ({"sex": "1"}, "sex", "not_a_choice"),
        ({"status": "absent"}, "status", "not_a_choice"),
        ({"status": "moved_out"}, "status_on", "missing"),
        ({"postal_code": "515-0300"}, "postal_code", "not_seven_digits"),
        ({"moved_in_on": "1979-01-01"}, "moved_in_on", "outside_life"),
        ({"protected_until": "2027-01-01"}, "protected_from", "missing"),
        ({"name": " 見本"}, "name", "outer_space"),
        ({"name": "見" * 121}, "name", "too_long"),
        ({"banchi": "1\x07"}, "banchi", "control_character"),
        ({"addressee_number": "A-00001"}, "addressee_number", "number_twice"),
    ],
)
def test_a_bad_row_is_named_with_its_column_and_reason(
    changed: dict[str, str], column: str, reason: str
) -> None:
    found = reasons(raw(**changed))

    assert (3, column, reason) in found
    assert all(row == 3 or reason == "number_twice" for row, _, reason in found)


@pytest.mark.parametrize("dress", ["123456789018", "1234-5678-9018", "１２３４５６７８９０１８"])
@pytest.mark.parametrize("column", ["addressee_number", "name", "banchi", "building"])
def test_a_row_that_may_hold_a_my_number_is_refused_and_never_repeated(
    dress: str, column: str
) -> None:
    file = read_register_file(raw(**{column: dress}), given.TODAY)

    assert [(one.row, one.column, one.reason) for one in file.findings] == [
        (3, column, "my_number")
    ]
    assert "5678" not in repr(file.findings)
    assert [one.addressee_number for one in file.entries] == ["A-00001"]


def test_a_report_never_repeats_a_value() -> None:
    file = read_register_file(raw(name=" 秘密の名前", born_on="1.4.1980"), given.TODAY)

    assert len(file.findings) == 2
    assert "秘密" not in repr(file.findings)


def test_remarks_do_not_refuse_a_row() -> None:
    file = read_register_file(raw(name="\ue000田　花子", name_kana=""), given.TODAY)

    assert len(file.entries) == 2
    assert {(one.reason, one.weight) for one in file.findings} == {
        ("private_use", Weight.REMARK),
        ("kana_missing", Weight.REMARK),
    }
    assert file.entries[1].name == "\ue000田　花子"


def test_a_second_head_of_a_household_is_refused() -> None:
    assert reasons(raw(household_number="S-00001")) == [(3, "relationship", "second_head")]


def test_columns_may_stand_in_any_order_and_a_byte_order_mark_is_fine() -> None:
    lines = given.content(given.entry()).decode().splitlines()
    turned = "\r\n".join(",".join(reversed(line.split(","))) for line in lines)

    file = read_register_file(b"\xef\xbb\xbf" + turned.encode(), given.TODAY)

    assert file.entries == (given.entry(),)


def test_a_variant_character_arrives_byte_for_byte() -> None:
    name = "山﨑\U000e0102　\ufa19子"

    file = read_register_file(given.content(given.entry(name=name)), given.TODAY)

    assert file.entries[0].name.encode() == name.encode()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("氏名".encode("cp932"), FileNotText),
        (b"a\x00b", FileNotText),
        (b"", FileWithoutRows),
        (b"name,born_on\n", FileWrongColumns),
        (",".join([*COLUMNS, "my_number"]).encode(), FileWrongColumns),
    ],
)
def test_a_file_of_another_kind_is_refused_whole(content: bytes, problem: type[Exception]) -> None:
    with pytest.raises(problem):
        read_register_file(content, given.TODAY)


async def test_the_same_file_again_changes_nothing(importer: Importer) -> None:
    first = await importer.take(given.entry(1), given.entry(2))
    again = await importer.take(given.entry(1), given.entry(2))

    assert (first.added, first.taken) == (2, 2)
    assert (again.change_count, again.unchanged, again.differences) == (0, 2, ())


async def test_differences_are_shown_before_and_say_what_was(importer: Importer) -> None:
    await importer.take(given.entry(1), given.entry(2), given.entry(3))
    moved = given.entry(1, banchi="99番地", moved_in_on=date(2026, 11, 1))

    shown = await importer.show(moved, given.entry(3), given.entry(4))
    taken = await importer.take(moved, given.entry(3), given.entry(4))

    assert shown.run_id is None
    assert shown.differences == taken.differences
    changed, removed, added = taken.differences
    assert changed.fields == (
        FieldChange(field="banchi", before="12番地3", after="99番地"),
        FieldChange(field="moved_in_on", before=None, after="2026-11-01"),
    )
    assert (removed.kind, removed.addressee_number) == (ChangeKind.REMOVED, "A-00002")
    assert (added.kind, added.addressee_number) == (ChangeKind.ADDED, "A-00004")
    assert (await importer.statuses())["A-00002"] is ResidentStatus.ABSENT


async def test_who_comes_back_is_a_resident_again(importer: Importer) -> None:
    await importer.take(given.entry(1), given.entry(2))
    await importer.take(given.entry(1))

    back = await importer.take(given.entry(1), given.entry(2))

    assert back.changed == 1
    assert (await importer.statuses())["A-00002"] is ResidentStatus.RESIDENT


async def test_a_file_of_changes_calls_nobody_absent(importer: Importer) -> None:
    await importer.take(given.entry(1), given.entry(2))

    report = await importer.take(given.entry(3), extent=Extent.CHANGES)

    assert (report.added, report.removed) == (1, 0)


async def test_a_resident_whose_row_was_refused_stays_as_they_were(importer: Importer) -> None:
    await importer.take(given.entry(1), given.entry(2))

    report = await importer.take(given.entry(1), given.entry(2, name=""))

    assert (report.refused, report.change_count) == (1, 0)
    assert (await importer.statuses())["A-00002"] is ResidentStatus.RESIDENT


async def test_nobody_is_called_absent_while_somebody_cannot_be_named(importer: Importer) -> None:
    await importer.take(given.entry(1), given.entry(2), given.entry(3))

    report = await importer.take(given.entry(1), given.entry(2, addressee_number="12"))

    assert (report.removed, report.absent_but_kept) == (0, 2)


async def test_a_file_without_a_good_row_empties_no_town(importer: Importer) -> None:
    await importer.take(given.entry(1))

    with pytest.raises(FileEmptiesTown):
        await importer.take(given.entry(1, name=""))


async def test_an_importer_of_one_town_cannot_write_another(importer: Importer) -> None:
    importer.actor = Actor(kind=ActorKind.TOWN_OFFICER, id="post", towns=frozenset({OTHER}))

    with pytest.raises(TownNotYours):
        await importer.take(given.entry(1))


async def test_a_town_does_not_see_another_towns_register(importer: Importer) -> None:
    await importer.take(given.entry(1))
    await importer.take(given.entry(2), town=OTHER)

    await set_scope(importer.conn, [TOWN])
    mine = await store.count_residents(importer.conn, [TOWN, OTHER])
    await set_scope(importer.conn, [])
    nobodys = await store.count_residents(importer.conn, [TOWN, OTHER])

    assert mine == {TOWN: 1}
    assert nobodys == {}


async def test_the_database_holds_no_name_address_or_birth_date(importer: Importer) -> None:
    await importer.take(given.entry(1))

    tables = await importer.conn.fetch(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'registry'"
    )
    rows = [
        str(row[0])
        for table in tables
        for row in await importer.conn.fetch(f"SELECT t::text FROM registry.{table[0]} AS t")
    ]

    assert rows
    for secret in ("見本", "花子", "1980-05-05", "12番地3", "ミホン", "5150300"):
        for written in (secret, secret.encode().hex()):
            assert not any(written in row for row in rows)


async def test_an_import_is_on_record_with_its_findings(importer: Importer) -> None:
    report = await importer.take(given.entry(1), given.entry(2, name=""))

    runs = await store.list_runs(importer.conn, TOWN)
    assert report.run_id is not None
    findings = await store.list_findings(importer.conn, TOWN, report.run_id)

    assert [(one.source, one.row_count, one.taken, one.refused) for one in runs] == [
        ("test", 2, 1, 1)
    ]
    assert [(one.row, one.column, one.reason) for one in findings] == [(3, "name", "missing")]


async def test_others_are_served_while_a_file_is_read(importer: Importer) -> None:
    turns = 0

    async def serve_others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    wrong = msgspec.structs.replace(given.delivery(TOWN), content=b"a,b,c\n" * 10_000)
    others = asyncio.create_task(serve_others())
    with pytest.raises(FileWrongColumns):
        await preview_import(importer.conn, importer.keyring, importer.clock, importer.actor, wrong)
    others.cancel()

    assert turns > 0
