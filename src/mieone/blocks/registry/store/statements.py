"""The block's statements by name."""

from pathlib import Path

from mieone.core.queries import load_queries

QUERIES = load_queries(Path(__file__).parents[1] / "queries.sql")
BATCH = 5_000
"""Rows a statement: large enough to be fast, small enough to stay in memory."""
