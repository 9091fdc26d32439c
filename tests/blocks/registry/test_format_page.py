"""The documented format is the one that is read."""

from pathlib import Path

from mieone.blocks.registry.model import COLUMNS
from mieone.blocks.registry.rules.files import read_register_file
from mieone.web.catalogue import CATALOGUES, Language, read_texts
from tests.blocks.registry import given

PAGE = Path(__file__).parents[3] / "docs" / "formats" / "register-import.md"


def test_the_example_is_taken_without_a_finding() -> None:
    example = PAGE.read_text("utf-8").split("```csv\n")[1].split("```")[0]

    file = read_register_file(example.encode(), given.TODAY)

    assert (len(file.entries), file.findings) == (2, ())


def test_every_column_and_reason_is_documented_and_translated() -> None:
    page = PAGE.read_text("utf-8")
    texts = read_texts(CATALOGUES / Language.JA / "registry.yaml")
    reasons = [one.rsplit(".", 1)[1] for one in texts if one.startswith("registry.import.reasons.")]

    assert all(f"`{name}`" in page for name in (*COLUMNS, *reasons))
    assert all(f"registry.columns.{name}" in texts for name in COLUMNS)
