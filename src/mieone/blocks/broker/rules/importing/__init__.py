"""Rows of open data read as entities, and entities written as rows."""

from .exporting import write_csv
from .mapping import Imported, map_rows
from .tables import Row, read_table

__all__ = ["Imported", "Row", "map_rows", "read_table", "write_csv"]
