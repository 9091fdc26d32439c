"""What the exchange can do: open the door, keep services and rights, declare an emergency."""

from .door import Door
from .registering import declare_emergency, load_region, register_service, suspend_service

__all__ = ["Door", "declare_emergency", "load_region", "register_service", "suspend_service"]
