"""Files of law: what may be published, and what the published ones compute."""

import re
from datetime import date

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from mieone.blocks.procedures.problems import DefinitionChanged, NoAuthority
from mieone.blocks.procedures.rules.authorities import Role
from mieone.blocks.procedures.rules.definition import Names, Words
from mieone.blocks.procedures.rules.definition_lint import lint_library
from mieone.blocks.procedures.rules.library import read_definition
from mieone.blocks.procedures.rules.table_lint import lint_table
from mieone.blocks.procedures.rules.tables import Hit, Table, TableError, look_up
from mieone.blocks.procedures.rules.values import Unknown
from mieone.blocks.procedures.rules.yaml_files import FileInvalid, read_strict
from mieone.web.text import bare_kanji, without_ruby

from . import given

LIBRARY = given.library()
TOWNS = given.region().town_codes


def c1_text() -> str:
    path = given.ROOT / "regions/mie/procedures/C1/2024-10-01.yaml"
    return path.read_text(encoding="utf-8")


def linted(text: str) -> list[str]:
    file = read_definition(text, "C1")
    others = tuple(
        f for f in LIBRARY.files if f.definition.valid_from != file.definition.valid_from
    )
    return lint_library(msgspec.structs.replace(LIBRARY, files=(*others, file)), TOWNS)


def test_every_published_file_of_the_region_is_clean() -> None:
    assert lint_library(LIBRARY, TOWNS) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("total_yen: 25000", "total_yen: 25001", "vector"),
        (
            "actor_class: [town_officer, authority_head]",
            "actor_class: [association]",
            "never decides",
        ),
        ("standard_period: {table", "#standard_period: {table", "standard_period"),
        ("reasons_required: true", "reasons_required: false", "refusal with reasons"),
        ('expr: "arrival <= add_days', 'expr: "arrival + add_days', "a number is needed"),
        ("reference_date: month_paid", "reference_date: nobody", "is no date"),
        ("table: child_allowance\n", "table: nobody\n", "no table"),
        ("band: child.band, order", "band: child.order, order", "is needed"),
        ('supersedes: "2022-06-01"', 'supersedes: "2021-06-01"', "supersedes"),
        ('valid_from: "2024-10-01"', 'valid_from: "2024-11-01"', "the next begins"),
        ('yasashii: "何《なに》がありましたか"', 'yasashii: ""', "words missing"),
        ('law_ref: "346AC0000000073#MainProvision/Art8/Par2"', 'law_ref: ""', "law_ref"),
    ],
)
def test_a_definition_with_a_fault_may_not_be_published(old: str, new: str, said: str) -> None:
    text = c1_text()
    assert old in text
    assert any(said in problem for problem in linted(text.replace(old, new)))


@pytest.mark.parametrize(
    "text",
    [
        "id: C1\nid: C2\n",
        "a:\n  b: 1\n  b: 2\n",
        "valid_from: 2024-10-01\n",
        "rate: 0.5\n",
        "- !!python/object/apply:os.system [ls]\n",
    ],
)
def test_loose_yaml_is_refused(text: str) -> None:
    with pytest.raises(FileInvalid, match=r"some\.yaml"):
        read_strict(text, "some.yaml", object)  # type: ignore[arg-type]


def test_an_unknown_word_in_a_definition_is_an_error() -> None:
    with pytest.raises(FileInvalid):
        read_definition(c1_text() + "\nsurprise: yes\n", "C1")


def test_a_changed_file_stops_the_case_that_was_pinned_to_it() -> None:
    file = LIBRARY.files[-1]
    assert LIBRARY.definition_by_hash(file.sha256) is file
    changed = read_definition(c1_text().replace("total_yen: 25000", "total_yen: 25001"), "C1")
    with pytest.raises(DefinitionChanged):
        LIBRARY.definition_by_hash(changed.sha256)


def without_row(row_id: str) -> Table:
    table = LIBRARY.tables["child_allowance"]
    return msgspec.structs.replace(table, rows=tuple(r for r in table.rows if r.id != row_id))


def test_a_hole_an_overlap_and_a_dead_row_are_named() -> None:
    table = LIBRARY.tables["child_allowance"]
    wide = msgspec.structs.replace(table.rows[0], id="wide", valid_until=None)

    hole = lint_table(without_row("third"))
    overlap = lint_table(msgspec.structs.replace(table, rows=(*table.rows, wide)))
    dead = lint_table(
        msgspec.structs.replace(
            table,
            hit=Hit.FIRST,
            rows=(*table.rows, msgspec.structs.replace(table.rows[0], id="dead")),
        )
    )

    assert any("no row for" in problem for problem in hole)
    assert any("overlap" in problem for problem in overlap)
    assert any("dead: never reached" in problem for problem in dead)


def test_a_missing_input_that_matters_is_asked_for_and_one_that_does_not_is_not() -> None:
    table = LIBRARY.tables["child_allowance"]
    inputs = {"band": "under_3", "order": 1, "counted": True}

    new = look_up(table, inputs, date(2024, 10, 1))
    old = look_up(table, inputs, date(2024, 9, 30))

    assert new.outputs["monthly_yen"] == 15_000
    assert old.outputs["monthly_yen"] == Unknown(frozenset({"income_class"}))


def test_no_row_is_an_error_and_not_zero() -> None:
    with pytest.raises(TableError):
        look_up(LIBRARY.tables["birth_gift"], {"town": given.MEIWA}, date(2001, 1, 1))


births = st.dates(date(2003, 1, 1), date(2025, 4, 10)).map(date.isoformat)
children = st.lists(
    st.builds(given.child, births, st.sampled_from(["yes", "no"])), min_size=1, max_size=6
)


@for_all(children, st.builds(given.child, births))
def test_another_child_never_lowers_the_total(
    family: list[dict[str, str]], new: dict[str, str]
) -> None:
    before = given.evaluated(given.answers(*family))
    after = given.evaluated(given.answers(*family, new))
    assert int(after.outputs["total_yen"] or 0) >= int(before.outputs["total_yen"] or 0)


@for_all(children, st.randoms())
def test_the_total_is_the_sum_and_the_order_of_writing_changes_nothing(family, random) -> None:  # type: ignore[no-untyped-def]
    shuffled = list(family)
    random.shuffle(shuffled)
    found = given.evaluated(given.answers(*family))
    other = given.evaluated(given.answers(*shuffled))
    amounts = [int(row["monthly_yen"] or 0) for row in found.lists["children"]]
    assert sum(amounts) == int(found.outputs["total_yen"] or 0)
    assert other.outputs["total_yen"] == found.outputs["total_yen"]
    assert set(amounts) <= {0, 10_000, 15_000, 30_000}


NEEDED = ("event_date", "is_public_servant", "has_spouse")


@for_all(children, st.sampled_from(NEEDED), st.sampled_from(["", "maybe", "2025-13-40"]))
def test_a_missing_input_never_yields_a_proposal(
    family: list[dict[str, str]], gone: str, junk: str
) -> None:
    raw = given.answers(*family, **{gone: junk})
    found = given.evaluated(raw)
    if found.outcome is not None:
        # Only where the answer is the same whatever the missing input says: nobody to pay for.
        assert found.outcome == "refused"
    else:
        assert gone in found.missing


@for_all(children, st.integers(0, 5))
def test_a_child_without_a_birthday_never_gets_an_amount(
    family: list[dict[str, str]], which: int
) -> None:
    family = [dict(c, supported="yes") for c in family]
    family[which % len(family)]["birth_date"] = ""
    found = given.evaluated(given.answers(*family))
    assert found.outcome is None
    assert found.missing == (f"children[{which % len(family)}].birth_date",)


def test_the_same_inputs_are_the_same_bytes() -> None:
    assert given.evaluated(given.answers()).encode() == given.evaluated(given.answers()).encode()


def test_the_trace_cites_law_and_source_for_every_amount() -> None:
    found = given.evaluated(given.answers())
    amount = next(step for step in found.steps if step.rule == "monthly_yen")
    assert amount.rows == ("child_allowance/under_3",)
    assert amount.law_refs
    assert amount.sources
    assert "15,000" in amount.sentences[0]


def test_an_event_before_october_2024_is_decided_by_the_old_law() -> None:
    family = (given.child("2009-08-10"), given.child("2012-08-10"), given.child("2016-08-10"))
    old = given.evaluated(
        given.answers(*family, event_date="2023-04-10", income_class="below"), arrival="2023-04-15"
    )
    new = given.evaluated(given.answers(*family, event_date="2024-10-10"), arrival="2024-10-15")

    assert old.outputs["total_yen"] == "35000"
    assert new.outputs["total_yen"] == "50000"
    assert not old.verified


@pytest.mark.parametrize(
    ("procedure", "town", "body"),
    [
        ("C1", given.MEIWA, "town_mayor"),
        ("C1", given.KIHOKU, "town_mayor"),
        *[(f"K{n}", given.KIHOKU, "kihoku_union") for n in range(1, 12)],
        *[("C14", town, "mie_prefecture") for town in sorted(TOWNS)],
        ("K1", given.MEIWA, "town_mayor"),
        ("V4", given.MEIWA, "mie_police"),
        ("V1", given.KIHOKU, "mie_prefecture"),
        ("S1", given.KIHOKU, "town_mayor"),
    ],
)
def test_the_authority_depends_on_procedure_and_town(procedure: str, town: str, body: str) -> None:
    found = LIBRARY.authorities.resolve(procedure, town, date(2026, 4, 1))  # type: ignore[arg-type]
    assert found.id == body


def test_the_town_only_passes_on_what_the_prefecture_decides() -> None:
    role = Role.RECEIVING
    found = LIBRARY.authorities.resolve("C14", given.MEIWA, date(2026, 4, 1), role)  # type: ignore[arg-type]
    assert found.id == "town_mayor"


def test_before_the_row_begins_there_is_no_authority() -> None:
    with pytest.raises(NoAuthority):
        LIBRARY.authorities.resolve("C1", given.MEIWA, date(2001, 4, 1))  # type: ignore[arg-type]


def test_an_authority_that_changes_on_a_date_is_an_ordinary_row() -> None:
    rows = LIBRARY.authorities.rows
    first = msgspec.structs.replace(rows[0], valid_until="2027-04-01")
    second = msgspec.structs.replace(rows[0], body="mie_prefecture", valid_from="2027-04-01")
    changed = msgspec.structs.replace(LIBRARY.authorities, rows=(first, second, *rows[1:]))

    assert changed.list_problems(TOWNS) == []
    assert changed.resolve("C1", given.MEIWA, date(2027, 3, 31)).id == "town_mayor"  # type: ignore[arg-type]
    assert changed.resolve("C1", given.MEIWA, date(2027, 4, 1)).id == "mie_prefecture"  # type: ignore[arg-type]
    assert msgspec.structs.replace(changed, rows=(rows[0], second, *rows[1:])).list_problems(TOWNS)


def words_in(node: object) -> list[Words | Names]:
    if isinstance(node, Words | Names):
        return [node]
    if isinstance(node, msgspec.Struct):
        return [found for name in node.__struct_fields__ for found in words_in(getattr(node, name))]
    if isinstance(node, tuple | list):
        return [found for item in node for found in words_in(item)]
    return []


@pytest.mark.parametrize("file", LIBRARY.files, ids=lambda f: f.definition.valid_from)
def test_easy_japanese_of_a_definition_has_readings_and_short_sentences(file) -> None:  # type: ignore[no-untyped-def]
    texts = [words.yasashii for words in words_in(file.definition)]
    assert len(texts) > 50
    assert [text for text in texts if bare_kanji(text)] == []
    sentences = [part for text in texts for part in re.split("[。！？]", without_ruby(text))]
    assert [part for part in sentences if len(part) > 40] == []
    assert all(words.en for words in words_in(file.definition))
