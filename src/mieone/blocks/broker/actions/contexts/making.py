"""Terms made of a context, and the names under which an answer speaks of it."""

from collections.abc import Callable, MutableMapping, Sequence
from typing import Final

import msgspec

from mieone.blocks.broker.model import JsonValue
from mieone.blocks.broker.model.context import CORE_CONTEXT_URL
from mieone.blocks.broker.rules.terms import ContextTerms, CoreTerms

from .shelf import GROWTH, Parts, Shelf, implicit_id

OWN_BYTES: Final = 4096


class Ready(msgspec.Struct, frozen=True):
    terms: ContextTerms
    used: tuple[str, ...]
    """Whose uses are counted: local ids, URLs of core contexts."""
    size: int
    """Of what is kept beside the terms, in bytes."""

    @property
    def weight(self) -> int:
        return self.size + self.terms.weight


class _ImplicitTerms(ContextTerms):
    """Of a context without a URL: whoever names it in a Link header makes us keep it."""

    def __init__(
        self,
        core: CoreTerms,
        context: JsonValue,
        parts: Parts,
        *,
        urls: Sequence[str],
        link: str,
        inline: JsonValue,
        on_link: Callable[[], None],
    ) -> None:
        super().__init__(core, context, parts.documents, urls=urls, link=link, inline=inline)
        self._on_link = on_link

    @property
    def link(self) -> str:
        self._on_link()
        return super().link


async def make_ready(
    shelf: Shelf, core: CoreTerms, context: JsonValue, wanted: MutableMapping[str, str]
) -> Ready:
    """`wanted` gets the documents, by id, of implicit contexts that somebody names by URL."""
    parts = await shelf.gather(context)
    listed: list[JsonValue] = context if isinstance(context, list) else [context]
    named = [part for part in listed if isinstance(part, str)]
    urls = [url for url in named if not shelf.is_core(url)]
    used = tuple(parts.keys.values())
    told = listed if parts.names_core else [*listed, CORE_CONTEXT_URL]
    inline: JsonValue = told[0] if len(told) == 1 else told
    if len(named) == len(listed) and len(urls) <= 1:
        link = urls[0] if urls else (named[0] if named else CORE_CONTEXT_URL)
        inline = inline if urls else link
        terms = ContextTerms(core, context, parts.documents, urls=urls, link=link, inline=inline)
        return Ready(terms, used, OWN_BYTES)
    context_id = implicit_id(inline)
    body = msgspec.json.encode({"@context": inline}).decode()

    def want() -> None:
        wanted.setdefault(context_id, body)

    implicit = _ImplicitTerms(
        core,
        context,
        parts,
        urls=urls,
        link=shelf.url_of(context_id),
        inline=inline,
        on_link=want,
    )
    # The text itself, the key it is found by, and the same decoded.
    return Ready(implicit, used, OWN_BYTES + len(body) * (2 + GROWTH))
