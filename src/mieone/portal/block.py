"""What the portal declares; like a block, though it stands above them all."""

from pathlib import Path

from mieone.core.block import Block

from .pages import DESK, DEVELOPERS, PEOPLE

BLOCK = Block(
    name="portal",
    templates=Path(__file__).parent / "templates",
    pages=PEOPLE,
    desk=DESK,
    developers=DEVELOPERS,
)
