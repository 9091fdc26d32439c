"""Who may see which town: from the post, its organisation and the entrustments of the day."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import assert_never

from mieone.core.model import Actor, ActorKind, TownCode

from .model import Entrustment, Organisation, OrganisationKind, StaffPost, StaffRole
from .problems import RoleDoesNotFit

ENROLMENT_LIFE = timedelta(hours=72)
TRIAL_LIFE = timedelta(days=30)
CEREMONY_LIFE = timedelta(minutes=5)

KINDS = {
    StaffRole.TOWN_OFFICER: ActorKind.TOWN_OFFICER,
    StaffRole.AUTHORITY_HEAD: ActorKind.AUTHORITY_HEAD,
    StaffRole.ASSOCIATION: ActorKind.ASSOCIATION,
}


def check_role(organisation: Organisation, role: StaffRole) -> None:
    match role:
        case StaffRole.TOWN_OFFICER:
            fits = organisation.kind is OrganisationKind.TOWN
        case StaffRole.AUTHORITY_HEAD:
            fits = organisation.kind in (OrganisationKind.TOWN, OrganisationKind.AUTHORITY)
        case StaffRole.ASSOCIATION:
            fits = organisation.kind is OrganisationKind.ASSOCIATION
        case _:
            assert_never(role)
    if not fits:
        raise RoleDoesNotFit(organisation=organisation.organisation_id, role=role.value)


def decide_towns(
    organisation: Organisation, entrustments: Iterable[Entrustment], on: date
) -> frozenset[TownCode]:
    """A town sees itself; everybody else sees what is entrusted to them today."""
    if organisation.kind is OrganisationKind.TOWN and organisation.seat_town is not None:
        return frozenset({organisation.seat_town})
    return frozenset(
        entrustment.town
        for entrustment in entrustments
        if entrustment.organisation_id == organisation.organisation_id and entrustment.is_live(on)
    )


def make_actor(
    post: StaffPost, organisation: Organisation, entrustments: Iterable[Entrustment], on: date
) -> Actor:
    return Actor(
        kind=KINDS[post.role],
        id=str(post.post_id),
        organisation=organisation.organisation_id,
        towns=decide_towns(organisation, entrustments, on),
    )


def is_copied(stored_count: int, shown_count: int) -> bool:
    """WebAuthn 2, 6.1.1: a counter that does not grow. Synced passkeys always show 0."""
    return shown_count <= stored_count and (stored_count, shown_count) != (0, 0)
