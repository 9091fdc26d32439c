"""What the exchange declares."""

from pathlib import Path

from mieone.core.block import Block

from .jobs import JOBS, open_door
from .pages import DEVELOPERS
from .routes import ROUTES

HERE = Path(__file__).parent

BLOCK = Block(
    name="exchange",
    migrations=HERE / "migrations",
    templates=HERE / "templates",
    routes=ROUTES,
    developers=DEVELOPERS,
    jobs=JOBS,
    start=open_door,
)
