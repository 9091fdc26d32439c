"""The portal of the region: home, my page, towns and map; composes what the blocks hand over."""

from .block import BLOCK

__all__ = ["BLOCK"]
