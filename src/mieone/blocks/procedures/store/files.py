"""The region's procedure files, read from its directory."""

from collections.abc import Iterable
from pathlib import Path

from mieone.blocks.procedures.rules.calendar import Calendar, read_calendar
from mieone.blocks.procedures.rules.library import Library, LibraryTexts, read_library
from mieone.core.region import Region


def load_library(region: Region) -> Library:
    """Raises FileInvalid naming the file that cannot be used."""
    folder = region.directory
    return read_library(
        LibraryTexts(
            definitions=_texts((folder / "procedures").glob("*/*.yaml"), folder),
            tables=_texts((folder / "tables").glob("*.yaml"), folder),
            authorities=_text(folder / "authorities.yaml"),
            kyoji=_text(folder / "kyoji.yaml"),
            laws=_text(folder / "letters" / "laws.yaml"),
            letterheads=_text(folder / "letters" / "letterheads.yaml"),
            layout=_text(folder / "letters" / "layout.yaml"),
        ),
        load_calendar(region),
    )


def load_calendar(region: Region) -> Calendar:
    return read_calendar(day.isoformat() for day in region.holidays)


def _texts(paths: Iterable[Path], folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): _text(path) for path in sorted(paths)}


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
