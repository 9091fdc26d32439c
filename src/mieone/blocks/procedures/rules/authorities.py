"""Which body decides, by procedure, town and date; and what its letters must teach (教示)."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from itertools import pairwise

import msgspec

from mieone.blocks.procedures.model import ProcedureId
from mieone.blocks.procedures.problems import NoAuthority
from mieone.core.model import TownCode


class Role(StrEnum):
    DECIDING = "deciding"
    """処分庁"""
    RECEIVING = "receiving"
    """経由庁"""


class BodyKind(StrEnum):
    TOWN = "town"
    WIDE_AREA_UNION = "wide_area_union"
    PREFECTURE = "prefecture"
    POLICE = "police"


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    kind: BodyKind
    name_ja: str
    name_en: str
    head_title_ja: str
    """As it signs: 「町長」 follows the town's name for bodies of kind `town`."""
    decides_here: bool
    """Whether its decisions are recorded in this house, or only handed over to it."""


class AuthorityRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    procedures: tuple[ProcedureId, ...]
    towns: tuple[TownCode, ...]
    role: Role
    body: str
    valid_from: str
    valid_until: str | None = None
    source: str
    verified: bool

    def is_valid_on(self, day: date) -> bool:
        return date.fromisoformat(self.valid_from) <= day and (
            self.valid_until is None or day < date.fromisoformat(self.valid_until)
        )


class Delegation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """専決: an officer decides in the authority's name, for these procedures and dates."""

    procedures: tuple[ProcedureId, ...]
    towns: tuple[TownCode, ...]
    valid_from: str
    valid_until: str | None = None
    source: str
    verified: bool


class Authorities(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    bodies: tuple[Body, ...]
    rows: tuple[AuthorityRow, ...]
    delegations: tuple[Delegation, ...] = ()

    def get_body(self, body_id: str) -> Body:
        for body in self.bodies:
            if body.id == body_id:
                return body
        raise NoAuthority(procedure="", town="", body=body_id)

    def resolve(
        self, procedure: ProcedureId, town: TownCode, on: date, role: Role = Role.DECIDING
    ) -> Body:
        """The one body with this role on that day. Raises NoAuthority."""
        found = [
            row.body
            for row in self.rows
            if row.role is role
            and procedure in row.procedures
            and town in row.towns
            and row.is_valid_on(on)
        ]
        if len(found) != 1:
            raise NoAuthority(procedure=procedure, town=town, body="")
        return self.get_body(found[0])

    def find_delegation(
        self, procedure: ProcedureId, town: TownCode, on: date
    ) -> Delegation | None:
        for row in self.delegations:
            starts = date.fromisoformat(row.valid_from)
            ends = date.fromisoformat(row.valid_until) if row.valid_until else date.max
            if procedure in row.procedures and town in row.towns and starts <= on < ends:
                return row
        return None

    def list_problems(self, towns: frozenset[TownCode]) -> list[str]:
        """Overlapping rows, unknown bodies and unknown towns."""
        found = [f"no body {row.body}" for row in self.rows if row.body not in self._body_ids()]
        spans: dict[tuple[str, str, Role], list[tuple[str, str]]] = {}
        for row in self.rows:
            for procedure in row.procedures:
                for town in row.towns:
                    if town not in towns:
                        found.append(f"{procedure}: no town {town} in this region")
                    ends = row.valid_until or date.max.isoformat()
                    spans.setdefault((procedure, town, row.role), []).append((row.valid_from, ends))
        for where, ranges in spans.items():
            for (_, end), (start, _) in pairwise(sorted(ranges)):
                if start < end:
                    found.append(f"{'/'.join(where)}: two bodies from {start}")
        return found

    def _body_ids(self) -> frozenset[str]:
        return frozenset(body.id for body in self.bodies)


class KyojiProfile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """教示 of one route of appeal; the paragraphs are legal text and stay Japanese."""

    id: str
    paragraphs_ja: tuple[str, ...]
    """With places {authority}, {appeal_to}, {defendant}, {representative}."""
    appeal_to_ja: str
    """With place {authority}."""
    months: int
    suit_needs_ruling: bool
    law_refs: tuple[str, ...]
    source: str
    verified: bool


class KyojiRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    procedures: tuple[ProcedureId, ...]
    profile: str


class Kyoji(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    profiles: tuple[KyojiProfile, ...]
    rows: tuple[KyojiRow, ...]

    def find_profile(self, procedure: ProcedureId) -> KyojiProfile | None:
        wanted = next((row.profile for row in self.rows if procedure in row.procedures), None)
        return next((profile for profile in self.profiles if profile.id == wanted), None)


def fill_places(text: str, places: Mapping[str, str]) -> str:
    """Only declared places are filled; anything else in braces stays visible as an error."""
    for name, value in places.items():
        text = text.replace("{" + name + "}", value)
    return text
