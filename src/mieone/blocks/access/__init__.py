"""Who used whose data (利用履歴): written by whoever reads, read by the resident. Only these names."""

from .actions import open_question, record_alias, record_many
from .model import (
    AccessRow,
    Caption,
    CaptionKind,
    Cursor,
    Kind,
    OrganisationGroup,
    QuestionKind,
    Visit,
)
from .store import (
    count_rows,
    find_caption,
    find_visit,
    list_captions,
    list_history,
    list_subject_ids,
    record_captions,
    summarise,
)

__all__ = [
    "AccessRow",
    "Caption",
    "CaptionKind",
    "Cursor",
    "Kind",
    "OrganisationGroup",
    "QuestionKind",
    "Visit",
    "count_rows",
    "find_caption",
    "find_visit",
    "list_captions",
    "list_history",
    "list_subject_ids",
    "open_question",
    "record_alias",
    "record_captions",
    "record_many",
    "summarise",
]
