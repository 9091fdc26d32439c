"""A rate as a bucket of tokens: filled steadily, emptied by requests, never fuller than one second."""

from typing import Final

import msgspec

_CLOSED_S: Final = 3600.0
"""How long to wait where the rate is nothing at all."""


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    tokens: float
    """Less than nothing while a large request is being paid off."""
    filled_at_s: float


def fresh(rate_per_s: float, now_s: float) -> Bucket:
    return Bucket(tokens=rate_per_s, filled_at_s=now_s)


def take(bucket: Bucket, rate_per_s: float, tokens: float, now_s: float) -> tuple[Bucket, float]:
    """The bucket afterwards, and how long to wait when it could not give (0 when it gave).

    Who asks for more than a second's worth at once is let in when the bucket is full, and leaves it
    in debt: a large batch is no way around the rate, and no batch is too large to be ever let in.
    """
    held = _held(bucket, rate_per_s, now_s)
    wanted = min(tokens, rate_per_s)
    if rate_per_s <= 0 or held < wanted:
        return Bucket(tokens=held, filled_at_s=now_s), _wait_s(wanted - held, rate_per_s)
    return Bucket(tokens=held - tokens, filled_at_s=now_s), 0.0


def charge(bucket: Bucket, rate_per_s: float, tokens: float, now_s: float) -> tuple[Bucket, float]:
    """What somebody who was let in turns out to cost besides: it may lead into debt, never deeper.

    Returns as `take` does; who comes while others are still in debt has to wait.
    """
    held = _held(bucket, rate_per_s, now_s)
    if held < 0:
        return Bucket(tokens=held, filled_at_s=now_s), _wait_s(-held, rate_per_s)
    return Bucket(tokens=held - tokens, filled_at_s=now_s), 0.0


def _held(bucket: Bucket, rate_per_s: float, now_s: float) -> float:
    passed_s = max(now_s - bucket.filled_at_s, 0.0)
    return min(bucket.tokens + passed_s * rate_per_s, rate_per_s)


def _wait_s(missing: float, rate_per_s: float) -> float:
    return missing / rate_per_s if rate_per_s > 0 else _CLOSED_S
