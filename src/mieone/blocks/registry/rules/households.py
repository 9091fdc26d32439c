"""Who in a household (世帯) may decide for whom, read from the 続柄 and the ages."""

from collections.abc import Sequence
from datetime import date

from mieone.blocks.registry.model import HEAD, Entry

from .ages import is_adult

_SPOUSES = frozenset({"妻", "夫", "未届の妻", "未届の夫"})
_CHILDREN = frozenset({"子", "長男", "長女", "二男", "二女", "三男", "三女", "養子"})
_SPOUSES_OF_A_CHILD = frozenset({"子の妻", "子の夫"})


def needs_own_basis(holder: Entry, other: Entry, members: Sequence[Entry], on: date) -> bool:
    """False for oneself and for one's own minor child. In doubt, everybody decides for themselves."""
    if other.addressee_number == holder.addressee_number:
        return False
    return is_adult(other.born_on, on) or not is_parent(holder, other, members, on)


def is_parent(holder: Entry, other: Entry, members: Sequence[Entry], on: date) -> bool:
    """民法818条: parental authority lies with the parents, not with whoever heads the household."""
    if holder.relationship == HEAD or holder.relationship in _SPOUSES:
        return other.relationship in _CHILDREN
    if holder.relationship in _CHILDREN | _SPOUSES_OF_A_CHILD:
        grown = [
            one for one in members if one.relationship in _CHILDREN and is_adult(one.born_on, on)
        ]
        # With two grown-up children in the house nobody can tell whose the grandchild is.
        return len(grown) == 1 and is_adult(holder.born_on, on) and other.relationship == "子の子"
    return False


def is_protected(entry: Entry, on: date) -> bool:
    """支援措置, by the town's own dates."""
    if entry.protected_from is None or on < entry.protected_from:
        return False
    return entry.protected_until is None or on < entry.protected_until
