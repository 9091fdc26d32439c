"""Messages to people (お知らせ): portal and print queue. Other blocks use the port `Notify`."""

from .actions import Notifier
from .model import Channel, Content, DeliveryState, Message

__all__ = ["Channel", "Content", "DeliveryState", "Message", "Notifier"]
