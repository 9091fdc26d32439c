"""Whose card is this: one external key, one living person; a doubt is a case, never a merge."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from mieone.blocks.identity.model import (
    ExternalKey,
    Link,
    LinkKind,
    LinkState,
    PersonId,
    PersonState,
)
from mieone.blocks.identity.problems import CertificateRevoked, StepNotAllowed


class Choice(StrEnum):
    NEW = "new"
    KNOWN = "known"
    CONFLICT = "conflict"


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    choice: Choice
    person_id: PersonId | None = None
    superseded: tuple[Link, ...] = ()
    """Links whose certificate a newer one replaces."""
    added: tuple[ExternalKey, ...] = ()


def decide_link(
    keys: Sequence[ExternalKey],
    found: Sequence[tuple[ExternalKey, Link]],
    held: Sequence[Link],
    for_person: PersonId | None,
) -> Decision:
    """`found` are the living links of these keys; `held` all links of the people they belong to.

    Raises CertificateRevoked for a certificate that was replaced before.
    """
    owners = {link.person_id for _, link in found}
    if for_person is not None:
        owners.add(for_person)
    if len(owners) > 1:
        return Decision(choice=Choice.CONFLICT)
    known = {key for key, _ in found}
    for _, link in found:
        if link.state in (LinkState.SUPERSEDED, LinkState.REVOKED):
            raise CertificateRevoked
    added = tuple(key for key in keys if key not in known)
    if not owners:
        return Decision(choice=Choice.NEW, added=added)
    (person_id,) = owners
    living = [link for link in held if link.person_id == person_id and _lives(link)]
    another_account = any(link.kind is LinkKind.PF_USER for link in living) and any(
        key.kind is LinkKind.PF_USER for key in added
    )
    if another_account:
        # The operator's id outlives every card: a second one is a second human being.
        return Decision(choice=Choice.CONFLICT)
    replaced = {key.kind for key in added} & {LinkKind.JPKI_AUTH, LinkKind.JPKI_SIGN}
    superseded = tuple(link for link in living if link.kind in replaced)
    return Decision(choice=Choice.KNOWN, person_id=person_id, superseded=superseded, added=added)


def _lives(link: Link) -> bool:
    return link.state in (LinkState.VERIFIED, LinkState.STALE)


_STEPS: frozenset[tuple[PersonState, PersonState]] = frozenset(
    {
        (PersonState.PROVISIONAL, PersonState.ACTIVE),
        (PersonState.PROVISIONAL, PersonState.CLOSED),
        (PersonState.ACTIVE, PersonState.SUSPENDED),
        (PersonState.SUSPENDED, PersonState.ACTIVE),
        (PersonState.ACTIVE, PersonState.CLOSED),
        (PersonState.SUSPENDED, PersonState.CLOSED),
        (PersonState.CLOSED, PersonState.SHREDDED),
    }
)


def check_step(source: PersonState, target: PersonState) -> None:
    if (source, target) not in _STEPS:
        raise StepNotAllowed
