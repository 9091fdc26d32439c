"""Named statements from a block's `queries.sql`."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

_NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)\s*$", re.MULTILINE)


def load_queries(path: Path) -> Mapping[str, str]:
    """Split a file at its `-- name: x` lines. Raises ValueError for a name used twice."""
    parts = _NAME.split(path.read_text(encoding="utf-8"))
    names, bodies = parts[1::2], parts[2::2]
    if len(set(names)) != len(names):
        raise ValueError(f"{path}: a statement's name is used twice")
    statements = zip(names, (body.strip().rstrip(";") for body in bodies), strict=True)
    return MappingProxyType(dict(statements))
