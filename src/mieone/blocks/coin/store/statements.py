"""The block's named statements."""

from pathlib import Path

from mieone.core.queries import load_queries

QUERIES = load_queries(Path(__file__).parent.parent / "queries.sql")
AUDIT = load_queries(Path(__file__).parent / "queries_audit.sql")
