"""The schema: what the migrations make is what docs/schema.sql says, and every statement fits it."""

import re
from pathlib import Path

import asyncpg
import pytest
from scripts.schema_snapshot import snapshot

from mieone.core.queries import load_queries
from mieone.core.roles import Connections
from tests.conftest import connected

ROOT = Path(__file__).parents[2]
# Rows about a human being wherever they live: read by the subject's id alone, which only that person
# and the door know. The town stands there as a fact, not as the owner of the row.
BY_SUBJECT = {"access.record"}
QUERIES = sorted((ROOT / "src" / "mieone").rglob("queries*.sql"))


async def test_the_snapshot_equals_what_the_migrations_make(template: Connections) -> None:
    """`python -m scripts.schema_snapshot` writes it anew."""
    async with connected(template.owner_dsn) as owner:
        made = await snapshot(owner)
    assert (ROOT / "docs" / "schema.sql").read_text("utf-8") == made


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.parent.name)
async def test_every_statement_fits_the_real_schema(template: Connections, path: Path) -> None:
    async with connected(template.owner_dsn) as owner:
        for name, statement in load_queries(path).items():
            try:
                await owner.prepare(statement)
            except asyncpg.PostgresError as error:
                pytest.fail(f"{path.relative_to(ROOT)} {name}: {error}")


async def test_a_town_column_means_row_security_or_town_as_first_parameter(
    template: Connections,
) -> None:
    """Tables with a town are secured by policy, or every statement on them takes the town first."""
    async with connected(template.owner_dsn) as owner:
        rows = await owner.fetch(
            "SELECT n.nspname || '.' || c.relname AS name FROM pg_class AS c "
            "INNER JOIN pg_namespace AS n ON n.oid = c.relnamespace "
            "INNER JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'town' "
            "WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition "
            "AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"
        )
    unsecured = {row["name"] for row in rows} - BY_SUBJECT
    crossed: list[str] = []
    for path in QUERIES:
        for name, statement in load_queries(path).items():
            touched = [
                table for table in unsecured if re.search(rf"\b{re.escape(table)}\b", statement)
            ]
            if touched and not re.search(r"town\s*(=|,)|\btown\b[^;]*\$1", statement):
                crossed.append(f"{path.parent.name}.{name} touches {touched}")
    assert crossed == []


async def test_no_foreign_key_leaves_a_schema(template: Connections) -> None:
    async with connected(template.owner_dsn) as owner:
        rows = await owner.fetch(
            "SELECT conname FROM pg_constraint AS k "
            "INNER JOIN pg_class AS a ON a.oid = k.conrelid "
            "INNER JOIN pg_class AS b ON b.oid = k.confrelid "
            "WHERE k.contype = 'f' AND a.relnamespace <> b.relnamespace"
        )
    assert [row["conname"] for row in rows] == []


async def test_the_applications_logins_are_as_small_as_they_should_be(
    template: Connections,
) -> None:
    async with connected(template.owner_dsn) as owner:
        rows = await owner.fetch(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles "
            "WHERE rolname LIKE 'mieone\\_%'"
        )
        owned = await owner.fetchval(
            "SELECT count(*) FROM pg_class AS c INNER JOIN pg_roles AS r ON r.oid = c.relowner "
            "WHERE r.rolname IN ('mieone_app', 'mieone_sealer', 'mieone_auditor')"
        )
    assert {row["rolname"] for row in rows} >= {"mieone_app", "mieone_sealer", "mieone_auditor"}
    assert not any(any(list(row)[1:]) for row in rows)
    assert owned == 0
