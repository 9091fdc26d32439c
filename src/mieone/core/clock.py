"""Time as a part that can be replaced; the law counts days in Japan's time."""

from datetime import UTC, date, datetime, timedelta
from typing import Protocol, runtime_checkable
from zoneinfo import ZoneInfo

JST = ZoneInfo("Asia/Tokyo")


# Handlers ask for it by this type, and Litestar checks what it hands over.
@runtime_checkable
class Clock(Protocol):
    def now(self) -> datetime:
        """An aware instant in UTC."""
        ...

    def today(self) -> date:
        """The calendar day in Japan."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def today(self) -> date:
        return datetime.now(JST).date()


class FixedClock:
    """Stands still until somebody moves it: for tests and simulated days."""

    def __init__(self, at: datetime) -> None:
        if at.tzinfo is None:
            raise ValueError("a fixed clock needs an aware instant")
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        return self._at

    def today(self) -> date:
        return self._at.astimezone(JST).date()

    def advance(self, by: timedelta) -> None:
        self._at += by
