"""Which cases of the ETSI suite count as unable to run: the rule, on cases of our own making."""

from pathlib import Path

import pytest
from proofs.ngsi_ld_tally import misses_variable, read_tally

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

    assert (tally.passed, tally.failed) == (1, {"D1 one": "1 != 2"})
    assert tally.unable == {"D3 three": "No keyword with that name"}
    assert tally.unable_passed == 1
    assert tally.files == {"D1 one": str(file)}
    assert tally.share == 50
