"""What an NGSI-LD source is told: a change as the operation, or the batch, that does it."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from mieone.blocks.broker.model import Change, JsonValue, Operation, Terms
from mieone.blocks.broker.rules.forms import render_time

from .bodies import change_document
from .requests import SourceRequest
from .splitting import Share

_VERBS: Final = {
    Operation.CREATE: ("POST", ""),
    Operation.REPLACE: ("PUT", "/{id}"),
    Operation.MERGE: ("PATCH", "/{id}"),
    Operation.APPEND: ("POST", "/{id}/attrs/"),
    Operation.APPEND_STRICT: ("POST", "/{id}/attrs/"),
    Operation.UPDATE: ("PATCH", "/{id}/attrs/"),
    Operation.UPDATE_EXISTING: ("PATCH", "/{id}/attrs/"),
    Operation.PARTIAL: ("PATCH", "/{id}/attrs/{name}"),
    Operation.REPLACE_ATTRIBUTE: ("PUT", "/{id}/attrs/{name}"),
    Operation.DELETE_ATTRIBUTE: ("DELETE", "/{id}/attrs/{name}"),
    Operation.DELETE: ("DELETE", "/{id}"),
}
_BATCHES: Final = {
    Operation.CREATE: "create",
    Operation.UPSERT_REPLACE: "upsert",
    Operation.UPSERT_UPDATE: "upsert",
    Operation.APPEND: "update",
    Operation.UPDATE: "update",
    Operation.MERGE: "merge",
    Operation.DELETE: "delete",
}


def write_request(share: Share, terms: Terms) -> SourceRequest:
    """One change, as the operation on one entity that does it."""
    change = share.change
    if change.operation not in _VERBS:
        return batch_request([share], terms)
    method, path = _VERBS[change.operation]
    name = "" if change.name is None else quote(terms.compact_name(change.name), safe=":")
    filled = path.format(id=quote(change.entity_id, safe=":"), name=name)
    body: JsonValue = None
    if method != "DELETE":
        document = change_document(change, terms, is_batch=False)
        body = {**document, "@context": context_of(terms)}
    return SourceRequest(
        method=method,
        path=f"/ngsi-ld/v1/entities{filled}",
        params=tuple(_write_params(change, terms)),
        body=body,
        is_ld=body is not None,
    )


def _write_params(change: Change, terms: Terms) -> list[tuple[str, str]]:
    params: list[tuple[str, str]] = []
    if change.keep_existing:
        params.append(("options", "noOverwrite"))
    if change.type_filter:
        params.append(("type", ",".join(terms.compact_type(one) for one in change.type_filter)))
    if change.operation is Operation.DELETE_ATTRIBUTE:
        if change.dataset is not None:
            params.append(("datasetId", change.dataset))
        if change.every_dataset:
            params.append(("deleteAll", "true"))
    if change.operation is Operation.MERGE:
        if change.observed_at is not None:
            params.append(("observedAt", render_time(change.observed_at)))
        if change.language is not None:
            params.append(("lang", change.language))
    return params


def batch_request(shares: Sequence[Share], terms: Terms) -> SourceRequest:
    """Several changes of one operation and the same options."""
    first = shares[0].change
    is_ld = len(terms.urls) > 1 and first.operation is not Operation.DELETE
    params: list[tuple[str, str]] = []
    if first.operation is Operation.UPSERT_UPDATE:
        params.append(("options", "update"))
    elif first.keep_existing:
        params.append(("options", "noOverwrite"))
    if first.operation is Operation.DELETE:
        body: JsonValue = [share.change.entity_id for share in shares]
    else:
        documents = (change_document(share.change, terms, is_batch=True) for share in shares)
        # A Link header names one context alone.
        body = [{**one, "@context": context_of(terms)} if is_ld else one for one in documents]
    return SourceRequest(
        method="POST",
        path=f"/ngsi-ld/v1/entityOperations/{_BATCHES[first.operation]}",
        params=tuple(params),
        body=body,
        is_ld=is_ld,
        context=next(iter(terms.urls), terms.link),
    )


def context_of(terms: Terms) -> JsonValue:
    """For a body: the writer's own URLs; whoever reads it adds the core."""
    return list(terms.urls) or [terms.link]
