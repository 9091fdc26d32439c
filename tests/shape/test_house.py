"""The architecture itself: floors, faces, rooms, schemas. What design.md §2 says must hold in the tree."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "mieone"
BLOCKS = sorted(path for path in (SOURCE / "blocks").iterdir() if (path / "__init__.py").exists())
ROOMS = {
    "__init__",
    "block",
    "routes",
    "pages",
    "jobs",
    "actions",
    "rules",
    "store",
    "problems",
    "model",
    "migrations",
    "templates",
    "queries.sql",
    "README.md",
}
# Rooms that one block needs by its nature, each with the reason.
OWN_ROOMS = {
    "identity": {
        "oauth",
        "staff",
    },  # the provider's protocol and the staff posts, each of block shape
    "procedures": {"letters"},  # typesetting of notices
    "registry": {"sample"},  # the synthetic residents
}


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield path, ast.parse(path.read_text("utf-8"))


def imported(tree: ast.Module) -> Iterator[tuple[str, tuple[str, ...]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module, tuple(alias.name for alias in node.names)


def test_imports_go_down_only() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports; lint_imports()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]


def test_blocks_meet_face_to_face() -> None:
    crossed: list[str] = []
    for path, tree in modules():
        within = path.relative_to(SOURCE).parts
        own = within[1] if within[0] == "blocks" and len(within) > 2 else None
        if within[0] == "main.py":
            continue
        for module, _names in imported(tree):
            parts = module.split(".")
            if parts[:2] == ["mieone", "blocks"] and len(parts) > 3 and parts[2] != own:
                crossed.append(f"{path.relative_to(ROOT)} imports {module}")
    assert crossed == []


def test_only_main_knows_the_simulators() -> None:
    crossed = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path, tree in modules()
        for module, _names in imported(tree)
        if module.startswith("mieone.simulators")
        and path.relative_to(SOURCE).parts[0] not in ("main.py", "simulators")
    ]
    assert crossed == []


@pytest.mark.parametrize("block", BLOCKS, ids=lambda path: path.name)
def test_a_block_has_the_rooms_of_every_block(block: Path) -> None:
    found = {
        path.name if path.suffix in (".sql", ".md") else path.stem
        for path in block.iterdir()
        if path.name != "__pycache__"
    }
    assert found <= ROOMS | OWN_ROOMS.get(block.name, set())
    assert "README.md" in found


@pytest.mark.parametrize("block", BLOCKS, ids=lambda path: path.name)
def test_a_blocks_sql_names_only_its_own_schema(block: Path) -> None:
    others = "|".join(path.name for path in BLOCKS if path != block)
    foreign = re.compile(rf"\b(?:{others})\.[a-z_]+\b")
    crossed: list[str] = []
    for path in block.rglob("*.sql"):
        text = re.sub(r"--.*|'[^']*'", "", path.read_text("utf-8"))
        crossed.extend(f"{path.relative_to(ROOT)}: {hit}" for hit in foreign.findall(text))
    assert crossed == []


def test_no_statement_is_written_in_python_outside_core() -> None:
    """A statement in a string escapes the schema test; blocks keep theirs in queries.sql."""
    verbs = re.compile(r"^\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH)\s", re.IGNORECASE)
    found: list[str] = []
    for path, tree in modules():
        if path.relative_to(SOURCE).parts[0] not in ("blocks", "portal", "web"):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value
                if verbs.match(text) and re.search(r"\b(FROM|INTO|SET|SELECT)\b", text[7:]):
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert found == []


def test_no_sentence_for_people_stands_in_python() -> None:
    """Japanese terms may explain in comments and docstrings; what people read is in the catalogues."""
    japanese = re.compile(r"[぀-ヿ一-鿿]{2,}")
    found: list[str] = []
    for path, tree in modules():
        if path.relative_to(SOURCE).parts[0] == "tour":
            # The tour reads pages as a visitor does; it shows nothing to people of its own.
            continue
        docstrings = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            if id(node) in docstrings | bare or "。" not in node.value:
                continue
            if japanese.search(node.value):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert found == []
