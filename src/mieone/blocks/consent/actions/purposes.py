"""The region's purposes, read from its file."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from mieone.blocks.consent.model import Purpose
from mieone.core.region import Region
from mieone.core.region_files import read_yaml

FILE = "purposes.yaml"


def load_purposes(region: Region) -> Mapping[str, Purpose]:
    """Purpose id to what it says; a region without the file has none, so nothing can be asked."""
    return _read(region.directory)


@cache
def _read(directory: Path) -> Mapping[str, Purpose]:
    # The file is part of an installation and does not change while it runs.
    if not (directory / FILE).is_file():
        return {}
    return MappingProxyType(read_yaml(directory, FILE, dict[str, Purpose]))
