"""Words of the pages: tones, what blocks hand over to the home page and to my page."""

from collections.abc import Mapping
from datetime import date
from enum import IntEnum, StrEnum

import msgspec


class Tone(StrEnum):
    """How a notice or a state speaks; each has a sign of its own beside the colour."""

    INFO = "info"
    ATTENTION = "attention"
    STOPPED = "stopped"
    DONE = "done"


class Urgency(IntEnum):
    """The order of what concerns this person now; the lowest number stands first."""

    LIFE = 0
    DEADLINE = 1
    LETTER = 2
    GIFT = 3
    NEWS = 4


class Yen(msgspec.Struct, frozen=True):
    """An amount among a message's values: `Yen(1200)` is shown as 1,200円."""

    amount: int


class Phrase(msgspec.Struct, frozen=True):
    """A message among a message's values, such as the name of a procedure."""

    message_id: str
    values: Mapping[str, object] = {}


class HomeItem(msgspec.Struct, frozen=True, kw_only=True):
    """One line under "what concerns you now" on the home page, handed over by a block."""

    urgency: Urgency
    message_id: str
    """A catalogue id; `values` fills its places."""
    values: Mapping[str, object] = {}
    href: str
    icon: str = "letter"
    until: date | None = None
    """A last day, shown as a countdown."""
    tone: Tone = Tone.INFO


class SectionPlace(StrEnum):
    """The three large things, and where a section of my page stands."""

    PROCEDURES = "procedures"
    MONEY = "money"
    ABOUT_ME = "about_me"


class SectionLink(msgspec.Struct, frozen=True, kw_only=True):
    message_id: str
    href: str
    icon: str = "arrow"
    hint_id: str | None = None
    values: Mapping[str, object] = {}


class PageSection(msgspec.Struct, frozen=True, kw_only=True):
    """A part of my page: one fact in words (if any) and the links a block offers there."""

    place: SectionPlace
    order: int = 50
    title_id: str
    values: Mapping[str, object] = {}
    text_id: str | None = None
    amount_yen: int | None = None
    """Shown large and right-aligned, such as a balance."""
    links: tuple[SectionLink, ...] = ()


class Telephone(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to call from any page."""

    number: str
    is_sample: bool = False
    """Said beside the number: nobody answers an invented one."""
    hours_id: str = "web.telephone.hours"
