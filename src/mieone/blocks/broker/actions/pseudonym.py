"""The names by which brokers know each other in Via headers, without saying where they stand."""

from collections.abc import Iterable

from mieone.blocks.broker.problems import LoopDetected
from mieone.core.house import House


def own_pseudonym(house: House, tenant: str) -> str:
    """Each tenant's own, for what goes from one to another is no loop. The same in every process and
    after every restart, as long as the keys are kept."""
    return f"mieone-{house.keyring.derive('broker-pseudonym', tenant).hex()[:24]}"


def read_via(house: House, tenant: str, headers: Iterable[str]) -> tuple[str, ...]:
    """The entries of a request's Via headers. Raises LoopDetected where one is ours."""
    texts = (entry.strip() for header in headers for entry in header.split(","))
    via = tuple(entry for entry in texts if entry)
    if own_pseudonym(house, tenant) in names_in_via(via):
        raise LoopDetected("this request has been here before")
    return via


def names_in_via(via: Iterable[str]) -> frozenset[str]:
    """`1.1 name (comment)`: the second word of each."""
    return frozenset(words[1] for entry in via if len(words := entry.split()) > 1)
