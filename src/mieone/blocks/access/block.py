"""What the access record declares."""

from pathlib import Path

from mieone.core.block import Block

from .actions import verify_outcomes
from .jobs import JOBS, SUBSCRIPTIONS, list_sections
from .pages import DESK, PEOPLE
from .store import CHAIN

HERE = Path(__file__).parent

BLOCK = Block(
    name="access",
    migrations=HERE / "migrations",
    templates=HERE / "templates",
    pages=PEOPLE,
    desk=DESK,
    chains=(CHAIN,),
    jobs=JOBS,
    subscriptions=SUBSCRIPTIONS,
    verifiers=(verify_outcomes,),
    my_page=list_sections,
)
