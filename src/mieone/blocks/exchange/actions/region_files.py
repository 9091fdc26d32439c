"""The region's services, bases in law and purposes as written in its files."""

from collections.abc import Mapping
from datetime import date

import msgspec

from mieone.blocks.access import OrganisationGroup
from mieone.blocks.exchange.model import Covers
from mieone.core.model import TownCode
from mieone.core.ports import Basis
from mieone.core.region import Names, Region
from mieone.core.region_files import read_yaml

SERVICES = "services.yaml"
LEGAL_BASIS = "legal_basis.yaml"


class RightEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    dataset: str
    items: tuple[str, ...]
    purpose: str
    basis: Basis
    basis_ref: str | None = None
    valid_from: date
    valid_until: date | None = None


class ServiceEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    sector: str
    organisation: str
    is_own: bool = False
    group: OrganisationGroup
    name: Names
    behind: Names
    """Who stands behind it, as the consent sheet says."""
    towns: tuple[TownCode, ...] | None = None
    contact: str | None = None
    rights: tuple[RightEntry, ...] = ()


class OrganisationEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Names
    group: OrganisationGroup


class ServicesFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    organisations: Mapping[str, OrganisationEntry]
    services: Mapping[str, ServiceEntry]


class BasisEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    basis: Basis
    name: Names
    citation: str
    purposes: tuple[str, ...]
    covers: Covers
    source: str
    verified: bool
    valid_from: date
    valid_until: date | None = None
    keeps_years: int | None = None
    """How long the record that this law asks for stays after somebody has left."""


def read_services(region: Region) -> ServicesFile:
    """A region without the file has no services, so nothing leaves."""
    if not (region.directory / SERVICES).is_file():
        return ServicesFile(organisations={}, services={})
    return read_yaml(region.directory, SERVICES, ServicesFile)


def read_legal_bases(region: Region) -> Mapping[str, BasisEntry]:
    if not (region.directory / LEGAL_BASIS).is_file():
        return {}
    return read_yaml(region.directory, LEGAL_BASIS, dict[str, BasisEntry])
