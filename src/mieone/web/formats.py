"""Numbers, money, dates and periods as each language writes them."""

from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec
from markupsafe import Markup

from mieone.core.region import Names

from .catalogue import Catalogue, Language
from .model import Phrase, Yen
from .text import ruby_markup, without_ruby

Day = date | datetime
"""A calendar day, or an instant whose day in Japan is meant."""

_JST = ZoneInfo("Asia/Tokyo")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Formats(msgspec.Struct, frozen=True):
    """The formats of one language; every answer is ready for a page."""

    catalogue: Catalogue
    language: Language

    def t(self, message_id: str, /, **values: object) -> Markup:
        """The message with its ruby; dates, `Yen`, `Names` and `Phrase` are put into words."""
        return self.catalogue.markup(self.language, message_id, **self._shown_all(values))

    def plain(self, message_id: str, /, **values: object) -> str:
        """The message without ruby, for attributes, titles and mail."""
        return self.catalogue.translate(self.language, message_id, **self._shown_all(values))

    def shown(self, value: object) -> object:
        match value:
            case date():
                return self.date(value)
            case Yen():
                return self.money(value.amount)
            case Names():
                return self.named(value)
            case Phrase():
                return self.t(value.message_id, **value.values)
            case _:
                return value

    def named(self, names: Names) -> Markup:
        """A proper name from the region's records, with ruby where the language asks for it."""
        return ruby_markup(names.shown_in(self.language))

    def plain_name(self, names: Names) -> str:
        return without_ruby(names.shown_in(self.language))

    def number(self, value: float) -> str:
        return f"{value:,}"

    def money(self, amount_yen: int) -> Markup:
        sign = "−" if amount_yen < 0 else ""
        return self._t("money", sign=sign, amount=f"{abs(amount_yen):,}")

    def date(self, day: Day) -> Markup:
        return self._dated("date", day)

    def date_year(self, day: Day) -> Markup:
        return self._dated("date_year", day)

    def date_time(self, at: datetime) -> Markup:
        local = at.astimezone(_JST)
        return self._t("date_time", date=self.date(at), time=f"{local:%H:%M}")

    def countdown(self, until: Day, today: Day) -> Markup:
        """How many days are left, with the day itself beside it."""
        last_day = _local(until)
        days_left = (last_day - _local(today)).days
        shown = self._dated("date_short", last_day)
        if days_left == 0:
            return self._t("countdown.today", date=shown)
        if days_left < 0:
            return self._t("countdown.past", days=-days_left, date=shown)
        return self._t("countdown.left", days=days_left, date=shown)

    def share(self, ratio: float) -> str:
        return f"{ratio * 100:.1f}%"

    def _shown_all(self, values: Mapping[str, object]) -> dict[str, object]:
        return {name: self.shown(value) for name, value in values.items()}

    def _dated(self, form: str, day: Day) -> Markup:
        day = _local(day)
        weekday = self._t(f"weekdays.{_WEEKDAYS[day.weekday()]}")
        month = self._t(f"months.m{day.month}")
        return self._t(form, year=day.year, month=month, day=day.day, weekday=weekday)

    def _t(self, name: str, **values: object) -> Markup:
        return self.catalogue.markup(self.language, f"formats.{name}", **values)


def _local(day: Day) -> date:
    return day.astimezone(_JST).date() if isinstance(day, datetime) else day
