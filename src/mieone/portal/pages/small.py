"""Short pages: about, help, sources, offline; and what browsers ask for by themselves."""

from collections.abc import Iterable

from litestar import get
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.response import Response

from mieone.core.house import House
from mieone.core.region import Source
from mieone.web import Page

_GREEN = "#1f6b4f"
_GROUND = "#fbfaf6"


@get("/about")
async def show_about(page: NamedDependency[Page], house: NamedDependency[House]) -> Response[str]:
    return page.render("portal/about.html", association=house.region.association)


@get("/help")
async def show_help(page: NamedDependency[Page]) -> Response[str]:
    return page.render("portal/help.html")


@get("/sources")
async def show_sources(page: NamedDependency[Page], house: NamedDependency[House]) -> Response[str]:
    return page.render(
        "portal/sources.html", sources=_by_attribution(house.region.sources.values())
    )


@get("/offline")
async def show_offline(page: NamedDependency[Page]) -> Response[str]:
    return page.render("portal/offline.html")


@get("/manifest.webmanifest")
async def get_manifest(page: NamedDependency[Page]) -> Response[dict[str, object]]:
    name = page.plain("web.site.name")
    manifest: dict[str, object] = {
        "name": name,
        "short_name": name,
        "lang": page.language.value,
        "start_url": "/",
        "display": "browser",
        "theme_color": _GREEN,
        "background_color": _GROUND,
        "icons": [{"src": "/static/mark.svg", "sizes": "any", "type": "image/svg+xml"}],
    }
    return Response(manifest, media_type="application/manifest+json")


@get("/robots.txt")
async def get_robots() -> Response[str]:
    closed = ("/my", "/desk", "/shop", "/api/", "/oauth/")
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed), ""]
    return Response("\n".join(lines), media_type=MediaType.TEXT)


def _by_attribution(sources: Iterable[Source]) -> list[Source]:
    """Several files come from one publisher: each attribution stands once."""
    return list({source.attribution: source for source in sources}.values())
