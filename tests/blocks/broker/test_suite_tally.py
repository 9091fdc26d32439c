"""Which cases of the ETSI suite count as unable to run: the rule, on cases of our own making."""

from pathlib import Path

import pytest
from proofs.ngsi_ld_table import write_table
from proofs.ngsi_ld_tally import Tally, misses_variable, read_tally

CASE = """*** Variables ***
${given}    1

*** Test Cases ***
One
    ${answer}=    Ask    ${given}
    Set Suite Variable    ${Kept Thing}
    Evaluate    [$forgotten]
"""
REPORT = """<robot><suite name="group"><suite name="file" source="{file}">
<test name="D1 one"><status status="{first}">{said}</status></test>
<test name="D2 two"><status status="PASS"/></test>
<test name="D3 three"><status status="{last}">No keyword with that name</status></test>
</suite></suite></robot>"""


@pytest.mark.parametrize(
    ("text", "misses"),
    [
        ("Evaluating expression '[$forgotten]' failed: Variable '$forgotten' not found.", True),
        ("Setup failed: Variable '${forgotten}' not found.", True),
        ("Resolving variable '${forgotten[0]}' failed: Variable '@{for gotten}' not found.", True),
        ("Variable '${answer}' not found.", False),
        ("Variable '${kept_thing}' not found.", False),
        ("Variable '${given}' not found. Did you mean: ${giver}", False),
        ("201 != 409 Also teardown failed: Variable '${forgotten}' not found.", False),
        ("Timeout: request was not received.", False),
    ],
)
def test_a_variable_that_nobody_sets_is_told_from_one_that_came_too_late(
    text: str, misses: bool
) -> None:
    assert misses_variable(text, CASE) is misses


def test_cases_are_counted_by_what_both_runs_say(tmp_path: Path) -> None:
    file, dry, live = (tmp_path / name for name in ("one.robot", "dry.xml", "output.xml"))
    file.write_text(CASE)
    dry.write_text(REPORT.format(file=file, first="PASS", said="", last="FAIL"))
    live.write_text(REPORT.format(file=file, first="FAIL", said="1 != 2", last="PASS"))

    tally = read_tally(dry, live)

    assert tally.passing == ["D2 two"]
    assert (tally.passed, tally.failed) == (1, {"D1 one": "1 != 2"})
    assert tally.unable == {"D3 three": "No keyword with that name"}
    assert tally.unable_passed == 1
    assert tally.files == {"D1 one": str(file)}
    assert tally.share == 50


def test_the_table_says_what_passes_since_it_was_repaired() -> None:
    earlier = Tally(passed=1, failed={"D1 one": "1 != 2", "D2 two": "3 != 4"}, passing=["D3 three"])
    later = Tally(passed=2, failed={"D2 two, reworded": "5 != 6"}, passing=["D1 one", "D3 three"])

    table = write_table({504: {"TP/NGSI-LD/group": earlier}}, "suite", {"TP/NGSI-LD/group": later})

    assert "- D1 one — 1 != 2; repaired later, passes\n" in table
    assert "- D2 two — 3 != 4\n" in table
    assert "| group | 3 | 2 | 66.7 | 1 | 1 | 0 |" in table
    assert "Of the 2 cases of 1d442dc that fail in one of the tables above, 1 pass here." in table
    assert "- D2 two, reworded — 5 != 6\n" in table
