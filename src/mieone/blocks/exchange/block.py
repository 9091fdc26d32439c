"""What the exchange declares."""

from pathlib import Path

from mieone.core.block import Block

from .jobs import JOBS, list_retained, open_door
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
    retention=list_retained,
    start=open_door,
)
