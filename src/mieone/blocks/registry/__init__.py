"""Each town's register: residents and households as its core system sends them. Only these names."""

from .actions import (
    Delivery,
    Search,
    find_residents,
    import_register,
    link_by_officer,
    list_household,
    list_open_cases,
    preview_import,
    refuse_case,
)
from .model import Entry, Extent, ImportReport, MatchingCase, Resident, ResidentStatus, Sex
from .rules.addresses import Residency, ResidencyKind, decide_residency, is_same_address
from .rules.ages import age_at_end_of, age_on, is_adult, reached_on
from .rules.characters import Printable, count_characters, decide_printable
from .rules.my_number import holds_my_number
from .sample import (
    Population,
    SamplePerson,
    find_sample_person,
    generate,
    generate_town,
    read_sample_people,
    sample_people,
)
from .sample import read_people as read_sample
from .sample import write_csv as write_register_file

__all__ = [
    "Delivery",
    "Entry",
    "Extent",
    "ImportReport",
    "MatchingCase",
    "Population",
    "Printable",
    "Residency",
    "ResidencyKind",
    "Resident",
    "ResidentStatus",
    "SamplePerson",
    "Search",
    "Sex",
    "age_at_end_of",
    "age_on",
    "count_characters",
    "decide_printable",
    "decide_residency",
    "find_residents",
    "find_sample_person",
    "generate",
    "generate_town",
    "holds_my_number",
    "import_register",
    "is_adult",
    "is_same_address",
    "link_by_officer",
    "list_household",
    "list_open_cases",
    "preview_import",
    "reached_on",
    "read_sample",
    "read_sample_people",
    "refuse_case",
    "sample_people",
    "write_register_file",
]
