"""Subscriptions as clients send and get them (clause 5.2.12), of entities and of context sources."""

from .endpoints import name_receiver
from .reading import TYPE, check_subscription, read_subscription, read_subscription_patch
from .rendering import render_record

__all__ = [
    "TYPE",
    "check_subscription",
    "name_receiver",
    "read_subscription",
    "read_subscription_patch",
    "render_record",
]
