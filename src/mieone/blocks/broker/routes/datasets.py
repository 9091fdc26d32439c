"""Open data sets of the region: what there is, from where, each as a file, and uploads of new ones."""

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from mieone.blocks.broker.actions import publishing
from mieone.blocks.broker.actions.importing import ANY_TENANT, Importer
from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.actions.publishing import DataSetView
from mieone.blocks.broker.model.dataset import ImportRun
from mieone.core.block import AnyRequest
from mieone.core.settings import Profile


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
    "what could not be read. The same file again changes nothing.",
    operation_id="importDataSet",
)
async def import_dataset(
    dataset_id: FromPath[str],
    request: AnyRequest,
    broker: NamedDependency[Broker],
    tenant: FromQuery[str | None] = None,
) -> ImportRun:
    dataset = publishing.get_dataset(broker.house, dataset_id)
    owner = await broker.tenants.get(tenant)
    await broker.check_may_write(request, owner)
    content = await request.body()
    is_production = broker.house.settings.profile is Profile.PRODUCTION
    is_json = "json" in request.headers.get("content-type", "")
    async with broker.quotas.admitted(owner, writes=1):
        return await Importer(broker).import_content(
            dataset,
            content,
            f"upload:{tenant or ANY_TENANT}",
            is_json=is_json,
            # In production a key writes what is its tenant's, whatever the rows say.
            only_tenant=owner.name if tenant or is_production else None,
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
    return Response(
        text.encode(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{dataset.id}.csv"'},
    )


HANDLERS = (list_datasets, list_imports, import_dataset, export_dataset)
