"""The catalogue of procedures for machines: GIF 451-4 names, nothing about anybody."""

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from mieone.core.house import House

from .actions import Office, office_of
from .model import ProcedureId
from .rules.library import DefinitionFile


class CatalogueEntry(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    official_name: str
    name: dict[str, str]
    summary: dict[str, str]
    kind: str
    field: str
    valid_from: str
    valid_until: str | None
    definition_sha256: str
    law: tuple[str, ...]
    law_verified: bool
    gif_451_4: dict[str, str]
    authorities: dict[str, str]
    """Town code to the deciding body of today."""


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    procedures: tuple[CatalogueEntry, ...]


@get(
    "/api/procedures/v1/procedures",
    summary="List the procedures open today",
    operation_id="listProcedures",
)
async def list_procedures(house: NamedDependency[House]) -> Catalogue:
    office = office_of(house)
    files = office.library.list_open(office.today())
    return Catalogue(procedures=tuple(_entry(office, file) for file in files))


@get(
    "/api/procedures/v1/procedures/{procedure:str}",
    summary="One procedure as of today",
    operation_id="getProcedure",
)
async def get_procedure(procedure: FromPath[str], house: NamedDependency[House]) -> CatalogueEntry:
    office = office_of(house)
    return _entry(office, office.library.definition_on(ProcedureId(procedure), office.today()))


def _entry(office: Office, file: DefinitionFile) -> CatalogueEntry:
    d = file.definition
    bodies = {
        town.code: office.library.authorities.resolve(d.id, town.code, office.today())
        for town in office.region.towns
    }
    return CatalogueEntry(
        id=d.id,
        official_name=d.names.official,
        name={"ja": d.names.short, "ja-x-yasashii": d.names.yasashii, "en": d.names.en},
        summary={"ja": d.summary.ja, "ja-x-yasashii": d.summary.yasashii, "en": d.summary.en},
        kind=d.kind.value,
        field=d.field,
        valid_from=d.valid_from,
        valid_until=d.valid_until,
        definition_sha256=file.sha256,
        law=tuple(office.library.laws.cite(ref) for ref in d.law_refs),
        law_verified=d.law_refs_verified,
        gif_451_4=dict(d.catalogue),
        authorities={code: body.id for code, body in bodies.items()},
    )


ROUTES = (list_procedures, get_procedure)
