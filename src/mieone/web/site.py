"""What is the same for every request: catalogue, templates of each language, assets, telephone."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Self

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from mieone.core.clock import Clock, SystemClock
from mieone.core.model import TownCode
from mieone.core.settings import Profile

from .assets import Assets
from .catalogue import Catalogue, Language
from .formats import Formats
from .forms import Form
from .model import SectionLink, Telephone, TownChoice
from .text import ruby_element

TEMPLATES = Path(__file__).parent / "templates"

WAYS = (
    SectionLink(message_id="web.ways.home", href="/", icon="home"),
    SectionLink(message_id="web.ways.procedures", href="/procedures", icon="pen"),
    SectionLink(message_id="web.ways.money", href="/coin", icon="coin"),
    SectionLink(message_id="web.ways.about_me", href="/my", icon="person"),
)
"""The four ways at the top of every resident's page."""


class Site(msgspec.Struct, frozen=True, kw_only=True):
    catalogue: Catalogue
    environments: Mapping[Language, Environment]
    profile: Profile
    telephone: Telephone
    towns: Sequence[TownChoice]
    ways: Sequence[SectionLink] = WAYS

    @classmethod
    def build(
        cls,
        *,
        catalogue: Catalogue,
        assets: Assets,
        profile: Profile,
        telephone: Telephone,
        towns: Sequence[TownChoice] = (),
        template_folders: Iterable[Path] = (),
        clock: Clock | None = None,
    ) -> Self:
        folders = [TEMPLATES, *template_folders]
        environments = {
            language: _environment(folders, catalogue, language, assets, clock or SystemClock())
            for language in Language
        }
        return cls(
            catalogue=catalogue,
            environments=environments,
            profile=profile,
            telephone=telephone,
            towns=tuple(towns),
        )

    def find_town(self, code: str) -> TownChoice | None:
        return next((town for town in self.towns if town.code == TownCode(code)), None)


def _environment(
    folders: Sequence[Path], catalogue: Catalogue, language: Language, assets: Assets, clock: Clock
) -> Environment:
    """One environment a language: macros imported without context still speak it."""
    environment = Environment(
        loader=FileSystemLoader([str(folder) for folder in folders]),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    formats = Formats(catalogue, language)

    def t(message_id: str, /, **values: object) -> Markup:
        return catalogue.markup(language, message_id, **values)

    def plain(message_id: str, /, **values: object) -> str:
        return catalogue.translate(language, message_id, **values)

    def named(name: str, kana: str, english: str = "") -> Markup | str:
        """A proper name from the region's records: with its reading, or its English form."""
        if language is Language.EN and english:
            return english
        return ruby_element(name, kana) if language is Language.YASASHII else name

    environment.globals.update(
        t=t,
        plain=plain,
        named=named,
        asset=assets.path,
        number=formats.number,
        money=formats.money,
        date=formats.date,
        date_year=formats.date_year,
        date_time=formats.date_time,
        countdown=lambda until: formats.countdown(until, clock.today()),
        share=formats.share,
        language=language,
        languages=tuple(Language),
        empty_form=Form(),
    )
    return environment
