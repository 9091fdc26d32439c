"""Where contexts come from: embedded, hosted, cached, fetched from hosts that are allowed."""

from .library import ContextLibrary
from .shelf import CONTEXTS_PATH, FoundContext

__all__ = ["CONTEXTS_PATH", "ContextLibrary", "FoundContext"]
