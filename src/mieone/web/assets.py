"""The built static files by their stable names."""

from collections.abc import Mapping
from pathlib import Path
from typing import Self

import msgspec

STATIC = Path(__file__).parent / "static"
DIST = STATIC / "dist"


class AssetsMissingError(Exception):
    """The front end has not been built: run `python -m mieone.web.build`."""


class Manifest(msgspec.Struct, frozen=True):
    """What the build writes last."""

    inputs: str
    """A digest of all that went in."""
    files: Mapping[str, str]


class Assets(msgspec.Struct, frozen=True):
    paths: Mapping[str, str]
    """Stable name ("people.css") to served path ("/static/dist/people-AB12.css")."""

    @classmethod
    def load(cls, dist: Path = DIST) -> Self:
        try:
            manifest = (dist / "manifest.json").read_bytes()
        except FileNotFoundError:
            raise AssetsMissingError("run: python -m mieone.web.build") from None
        return cls(msgspec.json.decode(manifest, type=Manifest).files)

    def path(self, name: str) -> str:
        try:
            return self.paths[name]
        except KeyError:
            raise AssetsMissingError(f"{name} is not in the manifest") from None
