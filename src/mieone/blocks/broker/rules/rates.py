"""A rate as a bucket of tokens: filled steadily, emptied by requests, never fuller than one second."""

import msgspec


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    tokens: float
    filled_at_s: float


def fresh(rate_per_s: float, now_s: float) -> Bucket:
    return Bucket(tokens=rate_per_s, filled_at_s=now_s)


def take(bucket: Bucket, rate_per_s: float, tokens: float, now_s: float) -> tuple[Bucket, float]:
    """The bucket afterwards, and how long to wait when it could not give (0 when it gave).

    Who asks for more than a second's worth at once is let in when the bucket is full, and leaves it
    in debt: a large batch is no way around the rate, and no batch is too large to be ever let in.
    """
    passed_s = max(now_s - bucket.filled_at_s, 0.0)
    held = min(bucket.tokens + passed_s * rate_per_s, rate_per_s)
    wanted = min(tokens, rate_per_s)
    if held < wanted:
        return Bucket(tokens=held, filled_at_s=now_s), (wanted - held) / rate_per_s
    return Bucket(tokens=held - tokens, filled_at_s=now_s), 0.0
