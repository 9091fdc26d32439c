"""What consent declares."""

from pathlib import Path

from mieone.core.block import Block

from .actions import verify_states, verify_texts
from .jobs import JOBS, SUBSCRIPTIONS, list_home_items, list_sections, open_gate
from .pages import PEOPLE
from .routes import ROUTES
from .store import CHAIN

HERE = Path(__file__).parent

BLOCK = Block(
    name="consent",
    migrations=HERE / "migrations",
    templates=HERE / "templates",
    routes=ROUTES,
    pages=PEOPLE,
    chains=(CHAIN,),
    jobs=JOBS,
    subscriptions=SUBSCRIPTIONS,
    verifiers=(verify_states, verify_texts),
    home_items=list_home_items,
    my_page=list_sections,
    start=open_gate,
)
