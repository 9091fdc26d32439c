"""PATCH: only the members that were sent, for a merge into what is there."""

from datetime import datetime

from mieone.blocks.broker.model import Fragment, Iri, JsonValue, Terms


def read_overlays(document: JsonValue, terms: Terms, at: datetime) -> Fragment:
    """PATCH entity and batch merge; normalized, concise and simplified are read alike.

    A plain value (`"speed": 5`, or text for a LanguageProperty) becomes an Overlay without kind
    and with the member `value`. Types, scopes and expiresAt as in `read_fragment`; scopes () when
    scope is urn:ngsi-ld:null.
    """
    raise NotImplementedError


def read_partial(name: Iri, document: JsonValue, terms: Terms, at: datetime) -> Fragment:
    """PATCH attrs/{name}: overlays[name] has one overlay (or Null), under its datasetId."""
    raise NotImplementedError
