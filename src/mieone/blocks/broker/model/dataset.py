"""Open data sets that are read from files, uploads and feeds: how their rows become entities."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

import msgspec


class CellKind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    LIST = "list"
    """Several values in one cell, with `;` between them."""


class Column(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    column: str
    """The heading in the source."""
    attribute: str
    """The attribute's short name, in the core context."""
    kind: CellKind = CellKind.TEXT
    unit: str | None = None
    """UN/CEFACT common code."""
    is_required: bool = False
    low: float | None = None
    high: float | None = None


class Position(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two columns of degrees that become `location`."""

    latitude: str
    longitude: str
    is_required: bool = False
    within: tuple[float, float, float, float] | None = None
    """West, south, east, north: a place beyond them is a slip of the pen."""


class Flags(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Several yes-or-no columns that become one list: which hazards a site is safe from."""

    attribute: str
    columns: Mapping[str, str]
    """The heading → the word in the list."""


class Series(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows that each hold one figure of one year; the latest is current, all are history."""

    item: str
    value: str
    year: str
    unit: str
    label: str


class Titles(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    ja: str
    yasashii: str
    en: str

    def shown_in(self, language: str) -> str:
        return {"ja": self.ja, "ja-x-yasashii": self.yasashii}.get(language, self.en)


class DataSet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    title: Titles
    type: str
    """Short, in the core context."""
    entity_id: str
    """A template over the columns: `urn:ngsi-ld:Station:{code}`."""
    file: str | None = None
    """In the region's folder; read at the start and whenever it changes."""
    source: str | None = None
    """Key into the region's sources.yaml; the file itself when None."""
    tenant: str | None = None
    tenant_column: str | None = None
    """The tenant stands in the row; without either it is the default one."""
    where: Mapping[str, str] = {}
    """Only rows that say so."""
    columns: Sequence[Column] = ()
    position: Position | None = None
    flags: Sequence[Flags] = ()
    series: Series | None = None
    keeps_vanished: bool = False
    """What left the source stays here."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with one row, for whoever can put it right at the source."""

    row: int
    """Counted from 1, without the heading; 0 is the file as a whole."""
    column: str | None
    reason: str
    """A word of the catalogue `broker.findings`."""
    value: str = ""
    line: int = 0
    """Where the row begins in the file, from 1, the heading counted; 0 where there are no lines."""
    is_passing: bool = False
    """Nothing is wrong with the row: it is tried again by itself."""


class ImportRun(msgspec.Struct, frozen=True, kw_only=True):
    run_id: str
    dataset: str
    tenant: str
    """Of the dataset; `*` when its rows name their tenants."""
    origin: str
    read_rows: int
    written_entities: int
    removed_entities: int
    unchanged_entities: int = 0
    """Said the same as before."""
    findings: tuple[Finding, ...]
    is_settled: bool = True
    """False when the same bytes are to be read again, for something was refused that may pass."""
    was_unchanged: bool = False
    """Nothing was read: the same bytes have been before."""
    was_trial: bool = False
    """Nothing was written: the counts say what would have been."""
    failure: str | None = None
    at: datetime | None = None
    """When it began; None where nothing had to be read."""


class FeedState(StrEnum):
    WAITING = "waiting"
    """For its turn, or switched off."""
    OPEN = "open"
    AWAY = "away"
    """It cannot be reached or written; tried again, ever more patiently."""


class FeedView(msgspec.Struct, frozen=True, kw_only=True):
    """How a feed is doing."""

    feed: str
    state: FeedState
    changed_at: datetime
    failures: int
    """In a row."""
    last_error: str | None
    taken_at: datetime | None
    taken: int
    refused: int


class FeedFinding(msgspec.Struct, frozen=True, kw_only=True):
    """What was wrong with a message that nobody could take."""

    feed: str
    found_at: datetime
    times: int
    topic: str
    findings: tuple[Finding, ...]


class MqttFeed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Messages of sensors and gateways: each is a row, or a list of rows, as JSON."""

    id: str
    dataset: str
    url: str
    topic: str
    tenant: str | None = None
    """Whose gauges these are: rows that name another tenant are refused. None: any."""
    is_enabled: bool = True


class PullFeed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file on the network that is read again and again."""

    id: str
    dataset: str
    url: str
    every_s: int
    is_enabled: bool = True


class Feeds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    mqtt: Sequence[MqttFeed] = ()
    pull: Sequence[PullFeed] = ()
