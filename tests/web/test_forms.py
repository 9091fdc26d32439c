"""Every field checked, all errors at once, what was typed stays."""

from datetime import date

import pytest

from mieone.web import Form, Upload, filled_form


def test_all_errors_are_found_at_once_and_what_was_typed_stays() -> None:
    form = Form({"name": [" "], "amount": ["12a"], "bank": ["9999"], "born_year": ["2026"]})

    form.text("name")
    form.amount_yen("amount", maximum=1000)
    form.choice("bank", {"0001"})
    form.date("born")

    assert list(form.errors) == ["name", "amount", "bank", "born"]
    assert form.value("amount") == "12a"


def test_full_width_digits_and_commas_are_understood() -> None:
    form = Form({"amount": ["１２，３００"], "postal_code": ["５１５－００４１"]})

    assert form.amount_yen("amount", maximum=100_000) == 12_300
    assert form.digits("postal_code", length=7) == "5150041"
    assert not form.has_errors


@pytest.mark.parametrize(
    ("era", "year", "expected"),
    [
        ("western", "1947", date(1947, 2, 3)),
        ("showa", "22", date(1947, 2, 3)),
        ("reiwa", "元", date(2019, 2, 3)),
    ],
)
def test_a_date_may_be_written_in_an_era(era: str, year: str, expected: date) -> None:
    form = Form({"on_era": [era], "on_year": [year], "on_month": ["２"], "on_day": ["3"]})

    assert form.date("on") == expected


@pytest.mark.parametrize("day", ["30", "0", "x", "", "-1", "99999"])
def test_a_day_that_is_not_in_the_calendar_is_refused(day: str) -> None:
    form = Form({"on_year": ["2026"], "on_month": ["2"], "on_day": [day]})

    assert form.date("on") is None
    assert form.errors["on"].message_id == "web.errors.date"


def test_a_date_outside_its_bounds_says_which() -> None:
    form = Form({"on_year": ["2026"], "on_month": ["2"], "on_day": ["3"]})

    assert form.date("on", latest=date(2026, 1, 1)) is None
    assert form.errors["on"].message_id == "web.errors.date_late"


def test_a_file_of_another_kind_is_refused() -> None:
    form = Form(uploads={"photo": Upload("a.exe", "application/x-msdownload", b"MZ")})

    assert form.upload("photo", media_types={"image/jpeg"}, max_bytes=10) is None
    assert form.errors["photo"].message_id == "web.errors.file_type"


def test_what_may_be_left_out_is_no_error() -> None:
    form = Form()

    assert form.text("note", is_required=False) == ""
    assert form.date("on", is_required=False) is None
    assert form.choices("items", {"a"}) == ()
    assert not form.checkbox("agreed")
    assert not form.has_errors


def test_a_form_can_be_filled_with_what_is_known() -> None:
    form = filled_form({"name": "山田", "on": date(2026, 2, 3), "items": ["a", "b"], "none": None})

    assert form.value("on_year") == "2026"
    assert form.has("items", "b")
    assert form.value("none") == ""
    assert form.date("on") == date(2026, 2, 3)
