"""Rows of open data read as entities, and entities written as rows."""

from .comparing import Brought, Piece, compare, digest_of, says_the_same
from .exporting import write_csv
from .figures import list_figures
from .mapping import Mapped, map_rows
from .named import Imported, expand
from .tables import Row, Table, read_table

__all__ = [
    "Brought",
    "Imported",
    "Mapped",
    "Piece",
    "Row",
    "Table",
    "compare",
    "digest_of",
    "expand",
    "list_figures",
    "map_rows",
    "read_table",
    "says_the_same",
    "write_csv",
]
