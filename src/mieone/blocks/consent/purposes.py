"""The region's purposes, read from its file."""

from collections.abc import Mapping

from mieone.core.region import Region, read_yaml

from .model import Purpose

FILE = "purposes.yaml"


def load_purposes(region: Region) -> Mapping[str, Purpose]:
    """Purpose id to what it says; a region without the file has none, so nothing can be asked."""
    if not (region.directory / FILE).is_file():
        return {}
    return read_yaml(region.directory, FILE, dict[str, Purpose])
