"""The words of time: histories, what is asked of them, and how long they are kept."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from .entity import DatasetId, Instance, Iri, JsonValue, TenantName
from .query import Query


class TimeRelation(StrEnum):
    BEFORE = "before"
    """Up to timeAt, which no longer counts."""
    AFTER = "after"
    """From timeAt on, which counts."""
    BETWEEN = "between"
    """From timeAt, which counts, up to endTimeAt, which does not."""


class TimeProperty(StrEnum):
    OBSERVED_AT = "observedAt"
    CREATED_AT = "createdAt"
    """When the instance was recorded."""
    MODIFIED_AT = "modifiedAt"
    """When the instance was recorded, or corrected since."""
    DELETED_AT = "deletedAt"


class AggregationMethod(StrEnum):
    TOTAL_COUNT = "totalCount"
    DISTINCT_COUNT = "distinctCount"
    SUM = "sum"
    AVERAGE = "avg"
    MINIMUM = "min"
    MAXIMUM = "max"
    DEVIATION = "stddev"
    """Of a sample; 0 for a single value."""
    SQUARES = "sumsq"


class ValueSort(StrEnum):
    """What a value is to an aggregation; as it stands in the table."""

    NUMBER = "n"
    BOOLEAN = "b"
    ARRAY = "a"
    TEXT = "s"
    DATE_TIME = "t"
    DATE = "d"
    TIME = "h"
    OTHER = "o"


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """An ISO 8601 duration: calendar months, and microseconds for the rest."""

    months: int = 0
    microseconds: int = 0

    @property
    def is_whole_range(self) -> bool:
        return not self.months and not self.microseconds


class Aggregation(msgspec.Struct, frozen=True, kw_only=True):
    methods: tuple[AggregationMethod, ...]
    period: Period = Period()


class TimeSpan(msgspec.Struct, frozen=True, kw_only=True):
    """Which instances, by their times."""

    relation: TimeRelation | None = None
    """None only when one entity is retrieved: all of its time."""
    at: datetime | None = None
    end_at: datetime | None = None
    property: TimeProperty | None = None
    """None: observedAt where an instance has one. A relation without a property means observedAt."""
    last_n: int | None = None
    """The newest so many of each attribute and datasetId."""


class TemporalQuery(msgspec.Struct, frozen=True, kw_only=True):
    entities: Query
    """Conditions hold when any instance within the span fits."""
    span: TimeSpan
    aggregation: Aggregation | None = None


class TemporalEntity(msgspec.Struct, frozen=True, kw_only=True):
    """An entity with a history, present or past."""

    id: str
    sequence: int
    types: tuple[Iri, ...]
    scopes: tuple[str, ...] = ()
    created_at: datetime
    modified_at: datetime
    deleted_at: datetime | None = None


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One attribute and datasetId of one entity."""

    key: UUID
    entity_id: str
    name: Iri
    dataset: DatasetId


class Recorded(msgspec.Struct, frozen=True):
    """An instance as it stands in a history."""

    instance_id: UUID
    at: datetime
    """By the property asked for."""
    recorded_at: datetime
    modified_at: datetime
    is_deletion: bool
    instance: Instance
    """Without its id and the times of the system: see `dated`."""


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """One period of an aggregation, with the values of the methods that apply."""

    start: datetime
    end: datetime
    values: dict[AggregationMethod, JsonValue]


class HistoryPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Data of the region: whose history is kept and how long; dated, with its reason."""

    tenant: TenantName | None = None
    """None: all tenants."""
    type: Iri | None = None
    """None: all types."""
    keeps_history: bool
    retention_days: int | None = None
    """None: for good."""
    valid_from: date
    valid_until: date | None = None
    reason: str
