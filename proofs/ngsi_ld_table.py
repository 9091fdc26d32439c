"""The published table of a run of the ETSI suite."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

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


def write_table(runs: Mapping[int, Mapping[str, Tally]], httpctrl: str) -> str:
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
            _failed(groups.values(), status),
            _unable(groups.values()),
        ]
    return "\n\n".join(parts) + "\n"


def _row(group: str, tally: Tally, status: int) -> str:
    away = sum(is_impossible(name, status) for name in tally.failed)
    alone = "–" if tally.alone is None else str(len(tally.alone))
    return (
        f"| {group.removeprefix('TP/NGSI-LD/')} | {tally.able} | {tally.passed} | {tally.share:.1f} "
        f"| {len(tally.failed)} | {away} | {share(tally.passed, tally.able - away):.1f} | {alone} "
        f"| {len(tally.unable)} |"
    )


def _failed(tallies: Iterable[Tally], status: int) -> str:
    lines = [
        f"- {name} — {why(name, status) or _short(text)}"
        + ("; passes alone" if name in (tally.alone or ()) else "")
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
