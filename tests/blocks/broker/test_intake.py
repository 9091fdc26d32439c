"""Files as towns make them, read twice, tried, refused and tried again."""

import asyncio
import contextlib
import csv
import io

import httpx
import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from mieone.blocks.broker.actions.datasets import load_datasets
from mieone.blocks.broker.actions.importing import Importer
from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.model import Quota, Tenant, TenantName
from mieone.blocks.broker.problems import UnreadableFile
from mieone.blocks.broker.rules.importing import map_rows, read_table
from mieone.blocks.broker.rules.importing.tables import MAX_BYTES, MAX_ROWS
from mieone.blocks.broker.store import imports
from mieone.blocks.broker.store.tenants import declare_tenants
from mieone.core.house import House

from .test_importing import DATASET, table

SITES = "/api/broker/v1/datasets/evacuation_sites_standard"
READINGS = "/api/broker/v1/datasets/readings"


def standard(house: House, *rows: dict[str, str]) -> str:
    dataset = load_datasets(house)["evacuation_sites_standard"]
    headings = [column.column for column in dataset.columns] + ["緯度", "経度"]
    headings += [heading for flags in dataset.flags for heading in flags.columns]
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, headings, restval="")
    writer.writeheader()
    common = {"全国地方公共団体コード": "244414", "緯度": "34.5", "経度": "136.55"}
    writer.writerows(common | row for row in rows)
    return out.getvalue()


async def upload(
    client: httpx.AsyncClient, content: bytes, path: str = SITES, query: str = "tenant=244414"
) -> httpx.Response:
    return await client.post(f"{path}/imports?{query}", content=content)


@pytest.mark.parametrize("encoding", ["cp932", "utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("newline", ["\r\n", "\n"])
async def test_a_town_uploads_what_its_spreadsheet_writes(
    broker_house: House, broker_client: httpx.AsyncClient, encoding: str, newline: str
) -> None:
    text = standard(
        broker_house,
        # NEC's and IBM's characters, which JIS X 0208 has not; a cell of two lines.
        {"ID": "1", "名称": "髙﨑①公園", "備考": "北門から\n入る", "想定収容人数": "１，２００"},
        {"ID": "2", "名称": "広場", "災害種別_津波": "○"},
    )

    run = (await upload(broker_client, text.replace("\r\n", newline).encode(encoding))).json()

    assert run["findings"] == []
    assert run["written_entities"] == 2
    got = await broker_client.get(
        "/ngsi-ld/v1/entities/urn:ngsi-ld:EvacuationSite:1?options=keyValues",
        headers={"NGSILD-Tenant": "244414"},
    )
    assert got.json()["name"] == "髙﨑①公園"
    assert got.json()["note"].split() == ["北門から", "入る"]
    assert got.json()["capacity"] == 1200


async def test_a_finding_names_the_line_of_the_file_also_behind_quoted_newlines(
    broker_house: House, broker_client: httpx.AsyncClient
) -> None:
    text = standard(
        broker_house,
        {"ID": "1", "名称": "公園", "備考": "一\n二\n三"},
        {"ID": "2", "名称": "外字\ue001の里"},
        {"ID": "3", "名称": "遠い所", "緯度": "43.06", "経度": "141.35"},
        {"ID": "4", "名称": "数", "想定収容人数": "1_2"},
        {"ID": "1", "名称": "同じ"},
        {"ID": "5"},
    )

    run = (await upload(broker_client, text.encode())).json()

    told = [(one["line"], one["column"], one["reason"]) for one in run["findings"]]
    assert told == [
        (5, "名称", "private_character"),
        (6, "緯度", "outside_region"),
        (7, "想定収容人数", "no_number"),
        (8, None, "twice"),
        (9, "名称", "empty"),
    ]
    assert run["written_entities"] == 1
    again = (await broker_client.get(f"{SITES}/imports")).json()
    assert again[0]["findings"] == run["findings"]


async def test_a_towns_own_character_of_shift_jis_is_told(
    broker_house: House, broker_client: httpx.AsyncClient
) -> None:
    text = standard(broker_house, {"ID": "1", "名称": "X"}).encode("cp932")

    run = (await upload(broker_client, text.replace(b"X", b"\xf0\x40"))).json()

    assert [one["reason"] for one in run["findings"]] == ["private_character"]


@pytest.mark.parametrize(
    ("content", "word", "line"),
    [
        (b"", "file_empty", 0),
        (b" \r\n", "file_empty", 0),
        (b"town,town\r\n1,2\r\n", "heading_twice", 1),
        (b'town,code\r\n1,"2\r\n', "no_csv", 2),
        (b"town\r\n\x00", "file_encoding", 0),
        (b"\x81", "file_encoding", 0),
        (b"town\r\n" + b"1\r\n" * (MAX_ROWS + 1), "file_too_long", 0),
        (b"town\r\n" + b"x" * MAX_BYTES, "file_too_large", 0),
    ],
)
def test_a_file_that_cannot_be_read_says_why(content: bytes, word: str, line: int) -> None:
    with pytest.raises(UnreadableFile) as refused:
        read_table(content, is_json=False)

    assert (refused.value.word, refused.value.line) == (word, line)


async def test_a_file_that_cannot_be_read_is_in_the_report_each_time(
    broker_house: House, broker_client: httpx.AsyncClient
) -> None:
    for _ in range(2):
        with pytest.raises(UnreadableFile):
            await upload(broker_client, b'a,b\r\n1,"2\r\n')
    runs = (await broker_client.get(f"{SITES}/imports")).json()

    assert len(runs) == 1
    assert [(one["reason"], one["line"]) for one in runs[0]["findings"]] == [("no_csv", 2)]
    assert runs[0]["failure"] == "UnreadableFile"


async def test_headings_alone_take_nothing_away(
    broker_house: House, broker_client: httpx.AsyncClient
) -> None:
    await upload(broker_client, standard(broker_house, {"ID": "1", "名称": "公園"}).encode())
    run = (await upload(broker_client, standard(broker_house).encode())).json()

    assert [one["reason"] for one in run["findings"]] == ["no_rows", "kept_vanished"]
    assert run["removed_entities"] == 0


async def test_a_slip_in_a_row_takes_nothing_of_it_away(
    broker_house: House, broker_client: httpx.AsyncClient
) -> None:
    rows = [{"ID": str(number), "名称": "公園"} for number in range(4)]
    await upload(broker_client, standard(broker_house, *rows).encode())

    slip = standard(broker_house, *rows[:2], {"ID": "2", "名称": ""})
    run = (await upload(broker_client, slip.encode())).json()
    nameless = standard(broker_house, *rows[:2], {"ID": "", "名称": "公園"})
    kept = (await upload(broker_client, nameless.encode())).json()

    assert (run["removed_entities"], run["unchanged_entities"]) == (1, 2)
    assert [one["reason"] for one in run["findings"]] == ["empty"]
    assert kept["removed_entities"] == 0
    assert "kept_vanished" in [one["reason"] for one in kept["findings"]]


async def test_a_trial_says_what_would_be_and_writes_nothing(
    broker_house: House, broker_client: httpx.AsyncClient
) -> None:
    rows = [{"ID": str(number), "名称": "公園"} for number in range(4)]
    await upload(broker_client, standard(broker_house, *rows).encode())
    changed = standard(broker_house, *rows[:2], {"ID": "9", "名称": "新"}, {"ID": "8"}).encode()

    trial = (await upload(broker_client, changed, query="tenant=244414&dry_run=true")).json()
    runs = (await broker_client.get(f"{SITES}/imports")).json()
    there = await broker_client.get(
        "/ngsi-ld/v1/entities/urn:ngsi-ld:EvacuationSite:9", headers={"NGSILD-Tenant": "244414"}
    )
    real = (await upload(broker_client, changed)).json()

    assert trial["was_trial"] is True
    assert len(runs) == 1
    assert there.status_code == 404
    for name in ("written_entities", "unchanged_entities", "removed_entities", "findings"):
        assert trial[name] == real[name], name
    assert (real["written_entities"], real["unchanged_entities"]) == (1, 2)
    assert real["removed_entities"] == 2


async def test_a_row_that_says_the_same_is_written_once_unless_somebody_changed_it(
    broker_house: House, broker_client: httpx.AsyncClient
) -> None:
    rows = [{"ID": str(number), "名称": "公園"} for number in range(3)]
    one, two = rows[:2], rows
    await upload(broker_client, standard(broker_house, *one).encode())
    await broker_client.patch(
        "/ngsi-ld/v1/entities/urn:ngsi-ld:EvacuationSite:1/attrs",
        json={"name": {"value": "書きかえ"}},
        headers={"NGSILD-Tenant": "244414"},
    )

    run = (await upload(broker_client, standard(broker_house, *two).encode())).json()

    assert (run["written_entities"], run["unchanged_entities"]) == (2, 1)
    history = await broker_client.get(
        "/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:EvacuationSite:0?attrs=name",
        headers={"NGSILD-Tenant": "244414"},
    )
    told = history.json()["name"]
    assert len(told if isinstance(told, list) else [told]) == 1


async def test_rows_of_a_town_that_is_declared_later_come_in_with_the_same_bytes(
    broker_house: House, broker: Broker
) -> None:
    content = table("244414,1,5,,,", "newtown,2,5,,,", "newtown,3,x,,,")

    first = await Importer(broker).import_content(DATASET, content, "file:a")
    async with broker_house.database.transaction() as conn:
        await declare_tenants(conn, [Tenant(name=TenantName("newtown"), title="x")])
    later = await Importer(Broker(broker_house)).import_content(DATASET, content, "file:a")
    last = await Importer(Broker(broker_house)).import_content(DATASET, content, "file:a")

    assert (first.written_entities, first.is_settled) == (1, False)
    assert {(one.reason, one.is_passing) for one in first.findings} == {
        ("no_such_tenant", True),
        ("no_number", False),
    }
    # What was refused for good is told again and not tried, what is written is not written again.
    assert (later.written_entities, later.unchanged_entities, later.is_settled) == (1, 1, True)
    assert [one.reason for one in later.findings] == ["no_number"]
    assert last.was_unchanged


async def test_rows_over_the_quota_come_in_when_there_is_room(
    broker_house: House, broker: Broker
) -> None:
    content = table("full,1,5,,,", "full,2,5,,,")
    full = Tenant(name=TenantName("full"), title="x", quota=Quota(entities=0))
    async with broker_house.database.transaction() as conn:
        await declare_tenants(conn, [full])
    first = await Importer(Broker(broker_house)).import_content(DATASET, content, "file:a")
    async with broker_house.database.transaction() as conn:
        told = msgspec.to_builtins(Quota(entities=10))
        await conn.execute("UPDATE broker.tenant SET quota = $1 WHERE name = 'full'", told)
    later = await Importer(Broker(broker_house)).import_content(DATASET, content, "file:a")

    assert {one.reason for one in first.findings} == {"over_quota"}
    assert (first.written_entities, first.is_settled) == (0, False)
    assert (later.written_entities, later.findings) == (2, ())


async def test_what_is_refused_for_good_is_not_tried_again(
    broker_house: House, broker: Broker
) -> None:
    content = table("244414,1,x,,,")

    first = await Importer(broker).import_content(DATASET, content, "file:a")
    again = await Importer(broker).import_content(DATASET, content, "file:a")
    # The same bytes under another declaration say something else.
    other = msgspec.structs.replace(DATASET, columns=DATASET.columns[:1])
    declared = await Importer(broker).import_content(other, content, "file:a")

    assert (first.written_entities, first.is_settled) == (0, True)
    assert again.was_unchanged
    assert declared.written_entities == 1


async def test_an_import_that_is_cut_off_is_finished_with_the_same_bytes(
    broker_house: House, broker: Broker
) -> None:
    content = table(*(f"244414,{number},5,,," for number in range(3000)))
    reading = asyncio.create_task(Importer(broker).import_content(DATASET, content, "file:a"))
    async with asyncio.timeout(60):
        while not (before := await count(broker_house)):
            pass
    reading.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await reading

    later = await Importer(broker).import_content(DATASET, content, "file:a")

    assert later.written_entities + later.unchanged_entities == 3000
    assert later.unchanged_entities >= before
    assert later.written_entities > 0
    assert await count(broker_house) == 3000


async def count(house: House) -> int:
    async with house.database.transaction() as conn:
        return await imports.count_imported(conn, "244414", DATASET.id)


POPULATION = "urn:ngsi-ld:TownStatistics:244414"


def statistics(**figures: int) -> bytes:
    lines = ["town,item,label,group,unit,year,value"]
    lines += [f"244414,A1101,総人口,人口,人,{year[1:]},{value}" for year, value in figures.items()]
    return "\n".join(lines).encode()


async def told_of_population(client: httpx.AsyncClient) -> list[tuple[str, int]]:
    path = f"/ngsi-ld/v1/temporal/entities/{POPULATION}?attrs=A1101"
    told = (await client.get(path, headers={"NGSILD-Tenant": "244414"})).json()["A1101"]
    return sorted((one["observedAt"][:4], one["value"]) for one in told)


async def test_a_corrected_figure_stands_in_the_place_of_the_one_before(
    broker_house: House, broker: Broker, broker_client: httpx.AsyncClient
) -> None:
    dataset = load_datasets(broker_house)["statistics"]
    first = statistics(y2010=2010, y2015=2015, y2020=2020)
    corrected = statistics(y2010=2010, y2015=14000, y2020=2020)
    longer = statistics(y2010=2010, y2015=14000, y2020=2020, y2025=13000)

    for content in (first, corrected, longer):
        run = await Importer(broker).import_content(dataset, content, "file:a")
        assert run.findings == ()

    assert await told_of_population(broker_client) == [
        ("2010", 2010),
        ("2015", 14000),
        ("2020", 2020),
        ("2025", 13000),
    ]


async def test_a_correction_that_is_refused_leaves_the_figure_there_is(
    broker_house: House, broker: Broker, broker_client: httpx.AsyncClient
) -> None:
    """The entity was deleted meanwhile, its history stands, and the town may make no new one."""
    dataset = load_datasets(broker_house)["statistics"]
    await Importer(broker).import_content(dataset, statistics(y2010=2010, y2015=2015), "file:a")
    path = f"/ngsi-ld/v1/entities/{POPULATION}"
    gone = await broker_client.delete(path, headers={"NGSILD-Tenant": "244414"})
    assert gone.status_code == 204
    async with broker_house.database.transaction() as conn:
        told = msgspec.to_builtins(Quota(entities=0))
        await conn.execute("UPDATE broker.tenant SET quota = $1 WHERE name = '244414'", told)

    run = await Importer(Broker(broker_house)).import_content(
        dataset, statistics(y2010=2010, y2015=14000), "file:a"
    )

    assert {finding.reason for finding in run.findings} == {"over_quota"}
    assert ("2015", 2015) in await told_of_population(broker_client)


@for_all(
    st.lists(
        st.text(st.characters(codec="cp932", exclude_characters="¢£¬‖−〜"), max_size=8),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from(["cp932", "utf-8", "utf-8-sig"]),
)
def test_whatever_a_cell_holds_it_is_read_as_it_was_written(cells: list[str], code: str) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["town", "code", "uses"])
    writer.writerows(["244414", number, f"x{cell}"] for number, cell in enumerate(cells))
    text = out.getvalue()
    if "\0" in text:
        return

    read = read_table(text.encode(code), is_json=False)

    assert [row["uses"] for row in read.rows] == [f"x{cell}" for cell in cells]
    assert not map_rows(DATASET, read, {}).has_nameless
