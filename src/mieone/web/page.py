"""The page of one request: its language, town, visitor and how it becomes HTML."""

from collections.abc import Mapping
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlencode

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.di import Provide
from litestar.enums import MediaType
from litestar.response import Response
from litestar.utils.scope.state import ScopeState
from markupsafe import Markup

from mieone.core.model import Actor, ActorKind, TownCode
from mieone.core.region import Town
from mieone.core.settings import Profile

from .catalogue import Language
from .formats import Formats
from .site import Site

# The framework's own edge: who or what it carries is read from the state, with types.
AnyRequest: TypeAlias = Request[Any, Any, Any]
AnyConnection: TypeAlias = ASGIConnection[Any, Any, Any, Any]

LANGUAGE_COOKIE = "mieone_language"
TOWN_COOKIE = "mieone_town"
_YEAR_S = 365 * 24 * 3600


class Page:
    """Given to every handler that answers people; `render` is its one way out."""

    def __init__(
        self,
        *,
        site: Site,
        language: Language,
        path: str,
        query: str = "",
        town: TownCode | None = None,
        actor: Actor | None = None,
        csrf_token: str = "",
        csp_nonce: str = "",
        is_partial: bool = False,
        remember_language: bool = False,
    ) -> None:
        self.site = site
        self.language = language
        self.path = path
        self.query = query
        self.town = town
        """The town chosen on the home page: a preference, never a right."""
        self.actor = actor
        self.csrf_token = csrf_token
        self.csp_nonce = csp_nonce
        self.is_partial = is_partial
        """htmx asks for a part of the page; answer with the part's template."""
        self.remember_language = remember_language

    @property
    def formats(self) -> Formats:
        return Formats(self.site.catalogue, self.language)

    @property
    def chosen_town(self) -> Town | None:
        return self.site.find_town(self.town) if self.town else None

    @property
    def is_signed_in(self) -> bool:
        return self.actor is not None

    @property
    def is_resident(self) -> bool:
        return self.actor is not None and self.actor.kind is ActorKind.PERSON

    @property
    def shows_profile(self) -> bool:
        return self.site.profile is not Profile.PRODUCTION

    @property
    def csrf_field(self) -> Markup:
        """The hidden field every form that posts carries."""
        return Markup('<input type="hidden" name="_csrf_token" value="{}">').format(self.csrf_token)

    def t(self, message_id: str, /, **values: object) -> Markup:
        return self.formats.t(message_id, **values)

    def plain(self, message_id: str, /, **values: object) -> str:
        return self.formats.plain(message_id, **values)

    def in_language(self, language: Language) -> str:
        """The address of this page in another language."""
        kept = [pair for pair in parse_qsl(self.query) if pair[0] != "lang"]
        return f"{self.path}?{urlencode([*kept, ('lang', language.value)])}"

    def is_at(self, prefix: str) -> bool:
        return self.path == prefix or self.path.startswith(f"{prefix.rstrip('/')}/")

    def html(self, template: str, /, **values: object) -> str:
        environment = self.site.environments[self.language]
        return environment.get_template(template).render(
            page=self, csrf_field=self.csrf_field, csp_nonce=self.csp_nonce, **values
        )

    def render(
        self,
        template: str,
        /,
        *,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: object,
    ) -> Response[str]:
        shown = {
            "Content-Language": self.language.value,
            "Vary": "Accept-Language, Cookie",
            "Cache-Control": "no-store" if self.actor else "private, no-cache",
        }
        return Response(
            self.html(template, **values),
            status_code=status_code,
            media_type=MediaType.HTML,
            headers={**shown, **(headers or {})},
            cookies=[self._language_cookie()] if self.remember_language else [],
        )

    def _language_cookie(self) -> Cookie:
        return preference_cookie(LANGUAGE_COOKIE, self.language.value)


def preference_cookie(key: str, value: str) -> Cookie:
    return Cookie(key=key, value=value, path="/", max_age=_YEAR_S, httponly=True, samesite="lax")


def read_page(site: Site, connection: AnyConnection) -> Page:
    """The page for a connection: also for exception handlers, which have no dependencies."""
    asked = _known(connection.query_params.get("lang", ""))
    cookies = connection.cookies
    state = connection.scope.get("state", {})
    actor = state.get("actor")
    town = site.find_town(cookies.get(TOWN_COOKIE, "")) or _only_town(site, actor)
    return Page(
        site=site,
        language=asked or choose_language(cookies, connection.headers.get("accept-language", "")),
        path=connection.url.path,
        query=connection.url.query,
        town=town.code if town else None,
        actor=actor,
        csrf_token=_csrf_token(connection),
        csp_nonce=state.get("csp_nonce", ""),
        is_partial=connection.headers.get("hx-request") == "true",
        remember_language=asked is not None,
    )


def _only_town(site: Site, actor: Actor | None) -> Town | None:
    """Whoever lives in one town was asked enough; officers of one town likewise."""
    if actor is None or len(actor.towns) != 1:
        return None
    return site.find_town(next(iter(actor.towns)))


def page_dependency(site: Site) -> Provide:
    """For the application: `dependencies={"page": page_dependency(site)}`."""

    def provide_page(request: AnyRequest) -> Page:
        return read_page(site, request)

    return Provide(provide_page, sync_to_thread=False)


def choose_language(cookies: Mapping[str, str], accepted: str) -> Language:
    """What was chosen before, else what the browser prefers, else Japanese."""
    chosen = _known(cookies.get(LANGUAGE_COOKIE, ""))
    if chosen:
        return chosen
    for tag in _by_weight(accepted):
        if tag.split("-")[0] == "ja":
            return Language.JA
        if tag.split("-")[0] == "en":
            return Language.EN
    return Language.JA


def _by_weight(accepted: str) -> list[str]:
    weighed: list[tuple[float, str]] = []
    for choice in accepted.split(","):
        tag, _, weight = choice.strip().partition(";q=")
        try:
            weighed.append((-float(weight or 1), tag.strip().lower()))
        except ValueError:
            continue
    return [tag for _, tag in sorted(weighed, key=lambda pair: pair[0])]


def _known(value: str) -> Language | None:
    try:
        return Language(value)
    except ValueError:
        return None


def _csrf_token(connection: AnyConnection) -> str:
    token = ScopeState.from_scope(connection.scope).csrf_token
    return token if isinstance(token, str) else ""
