"""What is asked of the write path, and what became of it. Every API and every import ends here."""

from datetime import datetime
from enum import StrEnum

import msgspec

from mieone.core.problems import Problem

from .entity import Attributes, DatasetId, Entity, Identity, Instance, Iri, JsonValue


class Operation(StrEnum):
    CREATE = "create"
    """Refused with AlreadyExists when the entity is there."""
    UPSERT_REPLACE = "upsert_replace"
    """Batch upsert: created, or all attributes replaced (types are added)."""
    UPSERT_UPDATE = "upsert_update"
    """Batch upsert with options=update: created, or attributes appended with overwrite."""
    REPLACE = "replace"
    """PUT entity: all attributes replaced, createdAt kept."""
    MERGE = "merge"
    """PATCH entity: deep merge, nulls delete."""
    APPEND = "append"
    """POST attrs: added or replaced; `keep_existing` is noOverwrite."""
    UPDATE = "update"
    """PATCH attrs: replaced, added when absent, nulls delete; createdAt kept."""
    UPDATE_EXISTING = "update_existing"
    """NGSI v2 PATCH attrs: as UPDATE, but an attribute that is not there refuses the whole."""
    APPEND_STRICT = "append_strict"
    """NGSI v2 append: an attribute that is there already refuses the whole."""
    PARTIAL = "partial"
    """PATCH attrs/{name}: members of one instance overlaid."""
    REPLACE_ATTRIBUTE = "replace_attribute"
    """PUT attrs/{name}."""
    DELETE_ATTRIBUTE = "delete_attribute"
    DELETE = "delete"


class Null(msgspec.Struct, frozen=True, tag="null"):
    """Stands in a fragment for an instance (or sub-attribute) that is to be deleted."""


class Overlay(msgspec.Struct, frozen=True, kw_only=True):
    """What a PATCH says of one instance: only the members that were sent.

    Used by MERGE and PARTIAL, where `{"value": 5}` keeps the unit. `members` holds, by their
    names in the API's document, `value` (under whatever VALUE_MEMBER), `type`, `observedAt`,
    `unitCode`, `datasetId`, `objectType`, `expiresAt`, as checked Python values; a deleted
    member is NULL_URI. `kind` is None where neither `type` nor a value member told it.
    """

    members: dict[str, object]
    kind: "str | None" = None
    subs: "dict[Iri, dict[DatasetId, Overlay | Null]]" = {}


class Fragment(msgspec.Struct, frozen=True, kw_only=True):
    """What a body says of an entity, expanded and checked. Absent parts are None."""

    types: tuple[Iri, ...] | None = None
    scopes: tuple[str, ...] | None = None
    expires_at: datetime | None = None
    attributes: dict[Iri, dict[DatasetId, Instance | Null]] = {}
    """Whole instances: for every operation but MERGE and PARTIAL."""
    overlays: dict[Iri, dict[DatasetId, Overlay | Null]] = {}
    """For MERGE and PARTIAL."""


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """NGSI v2: how the stored attribute takes part in what is written.

    Applied under the entity's lock, before anything else is decided: `rules.v2.revising.revise`.
    """

    keeps_metadata: frozenset[Iri] = frozenset()
    """Attributes whose metadata stay where the request does not name them."""
    operators: dict[Iri, JsonValue] = {}
    """Attributes computed from their value of before: `{"$inc": 2}`."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    operation: Operation
    entity_id: str
    fragment: Fragment = Fragment()
    name: Iri | None = None
    """The attribute, for PARTIAL, REPLACE_ATTRIBUTE and DELETE_ATTRIBUTE."""
    dataset: DatasetId | None = None
    """datasetId of the request; None means the default instance."""
    every_dataset: bool = False
    """deleteAll=true."""
    keep_existing: bool = False
    """noOverwrite."""
    type_filter: tuple[Iri, ...] = ()
    """When set, an entity without one of these types counts as not found (type=, v2 ?type=)."""
    observed_at: datetime | None = None
    """MERGE: the request's observedAt, for changed instances that had one and bring none."""
    language: str | None = None
    """MERGE: the request's lang, for a LanguageProperty patched with a plain string."""
    identity: Identity | None = None
    """NGSI v2's names, when a v2 client creates."""
    revision: Revision | None = None
    clears_expiry: bool = False
    """The entity's expiresAt goes."""
    is_forced: bool = False
    """NGSI v2 `forcedUpdate`: counts as a change for its subscriptions though nothing differs."""
    document: JsonValue = None
    """PARTIAL and REPLACE_ATTRIBUTE: the body as it came, for context sources."""


class EffectKind(StrEnum):
    CREATED = "attributeCreated"
    UPDATED = "attributeUpdated"
    DELETED = "attributeDeleted"


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """One instance of one attribute that this change touched."""

    name: Iri
    dataset: DatasetId
    kind: EffectKind
    before: Instance | None
    after: Instance | None


class NotUpdated(msgspec.Struct, frozen=True, kw_only=True):
    name: Iri
    reason: str


class SourceResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a change at one registered context source."""

    registration_id: str
    problem: Problem | None = None
    names: tuple[Iri, ...] = ()
    """The attributes that went there; empty for the whole entity."""
    has_created: bool = False


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a change. With a problem nothing was written for this entity."""

    change: Change
    problem: Problem | None = None
    before: Entity | None = None
    """None when the entity was made by this change."""
    after: Entity | None = None
    """None when the entity was deleted by this change, or there was a problem."""
    effects: tuple[Effect, ...] = ()
    updated: tuple[Iri, ...] = ()
    not_updated: tuple[NotUpdated, ...] = ()
    sources: tuple[SourceResult, ...] = ()
    """Empty where nobody else was asked. `problem` is ours alone."""
    was_kept_here: bool = True
    """False when sources took all of it and our store was not touched."""

    @property
    def was_created(self) -> bool:
        return self.problem is None and self.before is None and self.after is not None

    @property
    def was_deleted(self) -> bool:
        return self.problem is None and self.before is not None and self.after is None


__all__ = [
    "Attributes",
    "Change",
    "Effect",
    "EffectKind",
    "Fragment",
    "NotUpdated",
    "Null",
    "Operation",
    "Outcome",
    "Overlay",
    "Revision",
    "SourceResult",
]
