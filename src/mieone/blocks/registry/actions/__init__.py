"""What the register can do."""

from .imports import Delivery, import_register, preview_import

__all__ = ["Delivery", "import_register", "preview_import"]
