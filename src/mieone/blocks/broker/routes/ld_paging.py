"""Pages of a list: the links to the ones before and after, and how many there are in all."""

from urllib.parse import parse_qsl, quote, urlencode

from .ld_http import Accept, Call
from .ld_params import Page


def page_headers(
    call: Call,
    page: Page,
    *,
    has_more: bool,
    count: int | None = None,
    after: int | None = None,
    media_type: Accept | None = None,
) -> dict[str, str]:
    """Headers for `answer`. The links keep all other parameters, in their order.

    `after`: a cursor, so that what is written meanwhile moves nothing on the next page.
    `media_type`: what the links say there is, if not what was asked for.
    """
    links = []
    kind = call.accept if media_type is None else media_type
    if page.offset > 0 and page.limit:
        links.append(_link(call, page, max(0, page.offset - page.limit), "prev", kind))
    if has_more and page.limit:
        links.append(_link(call, page, page.offset + page.limit, "next", kind, after))
    headers = {"Link": ", ".join(links)} if links else {}
    if page.wants_count and count is not None:
        headers["NGSILD-Results-Count"] = str(count)
    return headers


def _link(
    call: Call, page: Page, offset: int, relation: str, kind: Accept, after: int | None = None
) -> str:
    path, _, query = call.path.partition("?")
    values = dict(parse_qsl(query, keep_blank_values=True))
    values |= {"limit": str(page.limit), "offset": str(offset)}
    values.pop("after", None)
    if after is not None:
        values["after"] = str(after)
    target = f"{quote(path.rstrip('/'), safe='/:')}?{urlencode(values, safe=':/,')}"
    # Written without blanks: some readers compare it as text.
    return f'<{target}>;rel="{relation}";type="{kind.value}"'
