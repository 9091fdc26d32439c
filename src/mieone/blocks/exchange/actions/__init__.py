"""What the exchange can do: open the door, keep services and rights, declare an emergency."""

from .door import Door
from .people import IdentityPeople
from .region_files import RightEntry, ServiceEntry, read_legal_bases, read_services
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
    "IdentityPeople",
    "RightEntry",
    "ServiceEntry",
    "adopt_client",
    "declare_emergency",
    "load_region",
    "purposes_for_services",
    "read_legal_bases",
    "read_services",
    "register_service",
    "suspend_service",
]
