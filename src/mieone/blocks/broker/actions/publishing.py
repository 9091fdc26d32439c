"""What data sets the region keeps, and each as a file again."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from mieone.blocks.broker.model import Entity, Tenant
from mieone.blocks.broker.model.dataset import DataSet, Finding, ImportRun, Titles
from mieone.blocks.broker.problems import ResourceNotFound
from mieone.blocks.broker.rules.importing import write_csv
from mieone.blocks.broker.store import imports as store
from mieone.blocks.broker.store.tenants import list_tenants
from mieone.core.house import House

from . import reading
from .datasets import ANY_TENANT, load_datasets

if TYPE_CHECKING:
    from .parts import Broker

PAGE = 500
MAX_EXPORTED = 100_000


class DataSetView(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: Titles
    type: str
    publisher: str | None
    licence: str | None
    attribution: str | None
    as_of: str | None
    entities: dict[str, int]
    """How many each tenant holds."""
    last_run: ImportRun | None


def get_dataset(house: House, dataset_id: str) -> DataSet:
    """Raises ResourceNotFound."""
    found = load_datasets(house).get(dataset_id)
    if found is None:
        raise ResourceNotFound(f"no data set is called {dataset_id}")
    return found


async def list_datasets(broker: "Broker") -> list[DataSetView]:
    tenants = await broker.tenants.all()
    return [
        await _view(broker, dataset, tenants) for dataset in load_datasets(broker.house).values()
    ]


async def list_town_datasets(broker: "Broker", tenant: Tenant) -> list[DataSetView]:
    """Those whose rows name their town: what this one holds and last sent."""
    return [
        await _view(broker, dataset, [tenant])
        for dataset in load_datasets(broker.house).values()
        if dataset.tenant_column is not None
    ]


async def list_import_runs(
    broker: "Broker", dataset: DataSet, tenants: Sequence[Tenant]
) -> list[ImportRun]:
    """The last twenty of these tenants and of files that hold several; the newest first."""
    owners = [ANY_TENANT, *(tenant.name for tenant in tenants)]
    async with broker.house.database.transaction() as conn:
        rows = await store.list_runs(conn, owners, dataset.id, 20)
    return [
        ImportRun(
            run_id=str(row["run_id"]),
            dataset=row["dataset"],
            tenant=row["tenant"],
            origin=row["origin"],
            read_rows=row["read_rows"],
            written_entities=row["written_entities"],
            removed_entities=row["removed_entities"],
            unchanged_entities=row["unchanged_entities"],
            is_settled=row["is_settled"],
            findings=msgspec.convert(row["findings"], tuple[Finding, ...]),
            failure=row["failure"],
            at=row["started_at"],
        )
        for row in rows
    ]


async def list_import_dates(house: House) -> dict[str, datetime]:
    """When things of each type, by its short name, last came in as a file."""
    async with house.database.transaction() as conn:
        owners = [ANY_TENANT, *(tenant.name for tenant in await list_tenants(conn))]
        latest = await store.list_latest(conn, owners)
    dates: dict[str, datetime] = {}
    for dataset in load_datasets(house).values():
        if (at := latest.get(dataset.id)) is not None:
            dates[dataset.type] = max(at, dates.get(dataset.type, at))
    return dates


async def export_csv(broker: "Broker", dataset: DataSet, tenants: Sequence[Tenant]) -> str:
    """The entities that this data set brought, as they are now."""
    held: list[tuple[str, Entity]] = []
    for tenant in tenants:
        after = ""
        while len(held) < MAX_EXPORTED:
            async with broker.house.database.transaction() as conn:
                ids = await store.list_imported(conn, tenant.name, dataset.id, after, PAGE)
                if not ids:
                    break
                found = {item.id: item for item in await reading.list_entities(conn, tenant, ids)}
            held.extend((tenant.name, found[name]) for name in ids if name in found)
            after = ids[-1]
    return write_csv(dataset, held, headings_of(dataset))


def headings_of(dataset: DataSet) -> list[str]:
    """Whose it is, columns in the order of the data set, positions after the address, flags at the end."""
    names = [column.column for column in dataset.columns]
    if dataset.tenant_column and dataset.tenant_column not in names:
        names.insert(0, dataset.tenant_column)
    if dataset.position:
        names += [dataset.position.latitude, dataset.position.longitude]
    for flags in dataset.flags:
        names += list(flags.columns)
    return list(dict.fromkeys(names))


async def _view(broker: "Broker", dataset: DataSet, tenants: Sequence[Tenant]) -> DataSetView:
    counts: dict[str, int] = {}
    async with broker.house.database.transaction() as conn:
        for tenant in tenants:
            count = await store.count_imported(conn, tenant.name, dataset.id)
            if count:
                counts[tenant.name] = count
    runs = await list_import_runs(broker, dataset, tenants)
    name = dataset.source or dataset.file
    source = broker.house.region.source(name) if name else None
    return DataSetView(
        id=dataset.id,
        title=dataset.title,
        type=dataset.type,
        publisher=source.publisher if source else None,
        licence=source.licence if source else None,
        attribution=source.attribution if source else None,
        as_of=source.as_of if source else None,
        entities=counts,
        last_run=runs[0] if runs else None,
    )
