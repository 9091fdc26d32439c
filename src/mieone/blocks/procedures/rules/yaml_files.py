"""YAML as definitions use it: no duplicate keys, dates quoted, no floating point."""

from collections.abc import Hashable
from typing import TypeVar

import msgspec
import yaml

T = TypeVar("T")


class FileInvalid(ValueError):
    """A data file that may not be used; names the file and the place."""


class _StrictLoader(yaml.SafeLoader):
    """SafeLoader that refuses what a definition must not contain."""


def _construct_mapping(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Hashable, object]:
    seen: set[Hashable] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            line = key_node.start_mark.line + 1
            raise FileInvalid(f"line {line}: key {key!r} twice")
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


def _refuse_scalar(loader: _StrictLoader, node: yaml.ScalarNode) -> None:
    line = node.start_mark.line + 1
    raise FileInvalid(f"line {line}: {node.value} must be quoted (dates) or a decimal string")


_StrictLoader.add_constructor("tag:yaml.org,2002:map", _construct_mapping)
_StrictLoader.add_constructor("tag:yaml.org,2002:timestamp", _refuse_scalar)
_StrictLoader.add_constructor("tag:yaml.org,2002:float", _refuse_scalar)


def read_strict(text: str, name: str, shape: type[T]) -> T:
    """The file's content in its shape. Raises FileInvalid with the file's name."""
    try:
        # A subclass of SafeLoader: it only refuses more.
        content = yaml.load(text, Loader=_StrictLoader)
        return msgspec.convert(content, shape, strict=True)
    except (yaml.YAMLError, FileInvalid, msgspec.ValidationError) as error:
        raise FileInvalid(f"{name}: {error}") from error
