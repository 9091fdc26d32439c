"""One function, one statement."""

from pathlib import Path

from mieone.core.queries import load_queries

QUERIES = load_queries(Path(__file__).parent.parent / "queries.sql")

__all__ = ["QUERIES"]
