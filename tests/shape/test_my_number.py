"""個人番号 is never stored, logged or accepted: scanned in the schema, the data and the tree."""

import re
from pathlib import Path

import pytest

from mieone.core.roles import Connections
from tests.conftest import connected

ROOT = Path(__file__).parents[2]
TWELVE = re.compile(r"(?<![0-9A-Za-z.\-])[0-9]{12}(?![0-9A-Za-z.\-])")
WIDE = str.maketrans("０１２３４５６７８９", "0123456789")
NAMES = re.compile(r"my_?number|kojin_?bangou?|個人番号|マイナンバー$", re.IGNORECASE)


def check_digit(base: str) -> int:
    """総務省令第85号 第5条, from the low end of the first eleven digits."""
    weights = [n + 1 if n <= 6 else n - 5 for n in range(1, 12)]
    rest = sum(int(d) * w for d, w in zip(reversed(base), weights, strict=True)) % 11
    return 0 if rest <= 1 else 11 - rest


def looks_like_one(text: str) -> bool:
    return check_digit(text[:11]) == int(text[11])


def test_the_scanner_knows_the_published_rule() -> None:
    assert check_digit("12345678901") == 8
    assert looks_like_one("123456789018")


@pytest.mark.parametrize(
    "folder", ["src", "regions", "samples", "tests", "docs", "proofs", "bench"]
)
def test_no_file_of_ours_holds_a_number_with_that_check_digit(folder: str) -> None:
    found: list[str] = []
    for path in sorted((ROOT / folder).rglob("*")):
        if path.suffix not in (".py", ".csv", ".yaml", ".yml", ".json", ".md", ".sql", ".html"):
            continue
        if "node_modules" in path.parts or "dist" in path.parts or path == Path(__file__):
            continue
        text = path.read_text("utf-8", errors="ignore").translate(WIDE)
        found.extend(
            f"{path.relative_to(ROOT)}: {hit}"
            for hit in TWELVE.findall(text)
            if looks_like_one(hit)
        )
    # The reference's own vector is quoted where it is tested.
    assert [hit for hit in found if not hit.endswith("123456789018")] == []


async def test_no_column_is_made_for_it(template: Connections) -> None:
    async with connected(template.owner_dsn) as owner:
        rows = await owner.fetch(
            "SELECT table_schema, table_name, column_name FROM information_schema.columns "
            "WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
        )
    named = [tuple(row) for row in rows if NAMES.search(row["column_name"])]
    assert rows
    assert named == []
