"""The door for machines, and the catalogue of what may be asked for."""

from typing import Annotated
from uuid import UUID, uuid4

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery, JSONBody, Parameter

from mieone.blocks.identity import Caller, caller_of
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.model import Actor, ActorKind
from mieone.core.ports import Basis, Disclosure, DisclosureRequest, PersonSubject
from mieone.web.catalogue import Language
from mieone.web.site import Site

from . import actions, store
from .model import ANYTHING
from .problems import NoPerson

MAX_ITEMS = 64


class DisclosureBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked about the person the token speaks for."""

    dataset: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9._-]{0,63}@[1-9][0-9]{0,3}$")]
    items: Annotated[list[str], msgspec.Meta(min_length=1, max_length=MAX_ITEMS)]
    purpose: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class RecordBody(msgspec.Struct, frozen=True, kw_only=True):
    ref: str | None
    """The `sub` of the person, on their own row; other rows carry no identifier."""
    holder: bool
    items: dict[str, object]
    """JSON values by item name."""


class DisclosureAnswer(msgspec.Struct, frozen=True, kw_only=True):
    request_id: UUID
    dataset: str
    as_of: str
    records: list[RecordBody]


class ItemBody(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    category: str
    label: dict[str, str]


class DatasetBody(msgspec.Struct, frozen=True, kw_only=True):
    dataset: str
    provider: str
    label: dict[str, str]
    items: list[ItemBody]
    purposes: list[str]
    """Under which any approved service may ask people for it."""


class DatasetPage(msgspec.Struct, frozen=True, kw_only=True):
    datasets: list[DatasetBody]
    next: str | None


@post(
    "/disclosures",
    status_code=200,
    summary="Ask for personal data of the person who signed in",
    description=(
        "The one door. Answers with exactly the items that the service's right, the person's consent "
        "and the provider have in common; rows of other adults only with their own consent. Every call "
        "stands in the record of every person concerned, refused ones too. A refusal never says why."
    ),
    operation_id="postDisclosure",
)
async def post_disclosure(
    data: JSONBody[DisclosureBody],
    caller: NamedDependency[Caller],
    house: NamedDependency[House],
    request_id: Annotated[UUID | None, Parameter(header="Request-Id", required=False)] = None,
) -> DisclosureAnswer:
    if caller.person_id is None:
        raise NoPerson
    await _ensure_known(house, caller.client_id)
    answer = await house.disclose(
        DisclosureRequest(
            request_id=request_id or uuid4(),
            service=caller.client_id,
            actor=Actor(
                kind=ActorKind.SERVICE, id=caller.client_id, organisation=caller.organisation_id
            ),
            subject=PersonSubject(caller.person_id),
            dataset=data.dataset,
            items=tuple(dict.fromkeys(data.items)),
            purpose=data.purpose,
            basis=Basis.OPT_IN,
        )
    )
    return shown(answer)


async def _ensure_known(house: House, client_id: str) -> None:
    """A client approved a moment ago opens its service with the first request."""

    await run(house.database, (), lambda conn: actions.adopt_client(conn, house, client_id))


def shown(answer: Disclosure) -> DisclosureAnswer:
    return DisclosureAnswer(
        request_id=answer.request_id,
        dataset=answer.dataset,
        as_of=answer.as_of.isoformat(timespec="microseconds"),
        records=[
            RecordBody(ref=one.ref, holder=one.holder, items=dict(one.items))
            for one in answer.records
        ],
    )


@get(
    "/datasets",
    summary="What can be asked for, item by item",
    description="The datasets behind the door with their items and the purposes that exist.",
    operation_id="listDatasets",
)
async def list_datasets(
    house: NamedDependency[House],
    site: NamedDependency[Site],
    after: FromQuery[str] = "",
    limit: Annotated[int, Parameter(query="limit", ge=1, le=100, required=False)] = 50,
) -> DatasetPage:
    def words(message_id: str) -> dict[str, str]:
        return {str(one): site.catalogue.translate(one, message_id) for one in Language}

    known = sorted(
        (dataset for block in house.blocks for dataset in block.datasets),
        key=lambda dataset: dataset.ref,
    )
    rest = [dataset for dataset in known if dataset.ref > after]
    purposes = actions.purposes_for_services(house)
    datasets = [
        DatasetBody(
            dataset=dataset.ref,
            provider=dataset.provider,
            label=words(dataset.label),
            items=[
                ItemBody(name=item.name, category=item.category, label=words(item.label))
                for item in dataset.items
            ],
            purposes=purposes,
        )
        for dataset in rest[:limit]
    ]
    return DatasetPage(datasets=datasets, next=rest[limit - 1].ref if len(rest) > limit else None)


class RightBody(msgspec.Struct, frozen=True, kw_only=True):
    dataset: str
    items: tuple[str, ...]
    purpose: str
    basis: str
    valid_from: str
    valid_until: str | None


class RightList(msgspec.Struct, frozen=True, kw_only=True):
    rights: list[RightBody]


@get(
    "/rights",
    summary="The rights of the calling service",
    description="What providers granted to this service; people's consents are not in it.",
    operation_id="listOwnRights",
)
async def list_own_rights(
    caller: NamedDependency[Caller], house: NamedDependency[House]
) -> RightList:
    await _ensure_known(house, caller.client_id)
    async with house.database.transaction() as conn:
        rights = await store.list_rights(conn, [caller.client_id])
    return RightList(
        rights=[
            RightBody(
                dataset=one.dataset,
                items=one.items,
                purpose=one.purpose,
                basis=one.basis.value,
                valid_from=one.valid_from.isoformat(),
                valid_until=one.valid_until.isoformat() if one.valid_until else None,
            )
            for one in rights
            if one.is_live(house.clock.today()) and one.dataset != ANYTHING
        ]
    )


ROUTES = (
    Router(
        path="/api/exchange/v1",
        route_handlers=[list_datasets],
        tags=["exchange"],
    ),
    Router(
        path="/api/exchange/v1",
        route_handlers=[post_disclosure, list_own_rights],
        dependencies={"caller": Provide(caller_of)},
        tags=["exchange"],
    ),
)
