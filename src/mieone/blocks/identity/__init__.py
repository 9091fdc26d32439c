"""Who a person is to us, opt-in by card, passkeys, pairwise identifiers, leaving. The face."""

from .model import PlatformAnswer, PlatformOperator, RawAttributes
from .problems import RevocationUnavailable

__all__ = ["PlatformAnswer", "PlatformOperator", "RawAttributes", "RevocationUnavailable"]
