"""What is the same for every request: catalogue, templates of each language, assets, telephone."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Self

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from mieone.core.clock import Clock, SystemClock
from mieone.core.model import ActorKind
from mieone.core.region import Names, Town
from mieone.core.settings import Profile

from .assets import Assets
from .catalogue import Catalogue, Language
from .formats import Formats
from .forms import Form
from .model import SectionLink, Telephone

TEMPLATES = Path(__file__).parent / "templates"

WAYS = (
    SectionLink(message_id="web.ways.home", href="/", icon="home"),
    SectionLink(message_id="web.ways.procedures", href="/procedures", icon="pen"),
    SectionLink(message_id="web.ways.money", href="/coin", icon="coin"),
    SectionLink(message_id="web.ways.about_me", href="/my", icon="person"),
)
"""The four ways at the top of every resident's page."""

_TOWN = frozenset({ActorKind.TOWN_OFFICER, ActorKind.AUTHORITY_HEAD})
_ASSOCIATION = frozenset({ActorKind.ASSOCIATION})
DESK_WAYS = (
    ("cases", "/desk", _TOWN | _ASSOCIATION),
    ("print", "/desk/print", _ASSOCIATION),
    ("matching", "/desk/register/cases", frozenset({ActorKind.TOWN_OFFICER})),
    ("import", "/desk/register/import", frozenset({ActorKind.TOWN_OFFICER})),
    ("open_data", "/desk/open-data", frozenset({ActorKind.TOWN_OFFICER})),
    ("questions", "/desk/questions", _ASSOCIATION),
    ("operations", "/desk/operations", _ASSOCIATION),
    ("broker", "/desk/broker", _ASSOCIATION),
)
"""The rooms of the desk and whose they are; each room checks for itself who comes in."""


class Site:
    def __init__(
        self,
        *,
        catalogue: Catalogue,
        environments: Mapping[Language, Environment],
        profile: Profile,
        telephone: Telephone,
        region_names: Names,
        towns: Sequence[Town],
        ways: Sequence[SectionLink] = WAYS,
    ) -> None:
        self.catalogue = catalogue
        self.environments = environments
        self.profile = profile
        self.telephone = telephone
        self.region_names = region_names
        self.towns = towns
        self.ways = ways
        self.desk_ways = DESK_WAYS

    @classmethod
    def build(
        cls,
        *,
        catalogue: Catalogue,
        assets: Assets,
        profile: Profile,
        telephone: Telephone,
        region_names: Names,
        towns: Sequence[Town] = (),
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
            region_names=region_names,
            towns=tuple(towns),
        )

    def find_town(self, code: str) -> Town | None:
        return next((town for town in self.towns if town.code == code), None)


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
    environment.globals.update(
        t=formats.t,
        plain=formats.plain,
        named=formats.named,
        plain_name=formats.plain_name,
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
