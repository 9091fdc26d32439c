"""Writes docs/schema.sql: every table, column, constraint, index, policy and trigger, sorted.

`python -m scripts.schema_snapshot` migrates a throw-away server and writes the file.
"""

import asyncio
from itertools import groupby
from pathlib import Path

import asyncpg

from mieone.core.cluster import temporary_cluster
from mieone.core.schema import migrate
from mieone.main import migrations

TARGET = Path(__file__).parents[1] / "docs" / "schema.sql"

_COLUMNS = """
SELECT n.nspname || '.' || c.relname AS tab, a.attname AS col,
    format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS not_null,
    pg_get_expr(d.adbin, d.adrelid) AS fallback
FROM pg_attribute AS a
INNER JOIN pg_class AS c ON c.oid = a.attrelid
INNER JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition AND a.attnum > 0
    AND NOT a.attisdropped AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
ORDER BY tab, a.attnum
"""
_REST = """
SELECT n.nspname || '.' || c.relname AS tab, x.line
FROM pg_class AS c
INNER JOIN pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
    SELECT 'CONSTRAINT ' || k.conname || ' ' || pg_get_constraintdef(k.oid) AS line
    FROM pg_constraint AS k WHERE k.conrelid = c.oid AND k.contype <> 'n'
    UNION ALL
    SELECT pg_get_indexdef(i.indexrelid) FROM pg_index AS i WHERE i.indrelid = c.oid
        AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = i.indexrelid)
    UNION ALL
    SELECT pg_get_triggerdef(t.oid) FROM pg_trigger AS t
    WHERE t.tgrelid = c.oid AND NOT t.tgisinternal
    UNION ALL
    SELECT 'POLICY ' || p.polname || ' ' || p.polcmd::text || ' '
        || coalesce(pg_get_expr(p.polqual, p.polrelid), '')
    FROM pg_policy AS p WHERE p.polrelid = c.oid
    UNION ALL
    SELECT 'GRANT ' || string_agg(g.privilege_type, ', ' ORDER BY g.privilege_type)
        || ' TO ' || g.grantee
    FROM (SELECT (aclexplode(c.relacl)).*) AS e
    CROSS JOIN LATERAL (SELECT e.privilege_type, pg_get_userbyid(e.grantee)::text AS grantee) AS g
    WHERE g.grantee <> pg_get_userbyid(c.relowner)
    GROUP BY g.grantee
) AS x
WHERE c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
    AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
ORDER BY tab, x.line
"""


async def snapshot(conn: "asyncpg.Connection[asyncpg.Record]") -> str:
    """The schema as text that is the same for the same migrations."""
    rest: dict[str, list[str]] = {}
    for row in await conn.fetch(_REST):
        rest.setdefault(row["tab"], []).append(row["line"])
    parts: list[str] = ["-- Written by `python -m scripts.schema_snapshot`; a test compares it.\n"]
    rows = await conn.fetch(_COLUMNS)
    for table, columns in groupby(rows, key=lambda row: row["tab"]):
        lines = [
            f"    {row['col']} {row['type']}"
            + (" NOT NULL" if row["not_null"] else "")
            + (f" DEFAULT {row['fallback']}" if row["fallback"] else "")
            for row in columns
        ]
        body = ",\n".join(lines)
        parts.append(
            f"TABLE {table} (\n{body}\n)\n" + "".join(f"  {x}\n" for x in rest.get(table, []))
        )
    return "\n".join(parts)


async def _write(owner_dsn: str) -> None:
    await migrate(owner_dsn, migrations())
    conn = await asyncpg.connect(owner_dsn)
    try:
        TARGET.write_text(await snapshot(conn), encoding="utf-8")
    finally:
        await conn.close()


def main() -> None:
    with temporary_cluster() as connections:
        asyncio.run(_write(connections.owner_dsn))


if __name__ == "__main__":
    main()
