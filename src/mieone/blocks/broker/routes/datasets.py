"""Open data sets of the region: what there is, from where, each as a file, and uploads of new ones."""

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from mieone.blocks.broker.actions import publishing
from mieone.blocks.broker.actions.datasets import ANY_TENANT
from mieone.blocks.broker.actions.importing import Importer
from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.actions.publishing import DataSetView
from mieone.blocks.broker.actions.quotas import charge
from mieone.blocks.broker.actions.trying import try_content
from mieone.blocks.broker.model.dataset import ImportRun
from mieone.core.block import AnyRequest
from mieone.core.settings import Profile

ROWS_PER_READ = 100
"""A whole file costs as much as reading it in pages of so many."""


@get("/datasets", summary="Open data sets and their sources", operation_id="listDataSets")
async def list_datasets(broker: NamedDependency[Broker]) -> list[DataSetView]:
    return await publishing.list_datasets(broker)


@get(
    "/datasets/{dataset_id:str}/imports",
    summary="The last imports and what could not be read",
    operation_id="listImports",
)
async def list_imports(
    dataset_id: FromPath[str], broker: NamedDependency[Broker]
) -> list[ImportRun]:
    dataset = publishing.get_dataset(broker.house, dataset_id)
    return await publishing.list_import_runs(broker, dataset, await broker.tenants.all())


@post(
    "/datasets/{dataset_id:str}/imports",
    status_code=200,
    summary="Upload the data set's new state as CSV or JSON",
    description="The body is the file. What its rows do not hold any more is removed; the answer says "
    "what could not be read, by line and column. The same file again changes nothing. With `dry_run=true` "
    "nothing is written: the answer says what would be.",
    operation_id="importDataSet",
)
async def import_dataset(
    dataset_id: FromPath[str],
    request: AnyRequest,
    broker: NamedDependency[Broker],
    tenant: FromQuery[str | None] = None,
    dry_run: FromQuery[bool] = False,
) -> ImportRun:
    dataset = publishing.get_dataset(broker.house, dataset_id)
    owner = await broker.tenants.get(tenant)
    await broker.check_may_write(request, owner)
    content = await request.body()
    is_production = broker.house.settings.profile is Profile.PRODUCTION
    is_json = "json" in request.headers.get("content-type", "")
    # In production a key writes what is its tenant's, whatever the rows say.
    only = owner.name if tenant or is_production else None
    if dry_run:
        return await try_content(broker, dataset, content, is_json=is_json, only_tenant=only)
    origin = f"upload:{tenant or ANY_TENANT}"
    return await Importer(broker).import_content(
        dataset, content, origin, is_json=is_json, only_tenant=only
    )


@get(
    "/datasets/{dataset_id:str}/file.csv",
    summary="The data set as CSV",
    operation_id="exportDataSet",
)
async def export_dataset(
    dataset_id: FromPath[str],
    broker: NamedDependency[Broker],
    tenant: FromQuery[str | None] = None,
) -> Response[bytes]:
    dataset = publishing.get_dataset(broker.house, dataset_id)
    tenants = [await broker.tenants.get(tenant)] if tenant else await broker.tenants.all()
    text = await publishing.export_csv(broker, dataset, tenants)
    charge(text.count("\n") / ROWS_PER_READ)
    return Response(
        text.encode(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{dataset.id}.csv"'},
    )


HANDLERS = (list_datasets, list_imports, import_dataset, export_dataset)
