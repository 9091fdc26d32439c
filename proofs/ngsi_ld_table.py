"""The published table of a run of the ETSI suite."""

from collections.abc import Iterable, Mapping, Set
from datetime import UTC, datetime
from types import MappingProxyType

from proofs.ngsi_ld_later import KINDS, why_later
from proofs.ngsi_ld_reasons import is_impossible, why
from proofs.ngsi_ld_tally import Tally, share

HTTPCTRL = {
    "suite": "The mock sources are those of the suite's own HttpCtrl (`libraries`), "
    "which the distributed cases are written for.",
    "pypi": "The mock sources are those of HttpCtrl 0.3.3 as published, which keeps no request that it "
    "answered by itself: most distributed cases then wait for one that was served.",
}
HOW_TO_READ = """Each group is one call of robot, on an empty broker.

- *cannot run*: fails in a dry run, or stops at a variable that its file never sets. Counted apart.
- *impossible*: no broker passes it without breaking the specification or another case. Below it is said
  why, so that it can be looked up: clauses of GS CIM 009, cases, keywords and files of the suite.
- *% possible*: passed, of those that can run and are not impossible.
- *alone*: of the others that failed, those that pass when their file is run by itself, on an empty
  broker."""
HEAD = """| group | can run | passed | % | failed | impossible | % possible | alone | cannot run |
|---|---:|---:|---:|---:|---:|---:|---:|---:|"""

REPAIRED = "; repaired later, passes"
LATER = """## The same suite as repaired later (5da9091)

Its authors went on: they repaired cases that contradicted the standard or each other, and added cases of
their own reading of it. All groups on the same broker, LdContextNotAvailable as 504. *ours*: the broker
does not do what the standard asks; the others that failed are the case's, a matter of opinion, or want
what 1d442dc forbids; each is explained below. Cases of several brokers (IOP_TP) are not run."""
LATER_HEAD = """| group | can run | passed | % | failed | ours | cannot run |
|---|---:|---:|---:|---:|---:|---:|"""


def write_table(
    runs: Mapping[int, Mapping[str, Tally]],
    httpctrl: str,
    later: Mapping[str, Tally] = MappingProxyType({}),
) -> str:
    mended = {_number(name) for tally in later.values() for name in tally.passing}
    statuses = " ".join(str(status) for status in runs)
    parts = [
        "# ETSI NGSI-LD suite, snapshot 1d442dc",
        f"{datetime.now(UTC):%Y-%m-%d}, `python -m proofs.ngsi_ld_suite --suite CHECKOUT --again "
        f"--status {statuses}`, profile `conformance`. Not an ETSI certificate.",
        HTTPCTRL[httpctrl],
        HOW_TO_READ,
    ]
    for status, groups in runs.items():
        rows = [_row(group, tally, status) for group, tally in groups.items()]
        parts += [
            f"## LdContextNotAvailable answered with {status}",
            "\n".join([HEAD, *rows]),
            _failed(groups.values(), status, mended),
            _unable(groups.values()),
        ]
    if later:
        parts += _write_later(runs, later, mended)
    return "\n\n".join(parts) + "\n"


def _write_later(
    runs: Mapping[int, Mapping[str, Tally]], later: Mapping[str, Tally], mended: Set[str]
) -> list[str]:
    failed = {
        name for groups in runs.values() for tally in groups.values() for name in tally.failed
    }
    again = sum(_number(name) in mended for name in failed)
    rows = [
        f"| {group.removeprefix('TP/NGSI-LD/')} | {tally.able} | {tally.passed} | {tally.share:.1f} "
        f"| {len(tally.failed)} | {sum(_kind(name) == 'ours' for name in tally.failed)} "
        f"| {len(tally.unable)} |"
        for group, tally in later.items()
    ]
    lines = [
        f"- {name} — {why_later(name) or _short(text)}"
        for tally in later.values()
        for name, text in tally.failed.items()
    ]
    return [
        LATER,
        "\n".join([LATER_HEAD, *rows]),
        f"Of the {len(failed)} cases of 1d442dc that fail in one of the tables above, {again} pass here.",
        "\n".join(["Failed:", "", *sorted(lines)]),
        _unable(later.values()),
    ]


def _kind(name: str) -> str:
    kind = why_later(name).partition(":")[0]
    return kind if kind in KINDS else "ours"


def _number(name: str) -> str:
    return name.split(" ")[0]


def _row(group: str, tally: Tally, status: int) -> str:
    away = sum(is_impossible(name, status) for name in tally.failed)
    alone = "–" if tally.alone is None else str(len(tally.alone))
    return (
        f"| {group.removeprefix('TP/NGSI-LD/')} | {tally.able} | {tally.passed} | {tally.share:.1f} "
        f"| {len(tally.failed)} | {away} | {share(tally.passed, tally.able - away):.1f} | {alone} "
        f"| {len(tally.unable)} |"
    )


def _failed(tallies: Iterable[Tally], status: int, mended: Set[str]) -> str:
    lines = [
        f"- {name} — {why(name, status) or _short(text)}"
        + ("; passes alone" if name in (tally.alone or ()) else "")
        + (REPAIRED if _number(name) in mended else "")
        for tally in tallies
        for name, text in tally.failed.items()
    ]
    return "\n".join(["Failed:", "", *sorted(lines)]) if lines else "Failed: none."


def _unable(tallies: Iterable[Tally]) -> str:
    held = list(tallies)
    lines = [f"- {name} — {_short(text)}" for t in held for name, text in sorted(t.unable.items())]
    if not lines:
        return "Cannot run as shipped: none."
    passed = sum(tally.unable_passed for tally in held)
    return "\n".join([f"Cannot run as shipped (yet {passed} of them pass):", "", *lines])


def _short(text: str) -> str:
    return text.replace("|", "/").replace("<", "‹").replace(">", "›")[:160]
