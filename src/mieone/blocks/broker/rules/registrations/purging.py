"""DELETE /entities passed on: nobody is asked to delete more than it is registered for."""

from collections.abc import Sequence

import msgspec

from mieone.blocks.broker.model import Iri, Query, SourceMode, SourceProtocol, Terms

from .matching import list_matching, tells_the_present
from .requests import SourceRequest, query_requests
from .splitting import Source

_PAGING = frozenset({"limit", "count", "attrs"})


def list_purges(
    sources: Sequence[Source],
    asked: Query,
    keep: Sequence[Iri],
    drop: Sequence[Iri],
    terms: Terms,
) -> list[tuple[Source, SourceRequest]]:
    purges: list[tuple[Source, SourceRequest]] = []
    for source in sources:
        if (
            "purgeEntity" not in source.operations
            or source.mode is SourceMode.AUXILIARY
            or source.registration.protocol is not SourceProtocol.NGSI_LD
            or not tells_the_present(source.registration)
        ):
            continue
        infos = list_matching(source.registration, asked.entities, asked.attributes)
        if not infos:
            continue
        reader = msgspec.structs.replace(source, operations=frozenset({"queryEntity"}))
        for request in query_requests(reader, infos, asked, terms, is_batch=False):
            params = [one for one in request.params if one[0] not in _PAGING]
            if keep:
                params.append(("keep", ",".join(terms.compact_name(name) for name in keep)))
            if drop:
                params.append(("drop", ",".join(terms.compact_name(name) for name in drop)))
            purges.append(
                (
                    source,
                    msgspec.structs.replace(request, method="DELETE", params=tuple(params)),
                )
            )
    return purges
