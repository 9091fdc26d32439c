"""What is asked of an NGSI-LD source: path, parameters and body of each question."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

import msgspec

from mieone.blocks.broker.model import (
    EntitySelector,
    Iri,
    JsonValue,
    Query,
    RegistrationInfo,
    Terms,
)
from mieone.blocks.broker.rules.q import print_geo, print_q, print_scope_q, print_types

from .bounds import narrow_selectors, widen
from .splitting import Source

DEFAULT_LIMIT: Final = 20
MOST: Final = 1_000
"""Entities asked of one source at once."""
FARTHEST: Final = 10_000
"""Entities asked of one source for one question."""


class SourceRequest(msgspec.Struct, frozen=True, kw_only=True):
    method: str
    path: str
    """Behind the endpoint, percent-encoded."""
    params: tuple[tuple[str, str], ...] = ()
    body: JsonValue = None
    is_ld: bool = False
    """The body carries its @context; else the Link header does."""
    context: str | None = None
    """Names in path and parameters are of this context, whatever the registration names."""
    wanted: int = 0
    """Of a question: so many entities at most, over as many pages as that takes."""

    @property
    def target(self) -> str:
        query = "&".join(f"{name}={quote(value, safe=':,/*')}" for name, value in self.params)
        return f"{self.path}?{query}" if query else self.path


def turn_page(request: SourceRequest, told: int) -> SourceRequest:
    """The same question, for what comes after so many entities."""
    if not told:
        return request
    return msgspec.structs.replace(request, params=(*request.params, ("offset", str(told))))


def in_newer_words(request: SourceRequest) -> SourceRequest | None:
    """With `pick` and `q`, for which `attrs` was given up (6.4.3.2), and with the times of writing,
    lest they be asked for in a third question. None where there is nothing to say otherwise."""
    params = dict(request.params)
    names = params.pop("attrs", None)
    if request.method != "GET" or names is None:
        return None
    if request.path.endswith("/entities"):
        any_of, condition = names.replace(",", "|"), params.get("q")
        params["q"] = any_of if condition is None else f"({any_of});({condition})"
    params["pick"] = f"id,type,scope,{names}"
    params["options"] = "sysAttrs"
    return msgspec.structs.replace(request, params=tuple(params.items()))


def narrow_request(
    request: SourceRequest,
    selectors: Sequence[EntitySelector],
    infos: Sequence[RegistrationInfo],
    terms: Terms,
) -> SourceRequest:
    """A question passed on as it came, without ids and types that these are not registered for."""
    narrowed = narrow_selectors(selectors, infos)
    if request.method != "GET" or len(narrowed) != 1:
        return request
    (selector,) = narrowed
    held: dict[str, str] = {}
    if selector.types is not None:
        held["type"] = print_types(selector.types, terms)
    if selector.ids is not None:
        held["id"] = ",".join(selector.ids)
    params = tuple((name, held.get(name, text)) for name, text in request.params)
    return msgspec.structs.replace(request, params=params)


def retrieve_request(
    source: Source, entity_id: str, names: Sequence[Iri], terms: Terms
) -> SourceRequest:
    """`names` empty: everything. By whichever of three operations the source takes."""
    operations = source.operations
    attrs = ",".join(terms.compact_name(name) for name in names)
    if "retrieveEntity" in operations:
        return SourceRequest(
            method="GET",
            path=f"/ngsi-ld/v1/entities/{quote(entity_id, safe=':')}",
            params=(("attrs", attrs),) if attrs else (),
        )
    types = {
        one.types[0]
        for info in source.registration.information
        for one in info.entities
        if one.types
    }
    selector = EntitySelector(ids=(entity_id,))
    type_name = terms.compact_type(types.pop()) if len(types) == 1 else None
    if "queryEntity" in operations:
        params = [("id", entity_id)]
        if type_name is not None:
            params.append(("type", type_name))
        if attrs:
            params.append(("attrs", attrs))
        return SourceRequest(method="GET", path="/ngsi-ld/v1/entities", params=tuple(params))
    entity: dict[str, JsonValue] = {"id": entity_id}
    if type_name is not None:
        entity["type"] = type_name
    return _query_body(Query(entities=(selector,)), [entity], names, terms, whole=True)


def query_requests(
    source: Source,
    infos: Sequence[RegistrationInfo],
    asked: Query,
    terms: Terms,
    *,
    is_batch: bool,
    splits: bool,
) -> list[SourceRequest]:
    """One or, where GET cannot say it at once, one for each selector.

    With `splits` some entity may lie in parts, and the conditions are for us to judge.
    """
    operations = source.operations
    wants_body = "queryBatch" in operations and (is_batch or "queryEntity" not in operations)
    if splits:
        asked = widen(asked)
    selectors = narrow_selectors(asked.entities or (EntitySelector(),), infos)
    ids, names = _restrictions(infos, asked)
    if wants_body and selectors:
        entities = [
            one for selector in selectors for one in _body_entities(selector, ids, infos, terms)
        ]
        return [_query_body(asked, entities, names, terms, whole=not splits)]
    return [
        _query_params(asked, selector, infos, ids, names, terms, whole=not splits)
        for selector in selectors
    ]


def _restrictions(
    infos: Sequence[RegistrationInfo], asked: Query
) -> tuple[tuple[str, ...], tuple[Iri, ...]]:
    """Ids and names beyond which the source has nothing; empty: no such bound."""
    entities = [one for info in infos for one in info.entities]
    bound = bool(entities) and all(info.entities for info in infos)
    ids: tuple[str, ...] = ()
    if bound and all(one.id is not None for one in entities):
        ids = tuple(dict.fromkeys(str(one.id) for one in entities))
    names: tuple[Iri, ...] = ()
    if all(info.names for info in infos):
        names = tuple(dict.fromkeys(name for info in infos for name in info.names))
        if asked.attributes:
            names = tuple(name for name in names if name in asked.attributes) or names
    elif asked.attributes:
        names = asked.attributes
    return ids, names


def _query_params(
    asked: Query,
    selector: EntitySelector,
    infos: Sequence[RegistrationInfo],
    ids: Sequence[str],
    names: Sequence[Iri],
    terms: Terms,
    *,
    whole: bool,
) -> SourceRequest:
    own: dict[str, str] = {}
    added: list[tuple[str, str]] = []
    if selector.types is not None:
        own["type"] = print_types(selector.types, terms)
    elif (types := _types_of(infos, terms)) is not None:
        own["type"] = types
    if selector.ids is not None:
        own["id"] = ",".join(selector.ids)
    elif ids:
        added.append(("id", ",".join(ids)))
    if selector.id_pattern is not None:
        own["idPattern"] = selector.id_pattern
    if names:
        attrs = ",".join(terms.compact_name(name) for name in names)
        if asked.attributes:
            own["attrs"] = attrs
        else:
            added.append(("attrs", attrs))
    if whole:
        own |= _condition_params(asked, terms)
    # In the order of their names, and what we add to a question behind it.
    most = None if selector.ids is None and not ids else len(selector.ids or ids)
    params = [*sorted(own.items()), *added, *_page_params(asked, whole=whole, most=most)]
    return SourceRequest(
        method="GET",
        path="/ngsi-ld/v1/entities",
        params=tuple(params),
        wanted=_wanted(asked, whole=whole),
    )


def _wanted(asked: Query, *, whole: bool) -> int:
    return min(FARTHEST, asked.offset + asked.limit) if whole else FARTHEST


def _condition_params(asked: Query, terms: Terms) -> dict[str, str]:
    found: dict[str, str] = {}
    if asked.condition is not None:
        found["q"] = print_q(asked.condition, terms)
    if asked.geo is not None:
        found |= print_geo(asked.geo)
        found["geoproperty"] = terms.compact_name(asked.geo.property)
    if asked.scope is not None:
        found["scopeQ"] = print_scope_q(asked.scope)
    return found


def _page_params(asked: Query, *, whole: bool, most: int | None = None) -> list[tuple[str, str]]:
    """A source's own default page is as large as ours: only another one is worth a word.

    `most`: so many entities there can be at most, and a page that holds them all needs none.
    """
    limit = MOST if not whole else min(MOST, asked.offset + asked.limit)
    is_spare = limit == DEFAULT_LIMIT or (
        most is not None and most <= DEFAULT_LIMIT and limit >= most
    )
    params = [] if is_spare else [("limit", str(limit or 1))]
    if asked.wants_count and whole:
        params.append(("count", "true"))
    return params


def _types_of(infos: Sequence[RegistrationInfo], terms: Terms) -> str | None:
    types = dict.fromkeys(
        name for info in infos for entity in info.entities for name in entity.types
    )
    return ",".join(terms.compact_type(name) for name in types) or None


def _body_entities(
    selector: EntitySelector,
    ids: Sequence[str],
    infos: Sequence[RegistrationInfo],
    terms: Terms,
) -> list[dict[str, JsonValue]]:
    bare: dict[str, JsonValue] = {}
    if selector.types is not None:
        bare["type"] = print_types(selector.types, terms)
    elif (types := _types_of(infos, terms)) is not None:
        bare["type"] = types
    if selector.id_pattern is not None:
        bare["idPattern"] = selector.id_pattern
    wanted = selector.ids if selector.ids is not None else ids
    return [{**bare, "id": one} for one in wanted] or [bare]


def _query_body(
    asked: Query,
    entities: Sequence[dict[str, JsonValue]],
    names: Sequence[Iri],
    terms: Terms,
    *,
    whole: bool,
) -> SourceRequest:
    # A selector with an id is at most one entity.
    most = len(entities) if entities and all("id" in one for one in entities) else None
    body: dict[str, JsonValue] = {"type": "Query"}
    if any(entities):
        body["entities"] = [one for one in entities if one]
    if names:
        body["attrs"] = [terms.compact_name(name) for name in names]
    if whole:
        if asked.condition is not None:
            body["q"] = print_q(asked.condition, terms)
        if asked.scope is not None:
            body["scopeQ"] = print_scope_q(asked.scope)
        if asked.geo is not None:
            body["geoQ"] = {
                **print_geo(asked.geo),
                "coordinates": asked.geo.geometry["coordinates"],
                "geoproperty": terms.compact_name(asked.geo.property),
            }
    return SourceRequest(
        method="POST",
        path="/ngsi-ld/v1/entityOperations/query",
        params=tuple(_page_params(asked, whole=whole, most=most)),
        body=body,
        wanted=_wanted(asked, whole=whole),
    )
