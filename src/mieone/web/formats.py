"""Numbers, money, dates and periods as each language writes them."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec
from markupsafe import Markup

from .catalogue import Catalogue, Language

Day = date | datetime
"""A calendar day, or an instant whose day in Japan is meant."""

_JST = ZoneInfo("Asia/Tokyo")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Formats(msgspec.Struct, frozen=True):
    """The formats of one language; every answer is ready for a page."""

    catalogue: Catalogue
    language: Language

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

    def _dated(self, form: str, day: Day) -> Markup:
        day = _local(day)
        weekday = self._t(f"weekdays.{_WEEKDAYS[day.weekday()]}")
        month = self._t(f"months.m{day.month}")
        return self._t(form, year=day.year, month=month, day=day.day, weekday=weekday)

    def _t(self, name: str, **values: object) -> Markup:
        return self.catalogue.markup(self.language, f"formats.{name}", **values)


def _local(day: Day) -> date:
    return day.astimezone(_JST).date() if isinstance(day, datetime) else day
