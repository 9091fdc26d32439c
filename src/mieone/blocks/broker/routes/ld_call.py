"""One NGSI-LD request as the operations see it."""

from enum import StrEnum

import msgspec

from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.actions.sources import Journey
from mieone.blocks.broker.model import JsonValue, Tenant, Terms
from mieone.blocks.broker.problems import BrokerProblem

from .ld_params import Params

TENANT_HEADER = "NGSILD-Tenant"


class Accept(StrEnum):
    JSON = "application/json"
    LD_JSON = "application/ld+json"
    GEO_JSON = "application/geo+json"
    CSV = "text/csv"


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request, understood as far as every operation does the same."""

    broker: Broker
    tenant: Tenant
    terms: Terms
    params: Params
    accept: Accept
    journey: Journey
    path: str
    """With the query: for paging links."""
    tenant_header: str | None = None
    """As sent, to be echoed."""
    prefers_ld_body: bool = True
    """GeoJSON carries its @context, unless the reader sent `Prefer: body=json`."""
    has_ld_body: bool = False
    """A batch came as application/ld+json: each element brings its context."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One element of a batch, with the terms it is to be read with, or why there are none."""

    document: JsonValue
    """Without @context."""
    terms: Terms | BrokerProblem
