"""DELETE /entities passed on: nobody is asked to delete more than it is registered for, nor more
than was asked of us."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from mieone.blocks.broker.model import (
    Entity,
    EntitySelector,
    Iri,
    Query,
    RegistrationInfo,
    SourceMode,
    SourceProtocol,
    Terms,
)

from .bounds import needed_names
from .matching import holds_entity, list_matching, tells_the_present
from .requests import SourceRequest, query_requests
from .splitting import Source

_PAGING: Final = frozenset({"limit", "count", "attrs"})
AT_ONCE: Final = 50
"""Ids in one request."""


class Purge(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks: `keep` or `drop` where attributes go and entities stay."""

    asked: Query
    keep: tuple[Iri, ...] = ()
    drop: tuple[Iri, ...] = ()


class Aim(msgspec.Struct, frozen=True, kw_only=True):
    """A source that may have some of what is to go."""

    source: Source
    infos: tuple[RegistrationInfo, ...]
    drop: tuple[Iri, ...] = ()
    """Only these attributes of its entities; empty: as the client asks."""
    is_refused: bool = False
    """What it holds nobody else holds, and it does not take the operation."""

    @property
    def is_exact(self) -> bool:
        """Whether ids and types say all that it is registered for."""
        return all(
            info.entities and all(one.id_pattern is None for one in info.entities)
            for info in self.infos
        )


def find_aims(sources: Sequence[Source], purge: Purge) -> list[Aim]:
    found = (_find_aim(source, purge) for source in sources)
    return [aim for aim in found if aim is not None]


def _find_aim(source: Source, purge: Purge) -> Aim | None:
    registration = source.registration
    if source.mode is SourceMode.AUXILIARY or not tells_the_present(registration):
        return None
    names = needed_names(purge.asked) if purge.asked.attributes else ()
    infos = tuple(
        info
        for info in list_matching(registration, purge.asked.entities, names)
        if info.names or source.mode is not SourceMode.EXCLUSIVE
    )
    drop: tuple[Iri, ...] = ()
    if all(info.names for info in infos):
        held = dict.fromkeys(name for info in infos for name in info.names)
        drop = tuple(name for name in held if _goes(name, purge))
        if not drop:
            return None
    takes = "purgeEntity" in source.operations and registration.protocol is SourceProtocol.NGSI_LD
    if not takes and source.mode is SourceMode.INCLUSIVE:
        return None
    return Aim(source=source, infos=infos, drop=drop, is_refused=not takes)


def _goes(name: Iri, purge: Purge) -> bool:
    if purge.keep:
        return name not in purge.keep
    return not purge.drop or name in purge.drop


def wants_ids(aim: Aim, asked: Query) -> bool:
    """Whether it has to be found out first which entities are meant: the source alone cannot tell."""
    if asked.attributes or asked.datasets or not aim.is_exact:
        return True
    conditions = (asked.condition, asked.geo, asked.scope)
    return bool(aim.drop) and any(one is not None for one in conditions)


def can_tell_ids(aim: Aim) -> bool:
    return not aim.source.operations.isdisjoint({"queryEntity", "queryBatch"})


def direct_requests(aim: Aim, purge: Purge, terms: Terms) -> list[SourceRequest]:
    """With what the client asks, as far as the source is registered for it."""
    reader = msgspec.structs.replace(aim.source, operations=frozenset({"queryEntity"}))
    requests = query_requests(
        reader, aim.infos, purge.asked, terms, is_batch=False, splits=bool(aim.drop)
    )
    return [
        _delete([one for one in request.params if one[0] not in _PAGING], aim, purge, terms)
        for request in requests
    ]


def id_requests(
    aim: Aim, found: Sequence[Entity], purge: Purge, terms: Terms
) -> Iterator[SourceRequest]:
    """Entity by entity, with what is found to fit."""
    held = [
        entity
        for entity in found
        if any(holds_entity(info, entity.id, entity.types) for info in aim.infos)
    ]
    for start in range(0, len(held), AT_ONCE):
        some = held[start : start + AT_ONCE]
        types = dict.fromkeys(terms.compact_type(kind) for one in some for kind in one.types)
        params = [("type", ",".join(types)), ("id", ",".join(one.id for one in some))]
        yield _delete(params, aim, purge, terms)


def _delete(
    params: Sequence[tuple[str, str]], aim: Aim, purge: Purge, terms: Terms
) -> SourceRequest:
    drop = aim.drop or purge.drop
    added: list[tuple[str, str]] = []
    if drop:
        added.append(("drop", ",".join(terms.compact_name(name) for name in drop)))
    elif purge.keep:
        added.append(("keep", ",".join(terms.compact_name(name) for name in purge.keep)))
    return SourceRequest(method="DELETE", path="/ngsi-ld/v1/entities", params=(*params, *added))


def everything_meant(asked: Query, limit: int) -> Query:
    """The question whose answer is to go."""
    return msgspec.structs.replace(
        asked,
        entities=asked.entities or (EntitySelector(),),
        limit=limit,
        offset=0,
        order=(),
        wants_count=False,
    )
