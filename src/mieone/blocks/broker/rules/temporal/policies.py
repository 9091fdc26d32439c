"""Whose history is kept, and how long: dated policies; the closer one wins."""

from collections.abc import Iterable, Sequence
from datetime import date

from mieone.blocks.broker.model import Iri
from mieone.blocks.broker.model.temporal import HistoryPolicy


def list_valid(policies: Iterable[HistoryPolicy], on: date) -> tuple[HistoryPolicy, ...]:
    return tuple(
        one
        for one in policies
        if one.valid_from <= on and (one.valid_until is None or on < one.valid_until)
    )


def find_policy(
    policies: Sequence[HistoryPolicy], tenant: str, kind: Iri | None
) -> HistoryPolicy | None:
    """A policy of the type beats one of all types; then one of the tenant beats one of all tenants.

    `policies` are those valid today; of several alike the newest counts.
    """
    fitting = [
        one
        for one in policies
        if one.tenant in (None, tenant) and (one.type is None or one.type == kind)
    ]
    return max(
        fitting,
        key=lambda one: (one.type is not None, one.tenant is not None, one.valid_from),
        default=None,
    )


def decide_keeping(
    policies: Sequence[HistoryPolicy], tenant: str, types: Iterable[Iri], *, default: bool
) -> bool:
    """An entity of several types is kept when one of its types asks for it."""
    found = [find_policy(policies, tenant, kind) for kind in types]
    return any(default if one is None else one.keeps_history for one in found)


def decide_retention(
    policies: Sequence[HistoryPolicy], tenant: str, types: Iterable[Iri]
) -> int | None:
    """In days, the longest of its types; None keeps for good."""
    longest = 0
    for kind in types:
        found = find_policy(policies, tenant, kind)
        if found is None or found.retention_days is None:
            return None
        longest = max(longest, found.retention_days)
    return longest or None


def longest_retention(policies: Sequence[HistoryPolicy]) -> int | None:
    """Past this many days nobody asks for anything; None when somebody keeps for good."""
    has_default = any(one.type is None and one.tenant is None for one in policies)
    days = [one.retention_days for one in policies if one.keeps_history]
    if not has_default or None in days:
        return None
    return max((one for one in days if one is not None), default=None)
