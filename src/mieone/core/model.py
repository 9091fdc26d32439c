"""Words that every block shares: towns, actors, subjects."""

from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec

TownCode = NewType("TownCode", str)
"""Six digits, 全国地方公共団体コード with its check digit."""

SubjectId = NewType("SubjectId", UUID)
"""Whom a record is about: a Person's id once somebody holds a Mie-ID, else the Resident's id."""


class ActorKind(StrEnum):
    PERSON = "person"
    TOWN_OFFICER = "town_officer"
    AUTHORITY_HEAD = "authority_head"
    ASSOCIATION = "association"
    SHOP = "shop"
    SERVICE = "service"
    SYSTEM = "system"
    OPERATOR = "operator"


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever acts. Row security follows `towns`; an empty set sees no town's rows."""

    kind: ActorKind
    id: str
    """Opaque: a person's uuid, a staff post, a client_id, a shop, a job's name."""
    organisation: str = ""
    towns: frozenset[TownCode] = frozenset()


def system_actor(name: str, towns: frozenset[TownCode] = frozenset()) -> Actor:
    """A job of ours, named so that the access record can say which."""
    return Actor(kind=ActorKind.SYSTEM, id=name, organisation="mieone", towns=towns)
