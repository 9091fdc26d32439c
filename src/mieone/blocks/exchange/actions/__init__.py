"""What the exchange can do: open the door, keep services and rights, declare an emergency."""

from .door import Door
from .registering import (
    adopt_client,
    declare_emergency,
    load_region,
    purposes_for_services,
    register_service,
    suspend_service,
)

__all__ = [
    "Door",
    "adopt_client",
    "declare_emergency",
    "load_region",
    "purposes_for_services",
    "register_service",
    "suspend_service",
]
