"""Notifications on their way: taken from the table, sent, settled; safe with several workers at once.

The subscriptions are divided into buckets, and a worker delivers for those it has leased. What it has
taken up it keeps in memory, in order, a bounded part of it; the table stays the truth. A delivery is
claimed (its attempts counted) before it is sent and removed after the answer, so that after a crash
what was perhaps sent goes out once more, with the same notification id and marked as a repeat.
"""

from .courier import serve
from .policy import Policy

__all__ = ["Policy", "serve"]
