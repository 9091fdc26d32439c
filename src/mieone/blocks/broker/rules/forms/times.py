"""Instants as the documents write them."""

from datetime import UTC, datetime


def render_time(at: datetime) -> str:
    """UTC with `Z`; milliseconds or microseconds only where there are any."""
    moment = at if at.tzinfo is UTC else at.astimezone(UTC)
    if moment.microsecond == 0:
        return f"{moment.isoformat()[:19]}Z"
    digits = 23 if moment.microsecond % 1000 == 0 else 26
    return f"{moment.isoformat()[:digits]}Z"
