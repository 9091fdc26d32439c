"""The headers that say where a v2 request is at home: service and service path."""

import re
from typing import Final

from mieone.blocks.broker.problems import BadRequestData

_SERVICE: Final = re.compile(r"\w{1,50}", re.ASCII)
_LEVEL: Final = re.compile(r"\w{1,50}", re.ASCII)
_MOST_LEVELS: Final = 10
_MOST_PATHS: Final = 10


def read_service(text: str | None) -> str | None:
    """The tenant, in small letters; None for the default one."""
    if not text:
        return None
    if not _SERVICE.fullmatch(text):
        raise BadRequestData("a service name is up to 50 letters, digits and underscores")
    return text.lower()


def read_paths(text: str | None, *, is_write: bool) -> tuple[str, ...]:
    """Service paths, any of which may fit; () is all of them. A write has exactly one."""
    if not text:
        return ("/",) if is_write else ()
    paths = tuple(_read_path(part.strip()) for part in text.split(","))
    if is_write and (len(paths) > 1 or paths[0].endswith("#")):
        raise BadRequestData("a write names one service path, without #")
    if len(paths) > _MOST_PATHS:
        raise BadRequestData(f"more than {_MOST_PATHS} service paths")
    return () if "/#" in paths else paths


def _read_path(text: str) -> str:
    if not text.startswith("/"):
        raise BadRequestData("a service path begins with a slash")
    levels = text[1:].rstrip("/").split("/") if text.strip("/") else []
    if len(levels) > _MOST_LEVELS:
        raise BadRequestData(f"a service path has more than {_MOST_LEVELS} levels")
    for place, level in enumerate(levels, start=1):
        if level == "#" and place == len(levels):
            continue
        if not _LEVEL.fullmatch(level):
            raise BadRequestData(
                "a level of a service path is 1 to 50 letters, digits and underscores"
            )
    return "/" + "/".join(levels)
