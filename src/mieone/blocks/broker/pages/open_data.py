"""For a town's officers: their town's open data, to look at, to take away as a file and to send anew."""

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect

from mieone.blocks.broker.actions import publishing
from mieone.blocks.broker.actions.datasets import load_datasets
from mieone.blocks.broker.actions.importing import Importer
from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.actions.publishing import DataSetView
from mieone.blocks.broker.actions.trying import try_content
from mieone.blocks.broker.model.dataset import DataSet, ImportRun
from mieone.blocks.broker.problems import UnreadableFile
from mieone.core.house import House
from mieone.core.model import Actor, ActorKind, TownCode
from mieone.core.problems import NotFound, NotPermitted
from mieone.core.region import Town
from mieone.web import AnyRequest, Form, Page, filled_form, read_form

PATH = "/desk/open-data"
MEDIA_TYPES = frozenset({"text/csv", "text/plain", "application/csv", "application/vnd.ms-excel"})
LARGEST_BYTES = 10 * 1024 * 1024

Asked = Annotated[str, QueryParameter(name="town", required=False)]
Taken = Annotated[str, QueryParameter(name="taken", required=False)]


class TownDataSet(msgspec.Struct, frozen=True, kw_only=True):
    """One data set as a town sees it."""

    view: DataSetView
    headings: list[str]
    is_sent_here: bool
    """False where the region's own file is the source: the next start would read that again."""
    keeps_vanished: bool
    is_table: bool
    """False for long series, which no row of a table holds."""


@get(PATH)
async def show_open_data(
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    broker: NamedDependency[Broker],
    town: Asked = "",
    taken: Taken = "",
) -> Response[str]:
    own = _find_town(broker.house, actor, town)
    return await _show(page, broker, actor, own, filled_form({}), taken=taken)


@post(PATH + "/{dataset_id:str}", status_code=200)
async def send_open_data(
    dataset_id: FromPath[str],
    request: AnyRequest,
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    broker: NamedDependency[Broker],
) -> Response[str] | Redirect:
    """Looked at first, or taken in at once; rows of other towns are findings either way."""
    form = await read_form(request)
    own = _find_town(broker.house, actor, form.value("town"))
    dataset = load_datasets(broker.house).get(dataset_id)
    if dataset is None or not _is_sent_here(dataset):
        raise NotFound
    upload = form.upload(dataset.id, media_types=MEDIA_TYPES, max_bytes=LARGEST_BYTES)
    if form.has_errors or upload is None:
        return await _show(page, broker, actor, own, form, status_code=422)
    try:
        if form.value("act") != "take":
            trial = await try_content(broker, dataset, upload.content, only_tenant=own.code)
            return await _show(page, broker, actor, own, form, trial=trial)
        origin = f"upload:{own.code}"
        await Importer(broker).import_content(dataset, upload.content, origin, only_tenant=own.code)
    except UnreadableFile as wrong:
        form.refuse(dataset.id, f"broker.findings.{wrong.word}")
        return await _show(page, broker, actor, own, form, status_code=422)
    return Redirect(
        f"{PATH}?town={own.code}&taken={dataset.id}#about-{dataset.id}", status_code=303
    )


async def _show(
    page: Page,
    broker: Broker,
    actor: Actor,
    town: Town,
    form: Form,
    *,
    status_code: int = 200,
    trial: ImportRun | None = None,
    taken: str = "",
) -> Response[str]:
    declared = load_datasets(broker.house)
    views = await publishing.list_town_datasets(broker, await broker.tenants.get(town.code))
    # What this officer can change comes first.
    views.sort(key=lambda view: not _is_sent_here(declared[view.id]))
    return page.render(
        "broker/open_data.html",
        status_code=status_code,
        form=form,
        town=town,
        towns=[broker.house.region.town(code) for code in sorted(actor.towns)],
        trial=trial,
        taken=taken,
        datasets=[
            TownDataSet(
                view=view,
                headings=publishing.headings_of(declared[view.id]),
                is_sent_here=_is_sent_here(declared[view.id]),
                keeps_vanished=declared[view.id].keeps_vanished,
                is_table=declared[view.id].series is None,
            )
            for view in views
        ],
    )


def _is_sent_here(dataset: DataSet) -> bool:
    return dataset.file is None and dataset.tenant_column is not None


def _find_town(house: House, actor: Actor, asked: str) -> Town:
    """The officer's own. Raises NotPermitted, and NotFound for another town."""
    if actor.kind is not ActorKind.TOWN_OFFICER or not actor.towns:
        raise NotPermitted
    code = TownCode(asked) if asked else min(actor.towns)
    if code not in actor.towns or not house.region.has_town(code):
        raise NotFound
    return house.region.town(code)


OPEN_DATA = (show_open_data, send_open_data)
