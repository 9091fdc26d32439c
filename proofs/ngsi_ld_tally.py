"""What became of the cases of a group: read from robot's own reports, of a dry run and of a real one."""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_UNDEFINED = re.compile(r"Variable '[$@&%]\{?([^'}]+)\}?' not found")
_ASIDE = re.compile(r"\s+Also teardown failed:.*")


@dataclass(frozen=True)
class Case:
    name: str
    passed: bool
    text: str
    file: Path


@dataclass
class Tally:
    passed: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    unable: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    """Of those that failed."""
    alone: list[str] | None = None
    """Those that failed and pass when their file is run by itself on an empty broker."""
    unable_passed: int = 0
    """Of those that count as unable, how many the real run passed all the same."""
    passing: list[str] = field(default_factory=list)

    @property
    def able(self) -> int:
        return self.passed + len(self.failed)

    @property
    def share(self) -> float:
        return share(self.passed, self.able)


def share(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0


def read_tally(dry: Path, live: Path) -> Tally:
    """The issue's rule: unable is what fails in a dry run, or for a variable nobody defines."""
    tally = Tally()
    if not live.exists():
        return tally
    unable = {case.name: case.text for case in read_cases(dry) if not case.passed}
    for case in read_cases(live):
        if case.name in unable:
            tally.unable[case.name] = unable[case.name]
            tally.unable_passed += case.passed
        elif case.passed:
            tally.passed += 1
            tally.passing.append(case.name)
        elif misses_variable(case.text, case.file.read_text("utf-8")):
            tally.unable[case.name] = case.text
        else:
            tally.failed[case.name] = case.text
            tally.files[case.name] = str(case.file)
    return tally


def misses_variable(text: str, source: str) -> bool:
    """Whether a case stopped at a variable that its file never sets.

    One that the file sets, but had no time to, says that something failed before; what its teardown
    says comes too late.
    """
    found = _UNDEFINED.search(_ASIDE.sub("", text))
    if found is None:
        return False
    # Robot takes names as equal whatever their case, blanks and underlines.
    name = _plain(found[1])
    setting = re.finditer(
        r"(?:^|\s{2,}|\t)[$@&]\{([^}]+)\}\s*=|"
        r"(?:Set \w+ Variable|VAR|FOR)\s+[$@&](?:\{([^}]+)\}|(\w+))|"
        r"^[$@&]\{([^}]+)\}",
        source,
        re.IGNORECASE | re.MULTILINE,
    )
    return all(name != _plain(next(filter(None, one.groups()))) for one in setting)


def read_cases(path: Path) -> Iterator[Case]:
    sources: list[str] = []
    for event, element in ElementTree.iterparse(path, ("start", "end")):
        if element.tag == "suite":
            if event == "start":
                sources.append(element.get("source", ""))
            else:
                sources.pop()
        elif element.tag == "test" and event == "end":
            status = element.find("status")
            assert status is not None
            text = " ".join((status.text or "").split())
            name = element.get("name", "")
            yield Case(name, status.get("status") == "PASS", text, Path(sources[-1]))
            element.clear()


def _plain(name: str) -> str:
    return re.sub(r"[\s_]", "", name).casefold()
