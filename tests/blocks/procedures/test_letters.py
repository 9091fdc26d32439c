"""Notices: readable by people and machines, marked where nothing was confirmed."""

import io
import time
from datetime import date

import msgspec
import pypdf
import pytest

from mieone.blocks.procedures.letters.content import LetterCase, LetterContent, compose
from mieone.blocks.procedures.letters.typesetting import substituted, typeset
from mieone.blocks.procedures.model import Outcome
from mieone.blocks.procedures.problems import GlyphMissing
from mieone.blocks.procedures.rules.prefill import RegisterRow, compare, read_known

from . import given

LIBRARY = given.library()
NAME = "髙橋 葛󠄀子"
"""Noto Sans CJK JP has 葛 with U+E0100, and 髙."""


def letter(outcome: Outcome = Outcome.GRANTED, name: str = NAME) -> LetterContent:
    raw = given.answers(
        given.child("2019-02-03", name="髙橋 ひなた"),
        given.child("2026-11-10", name="髙橋 𠮷"),
        event_date="2026-11-10",
    )
    return compose(
        LIBRARY,
        LIBRARY.definition_on("C1", date(2026, 11, 20)),  # type: ignore[arg-type]
        given.evaluated(raw, arrival="2026-11-20"),
        LetterCase(
            number="442-26-00001", town=given.MEIWA, town_name="明和町",
            received_on=date(2026, 11, 20), decided_on=date(2026, 11, 25), applicant_name=name,
            applicant_address="三重県多気郡明和町大字馬之上1", applicant_postal_code="515-0321",
            outcome=outcome, reasons=("見本の理由。",), document_number=12,
        ),
    )  # fmt: skip


def texts(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]


def test_the_text_extracts_in_reading_order_with_every_code_point_of_a_name() -> None:
    text = "".join(texts(typeset(letter())))
    order = [
        NAME, "明子第12号", "令和8年11月25日（水）", "明和町長", "児童手当認定通知書", "認定",
        "442-26-00001", "髙橋 ひなた", "第1子 10,000円", "髙橋 𠮷", "第2子 15,000円", "25,000円",
        "児童手当法第7条第1項", "審査請求", "処分の取消しの訴え", "0598-00-0002",
    ]  # fmt: skip
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert "\U000e0100" in text


def test_every_sheet_says_that_it_is_a_specimen_and_why_is_known() -> None:
    content = letter()
    assert content.is_specimen
    assert "kyoji/delegated" in content.unverified
    assert all("見本・要確認" in text for text in texts(typeset(content)))


def test_a_letter_on_confirmed_ground_carries_no_mark() -> None:
    content = msgspec.structs.replace(letter(), is_specimen=False)
    assert "見本・要確認" not in "".join(texts(typeset(content)))


def test_a_refusal_names_reason_and_route_of_appeal_and_no_amount() -> None:
    text = "".join(texts(typeset(letter(Outcome.REFUSED))))
    assert "却下" in text
    assert "見本の理由。" in text
    assert "三重県知事に対して審査請求" in text
    assert "15,000円" not in text


@pytest.mark.parametrize(
    ("name", "missing"),
    [("渡邉󠄏", "U+9089 U+E010F"), ("\ue000", "U+E000"), ("🦀", "U+1F980")],
)
def test_a_character_the_font_lacks_stops_the_letter_by_name(name: str, missing: str) -> None:
    with pytest.raises(GlyphMissing) as stopped:
        typeset(letter(name=name))
    assert missing in str(stopped.value.detail["glyphs"])


def test_substitutes_follow_the_published_map() -> None:
    table = {row.original: row.substitute for row in given.region().characters}
    found = {name: substituted(name, table) for name in ("髙", "𠮷田", "邉󠄏")}
    assert found["邉󠄏"] == "邉" or len(found["邉󠄏"]) == 1
    assert found["髙"] in ("高", "髙")
    assert len(found["𠮷田"]) == 2


def test_a_letter_is_set_well_within_a_second() -> None:
    content = letter()
    typeset(content)
    start = time.perf_counter()
    typeset(content)
    assert time.perf_counter() - start < 1


ROWS = [
    RegisterRow(
        is_holder=True,
        items={"name": "髙橋 太郎", "relationship": "妻", "birth_on": "1992-05-01"},
    ),
    RegisterRow(is_holder=False, items={"name": "髙橋 父", "relationship": "世帯主"}),
    RegisterRow(
        is_holder=False, items={"name": "髙橋 はな", "relationship": "子", "birth_on": "2026-11-15"}
    ),
    RegisterRow(
        is_holder=False,
        items={"name": "髙橋 そら", "relationship": "長男", "birth_on": "2020-01-02"},
    ),
]
DEFINITION = LIBRARY.definition_on("C1", date(2026, 11, 20)).definition  # type: ignore[arg-type]


def test_the_register_gives_only_the_applicants_own_children_oldest_first() -> None:
    known = read_known(DEFINITION, "household@1", ROWS, date(2026, 11, 20))
    children = known.answers["children"]
    assert not isinstance(children, str)
    assert [child["name"] for child in children] == ["髙橋 そら", "髙橋 はな"]
    assert known.answers["event_date"] == "2026-11-15"
    assert known.answers["reason"] == "birth"


def test_nobody_elses_children_are_filled_in() -> None:
    holder = RegisterRow(is_holder=True, items={"relationship": "同居人"})
    known = read_known(DEFINITION, "household@1", [holder, *ROWS[1:]], date(2026, 11, 20))
    assert "children" not in known.answers


def test_differences_between_form_and_register_are_found_field_by_field() -> None:
    known = read_known(DEFINITION, "household@1", ROWS, date(2026, 11, 20))
    raw = given.answers(
        given.child("2026-11-15", name="髙橋 花"), applicant_name="髙橋太郎",
        applicant_birth_date="1992-05-02",
    )  # fmt: skip
    found = {d.path for d in compare(DEFINITION, raw, known) if d.is_different and d.registered}
    assert found == {"applicant_birth_date", "children[0].name"}
