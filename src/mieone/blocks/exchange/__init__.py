"""The one door for personal data, and who has which right at it. Other blocks use only these names."""

from .actions import (
    Door,
    RightEntry,
    ServiceEntry,
    declare_emergency,
    load_region,
    register_service,
    suspend_service,
)
from .model import Covers, DecisionCode, People, Service, ServiceState
from .problems import NotAnswered, Refused
from .store import list_rights, list_services

__all__ = [
    "Covers",
    "DecisionCode",
    "Door",
    "NotAnswered",
    "People",
    "Refused",
    "RightEntry",
    "Service",
    "ServiceEntry",
    "ServiceState",
    "declare_emergency",
    "list_rights",
    "list_services",
    "load_region",
    "register_service",
    "suspend_service",
]
