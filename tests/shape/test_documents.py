"""Documents that stay true: links lead somewhere, and the drawn tree is the tree."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SKIPPED = {"node_modules", ".venv", ".git"}
DOCUMENTS = [
    path for path in sorted(ROOT.rglob("*.md")) if not SKIPPED & set(path.relative_to(ROOT).parts)
]
LINK = re.compile(r"\]\(([^)\s]+)\)")


def anchors(path: Path) -> set[str]:
    """As the usual renderers make them: lower case, hyphens for spaces, no punctuation."""
    heads = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    broken: list[str] = []
    text = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)
    for link in LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        if not target.exists() or (
            anchor and target.suffix == ".md" and anchor not in anchors(target)
        ):
            broken.append(link)
    assert broken == []


def test_the_drawn_tree_exists() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    tree = text.split("## The tree")[1].split("##")[0]
    drawn = [
        word
        for line in tree.splitlines()
        if line.startswith("    ")
        for word in re.split(r"\s{2,}", line.strip())[0].split(" ")
    ]
    assert len(drawn) > 8
    assert [name for name in drawn if not (ROOT / name).exists()] == []


def test_every_block_is_described_under_the_same_headings() -> None:
    wanted = ["Purpose", "Words", "Tables", "Events", "Datasets", "Limits"]
    for readme in sorted((ROOT / "src" / "mieone" / "blocks").glob("*/README.md")):
        heads = re.findall(r"^## (.+)$", readme.read_text("utf-8"), re.MULTILINE)
        assert [head for head in heads if head in wanted] == wanted, readme
