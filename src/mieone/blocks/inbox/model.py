"""The words of the inbox: a message, its channels and how it was delivered."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec


class Channel(StrEnum):
    """Built: portal and print. Mail and SMS are declared only: contact points come later."""

    PORTAL = "portal"
    PRINT = "print"
    MAIL = "mail"
    SMS = "sms"


class DeliveryState(StrEnum):
    CREATED = "created"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    TECHNICAL_FAILURE = "technical-failure"
    TEMPORARY_FAILURE = "temporary-failure"
    PERMANENT_FAILURE = "permanent-failure"
    RETURNED_LETTER = "returned-letter"


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What is sealed: a message id and its values, so that the reader's language decides."""

    message: str
    values: Mapping[str, str] = {}
    link: str | None = None


class Message(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    person_id: UUID
    content: Content
    arrived_at: datetime
    read_at: datetime | None

    @property
    def is_read(self) -> bool:
        return self.read_at is not None
