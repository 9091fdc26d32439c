"""The lines of design §8 that code must hold, each with the tests that fail when it is crossed."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

TESTS = Path(__file__).parents[1]

LINES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "1 only the lawful authority decides": (
            "blocks/procedures/test_acts_and_states.py::test_the_association_never_decides_anything",
            "blocks/procedures/test_cases.py::test_association_staff_cannot_decide",
            "blocks/procedures/test_cases.py::test_the_database_refuses_an_association_event_that_decides",
            "blocks/procedures/test_cases.py::test_the_database_refuses_a_decision_row_of_the_association",
            "blocks/procedures/test_pages.py::test_association_staff_cannot_decide_over_http",
            "blocks/identity/staff/test_staff.py::test_no_entrustment_can_hand_over_deciding",
        ),
        "2 the authority depends on town and date": (
            "blocks/procedures/test_tables_and_definitions.py::test_the_authority_depends_on_procedure_and_town",
            "blocks/procedures/test_tables_and_definitions.py::test_an_authority_that_changes_on_a_date_is_an_ordinary_row",
            "blocks/procedures/test_tables_and_definitions.py::test_before_the_row_begins_there_is_no_authority",
            "blocks/procedures/test_cases.py::test_an_officer_of_another_town_sees_nothing",
            "door/test_door.py::test_an_officers_authority_ends_at_the_border_however_the_resident_is_named",
        ),
        "3 My Number nowhere": (
            "shape/test_my_number.py::test_no_file_of_ours_holds_a_number_with_that_check_digit",
            "shape/test_my_number.py::test_no_column_is_made_for_it",
            "blocks/procedures/test_cases.py::test_my_number_is_not_even_kept_in_a_draft",
            "blocks/registry/test_import.py::test_a_row_that_may_hold_a_my_number_is_refused_and_never_repeated",
        ),
        "4 default deny, the protected are absent": (
            "blocks/exchange/test_decide.py::test_every_term_is_there_when_something_is_permitted",
            "blocks/exchange/test_decide.py::test_the_protected_are_never_permitted_and_a_protected_holder_is_nobody",
            "door/test_door.py::test_default_deny_and_the_caller_hears_one_word",
            "door/test_door.py::test_an_answer_with_a_protected_spouse_is_the_answer_without_a_spouse",
            "door/test_sheet.py::test_nobody_protected_is_named_or_asked",
            "journeys/test_browser.py::test_nothing_about_a_protected_person_leaves",
        ),
        "5 paid and free never share a lot": (
            "blocks/coin/test_decide.py::test_paid_and_free_value_never_share_a_lot",
            "blocks/coin/test_posting.py::test_a_lot_cannot_be_called_free_when_its_instrument_is_paid",
            "blocks/coin/test_posting.py::test_not_even_the_owner_rewrites_the_books",
        ),
        # 6, carbon credit, begins with its block.
        "7 law changes by date": (
            "blocks/procedures/test_tables_and_definitions.py::test_an_event_before_october_2024_is_decided_by_the_old_law",
            "blocks/procedures/test_tables_and_definitions.py::test_the_trace_cites_law_and_source_for_every_amount",
            "blocks/procedures/test_cases.py::test_a_case_keeps_the_law_of_its_arrival",
            "blocks/procedures/test_cases.py::test_a_specimen_does_not_leave_the_house_in_production",
            "blocks/procedures/test_letters.py::test_every_sheet_says_that_it_is_a_specimen_and_why_is_known",
        ),
        "8 samples say so, open data names its source": (
            "core/test_region.py::test_every_data_file_says_where_it_comes_from",
            "portal/test_portal.py::test_every_file_of_the_region_has_its_source_shown",
            "portal/test_portal.py::test_every_page_says_that_this_is_practice",
            "blocks/identity/staff/test_staff.py::test_there_are_no_sample_officers_in_production",
        ),
        "9 nothing is lost silently": (
            "core/test_dead_letters.py::test_a_dead_letter_is_named_and_comes_again",
            "core/test_outbox.py::test_what_never_succeeds_is_dead_and_stays_to_be_seen",
            "core/test_outbox.py::test_a_failed_delivery_leaves_no_effect_and_holds_back_those_behind_it",
            "blocks/identity/oauth/test_logout.py::test_a_deaf_client_ends_as_a_dead_letter",
        ),
    }
)


@pytest.mark.parametrize("line", LINES)
def test_every_line_of_the_design_is_held_by_a_test_that_exists(line: str) -> None:
    for test in LINES[line]:
        path, _, name = test.partition("::")
        text = (TESTS / path).read_text(encoding="utf-8")
        assert re.search(rf"^(async )?def {name}\(", text, re.MULTILINE), test
