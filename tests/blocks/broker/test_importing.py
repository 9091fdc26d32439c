"""Open data as entities: what is right comes in, what is wrong is told, nothing is lost."""

import contextlib
import csv
import io

import httpx
from hypothesis import given as for_all
from hypothesis import strategies as st

from mieone.blocks.broker.actions.datasets import load_datasets
from mieone.blocks.broker.actions.importing import Importer
from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.model.dataset import CellKind, Column, DataSet, Position, Titles
from mieone.blocks.broker.problems import BadRequestData
from mieone.blocks.broker.rules.importing import Table, map_rows, read_table
from mieone.blocks.broker.rules.importing.formulas import mark, unmark
from mieone.blocks.broker.store import imports
from mieone.blocks.broker.store.imports import BroughtRow
from mieone.core.house import House

DATASET = DataSet(
    id="wells",
    title=Titles(ja="x", yasashii="x", en="x"),
    type="Well",
    entity_id="urn:ngsi-ld:Well:{code}",
    tenant_column="town",
    position=Position(latitude="lat", longitude="lon"),
    columns=(
        Column(column="code", attribute="identifier", is_required=True),
        Column(column="depth", attribute="depth", kind=CellKind.NUMBER, unit="MTR", low=0),
        Column(column="uses", attribute="uses", kind=CellKind.LIST),
    ),
)


SOURCE = {"source": "x"}


def table(*lines: str) -> bytes:
    return "\r\n".join(["town,code,depth,uses,lat,lon", *lines]).encode()


def test_every_wrong_cell_is_told_by_row_and_column() -> None:
    rows = read_table(
        table("244414,1,-3,a;b,34.5,136.5", "244414,2,deep,,34.5,x", "244414,,1,,,"), is_json=False
    )

    mapped = map_rows(DATASET, rows, SOURCE)

    told = {(one.line, one.row, one.column, one.reason) for one in mapped.findings}
    assert mapped.imported == []
    assert told == {
        (2, 1, "depth", "too_small"),
        (3, 2, "depth", "no_number"),
        (3, 2, "lat", "no_number"),
        (4, 3, "code", "empty"),
        (4, 3, None, "no_id"),
    }


def test_a_missing_column_is_told_once_and_nothing_is_read() -> None:
    mapped = map_rows(DATASET, read_table(b"code\n1\n2\n", is_json=False), SOURCE)

    assert not mapped.imported
    assert [(one.row, one.column) for one in mapped.findings] == [(0, "town")]


def test_cp932_and_a_byte_order_mark_are_read_alike() -> None:
    line = "town,code,uses\n244414,1,飲用;散水\n"

    assert read_table(line.encode("cp932"), is_json=False) == read_table(
        b"\xef\xbb\xbf" + line.encode(), is_json=False
    )


@for_all(st.binary(max_size=300), st.booleans())
def test_no_bytes_at_all_break_the_reader(content: bytes, is_json: bool) -> None:
    with contextlib.suppress(BadRequestData):
        check_nothing_is_lost(read_table(content, is_json=is_json))


def check_nothing_is_lost(read: Table) -> None:
    mapped = map_rows(DATASET, read, SOURCE)
    wrong = {one.row for one in mapped.findings if one.row}
    taken = {one.row for one in mapped.imported}
    assert not wrong & taken
    assert not read.rows or mapped.findings or wrong | taken == set(range(1, len(read.rows) + 1))


async def test_the_same_file_twice_changes_nothing_and_what_vanished_goes(
    broker_house: House, broker_client: httpx.AsyncClient, broker: Broker
) -> None:
    importer = Importer(broker)
    three = table(*(f"244414,{number},5,,34.5,136.5" for number in range(3)))
    two = table(*(f"244414,{number},5,,34.5,136.5" for number in range(2)))

    first = await importer.import_content(DATASET, three, "file:a")
    again = await importer.import_content(DATASET, three, "file:a")
    less = await importer.import_content(DATASET, two, "file:a")

    assert (first.written_entities, again.was_unchanged) == (3, True)
    assert (less.written_entities, less.unchanged_entities, less.removed_entities) == (0, 2, 1)
    gone = await broker_client.get(
        "/ngsi-ld/v1/entities/urn:ngsi-ld:Well:2", headers={"NGSILD-Tenant": "244414"}
    )
    assert gone.status_code == 404


async def test_when_most_would_vanish_everything_stays_and_somebody_is_told(
    broker_house: House, broker_client: httpx.AsyncClient, broker: Broker
) -> None:
    importer = Importer(broker)
    many = table(*(f"244414,{number},5,,," for number in range(10)))

    await importer.import_content(DATASET, many, "file:a")
    emptied = await importer.import_content(DATASET, table("244414,0,5,,,"), "file:a")

    assert emptied.removed_entities == 0
    assert [finding.reason for finding in emptied.findings] == ["most_vanished"]


async def test_the_regions_files_are_all_in_the_store_without_a_finding(
    broker_house: House, broker_client: httpx.AsyncClient, broker: Broker
) -> None:
    await Importer(broker).import_region_files()

    listed = (await broker_client.get("/api/broker/v1/datasets")).json()

    held = {item["id"]: sum(item["entities"].values()) for item in listed}
    assert held["evacuation_sites"] == 369
    assert held["shelters"] == 224
    assert held["stations"] == 19
    assert held["weather_stations"] == 14
    assert held["statistics"] == 6
    for item in listed:
        if item["last_run"]:
            assert item["last_run"]["findings"] == []
            assert item["attribution"]


async def test_a_town_uploads_its_list_in_the_standard_form_and_gets_it_back(
    broker_house: House, broker_client: httpx.AsyncClient
) -> None:
    dataset = load_datasets(broker_house)["evacuation_sites_standard"]
    headings = [column.column for column in dataset.columns] + ["緯度", "経度"]
    headings += [heading for flags in dataset.flags for heading in flags.columns]
    row = dict.fromkeys(headings, "")
    row |= {
        "全国地方公共団体コード": "244414",
        "ID": "9001",
        "名称": "見本の公園",
        "緯度": "34.5",
        "経度": "136.55",
        "災害種別_洪水": "1",
        "想定収容人数": "120",
    }
    sent = io.StringIO(newline="")
    writer = csv.DictWriter(sent, headings)
    writer.writeheader()
    writer.writerow(row)
    path = "/api/broker/v1/datasets/evacuation_sites_standard"

    run = await broker_client.post(
        f"{path}/imports?tenant=244414", content=sent.getvalue().encode("utf-8-sig")
    )
    back = await broker_client.get(f"{path}/file.csv?tenant=244414")

    assert run.json()["written_entities"] == 1
    assert back.content.decode() == sent.getvalue()


async def test_a_file_that_was_given_out_can_be_sent_back(
    broker_client: httpx.AsyncClient,
) -> None:
    path = "/api/broker/v1/datasets/readings"
    sent = b"town,device,name,temperature,lat,lon\n244422,g1,+81-59 bridge,-2.5,34.5,136.5\n"
    await broker_client.post(f"{path}/imports?tenant=244422", content=sent)

    file = await broker_client.get(f"{path}/file.csv?tenant=244422")
    back = await broker_client.post(f"{path}/imports?tenant=244422", content=file.content)

    assert b",'+81-59 bridge,-2.5," in file.content
    assert back.json()["findings"] == []
    assert back.json()["read_rows"] == back.json()["unchanged_entities"] == 1


@for_all(cell=st.text("'=+-@\t1.eあ"))
def test_no_cell_is_a_formula_and_each_comes_back_as_it_was(cell: str) -> None:
    marked = mark(cell)

    assert unmark(marked) == cell
    if len(marked) > 1 and marked[0] in "=+-@":
        float(marked)


async def test_a_row_of_another_town_is_not_written(
    broker_house: House, broker_client: httpx.AsyncClient
) -> None:
    content = b"town,device,temperature\n244422,g1,20\n"

    run = await broker_client.post(
        "/api/broker/v1/datasets/readings/imports?tenant=244414", content=content
    )

    assert run.json()["written_entities"] == 0
    assert [finding["reason"] for finding in run.json()["findings"]] == ["other_tenant"]


async def test_what_one_town_sent_is_told_to_all_who_look(
    broker_client: httpx.AsyncClient,
) -> None:
    path = "/api/broker/v1/datasets"
    content = b"town,device,temperature\n244422,g1,warm\n244422,g2,20\n"

    await broker_client.post(f"{path}/readings/imports?tenant=244422", content=content)
    runs = (await broker_client.get(f"{path}/readings/imports")).json()
    shown = next(one for one in (await broker_client.get(path)).json() if one["id"] == "readings")

    assert [run["tenant"] for run in runs] == ["244422"]
    assert shown["last_run"] == runs[0]
    assert [finding["reason"] for finding in runs[0]["findings"]] == ["no_number"]


async def test_an_import_that_began_earlier_takes_nothing_from_a_newer_one(
    broker_house: House, broker: Broker
) -> None:
    now = broker_house.clock.now()
    tenant, dataset = "244414", DATASET.id
    two, other = [
        [BroughtRow(entity_id=name, digests=[b"0" * 16], written_at=now) for name in names]
        for names in (("urn:x:1", "urn:x:2"), ("urn:x:1", "urn:x:3"))
    ]
    async with broker_house.database.transaction() as conn:
        older = await imports.record_run(conn, tenant, dataset, "a", b"1", now)
        newer = await imports.record_run(conn, tenant, dataset, "b", b"2", now)

        await imports.record_imported(conn, tenant, dataset, two, newer)
        await imports.record_imported(conn, tenant, dataset, other, older)
        gone_for_older = await imports.list_vanished(conn, tenant, dataset, older, 10)
        gone_for_newer = await imports.list_vanished(conn, tenant, dataset, newer, 10)

    assert gone_for_older == []
    assert gone_for_newer == ["urn:x:3"]
