"""What the register listens to."""

from mieone.core.outbox import Subscription

from . import actions

SUBSCRIPTIONS = (
    Subscription(
        event="identity.person_verified",
        name="registry.match_person",
        handle=actions.match_person,
    ),
    Subscription(
        event="identity.person_closed",
        name="registry.forget_person",
        handle=actions.forget_person,
    ),
)
