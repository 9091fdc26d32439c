"""Contexts as tables of terms: own, fast and free of I/O."""

from .definitions import KEYWORDS, Documents
from .table import ContextTerms, CoreTerms, check_name, is_name

__all__ = ["KEYWORDS", "ContextTerms", "CoreTerms", "Documents", "check_name", "is_name"]
