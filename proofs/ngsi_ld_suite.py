"""The ETSI NGSI-LD conformance suite, snapshot 1d442dc, run against our broker; a table per group.

    python -m proofs.ngsi_ld_suite --suite CHECKOUT [--venv FOLDER] [--group FOLDER …] [--case PATTERN …]

CHECKOUT holds the suite's TP, data, resources and libraries, as its authors publish them. It is copied
into a temporary folder; there, addresses of contexts on the Internet become addresses of a server of
ours, and the two steps that start and stop a Mosquitto container start and stop Debian's mosquitto
instead. Nothing else is changed, and nothing of the suite is part of this repository.

Cases that fail in a dry run, or stop at a variable nobody defines, are listed by name and counted apart
(ngsi_ld_tally.py). With --again, the file of each case that failed and is not impossible is run once more
by itself, on an empty broker. With --later, a checkout of the same suite as its authors repaired and
extended it (5da9091) is run too, and the table says which of the cases that fail pass there. With
--reports, groups may be run one by one; once all have been, results/ngsi_ld_suite.md is written from what
they left there.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from proofs.ngsi_ld_hosts import open_house, serve_contexts
from proofs.ngsi_ld_reasons import is_impossible
from proofs.ngsi_ld_table import HTTPCTRL, write_table
from proofs.ngsi_ld_tally import Tally, read_cases, read_tally

LATER = "later"
RESULTS = Path(__file__).parent / "results" / "ngsi_ld_suite.md"
GROUPS = (
    "TP/NGSI-LD/CommonBehaviours",
    "TP/NGSI-LD/ContextInformation/Consumption",
    "TP/NGSI-LD/ContextInformation/Provision",
    "TP/NGSI-LD/ContextInformation/Subscription",
    "TP/NGSI-LD/ContextSource",
    "TP/NGSI-LD/DistributedOperations",
    "TP/NGSI-LD/jsonldContext",
)
NEEDS = (
    "robotframework==7.4.1",
    "robotframework-jsonlibrary==0.5",
    "robotframework-requests==0.9.7",
    "robotframework-httpctrl==0.3.3",
    "robotframework-mqttlibrary==0.7.1.post3",
    "robotframework-robocop==7.2.0",
    "deepdiff==8.6.1",
    "prettydiff==0.1.0",
    "paho-mqtt==1.6.1",
)
COMPOUND = "ngsi-ld-test-suite-compound.jsonld"
# Where the suite keeps its contexts, and others whose terms the compound context has as well.
FOREIGN = (
    r"https://forge\.etsi\.org/rep/cim/ngsi-ld-test-suite/-/raw/develop/resources/jsonld-contexts/"
    r"(?P<file>[a-z-]+\.jsonld)",
    # As repaired later, the suite names its own repository.
    r"https://raw\.githubusercontent\.com/[a-z-]+/ngsi-ld-test-suite/main/resources/jsonld-contexts/"
    r"(?P<file>[a-z-]+\.jsonld)",
    r"https://easy-global-market\.github\.io/[A-Za-z0-9./_-]+\.jsonld",
    r"http://smartdatamodels\.org/context\.jsonld",
    r"https://fiware\.github\.io/[A-Za-z0-9./_-]+\.jsonld",
)
MOSQUITTO = """*** Settings ***
Library    Process
Library    MQTTLibrary

*** Keywords ***
Start Mqtt Server
    [Arguments]    ${conf_file_name}    ${port}
    Start Process    mosquitto    -p    ${port}    alias=mosquitto
    Sleep    1s

Stop Mqtt Server
    Terminate Process    mosquitto
"""


def main(arguments: Sequence[str]) -> int:
    options = _options(arguments)
    with tempfile.TemporaryDirectory(prefix="suite-") as folder:
        place = Path(folder)
        robot = _robot(options.venv or place / "venv")
        copy = _prepared(options.suite, place / "suite", options.base_port)
        runs = {
            status: _run_groups(robot, copy, place, str(status), status, options)
            for status in options.status
        }
        later: dict[str, Tally] = {}
        if options.later:
            copy = _prepared(options.later, place / "later", options.base_port)
            later = _run_groups(robot, copy, place, LATER, 504, options)
    sys.stdout.write(write_table(runs, options.httpctrl, later))
    if options.reports and not options.case:
        _publish(options.reports, options.httpctrl)
    return 0


def _run_groups(
    robot: Path, copy: Path, place: Path, label: str, status: int, options: argparse.Namespace
) -> dict[str, Tally]:
    tallies: dict[str, Tally] = {}
    for group in options.group:
        tallies[group] = _run_group(robot, copy, place, label, status, group, options)
        _keep(options.reports, label, group, tallies[group])
    return tallies


def _run_group(
    robot: Path,
    copy: Path,
    place: Path,
    label: str,
    status: int,
    group: str,
    options: argparse.Namespace,
) -> Tally:
    """A group on an empty broker; then, if wanted, files that failed by themselves."""
    out = (options.reports or place) / label
    folder = out / group.replace("/", "-")
    with serve_contexts(copy, options.base_port + 3), open_house(place, options, status) as house:
        _run(robot, copy, folder, group, options)
        if options.keep:
            input(f"still running at {house}; Enter ends it ")
    tally = read_tally(folder / "dry.xml", folder / "output.xml")
    tally.files = {name: str(Path(f).relative_to(copy)) for name, f in tally.files.items()}
    if options.again and label != LATER:
        tally.alone = []
        possible = {n: f for n, f in tally.files.items() if not is_impossible(n, status)}
        for file in sorted(set(possible.values())):
            folder = out / "again" / Path(file).stem
            with serve_contexts(copy, options.base_port + 3), open_house(place, options, status):
                _run(robot, copy, folder, file, options)
            passed = {case.name for case in read_cases(folder / "output.xml") if case.passed}
            tally.alone += [n for n, f in possible.items() if f == file and n in passed]
    return tally


def _keep(reports: Path | None, label: str, group: str, tally: Tally) -> None:
    """For the table of all groups, when they are not run in one go."""
    if reports is not None:
        name = f"tally-{label}-{group.replace('/', '-')}.json"
        (reports / name).write_text(json.dumps(asdict(tally)), "utf-8")


def _publish(reports: Path, httpctrl: str) -> None:
    """The committed table, once every group has been run."""
    runs: dict[int, dict[str, Tally]] = {}
    for status in (503, 504):
        if found := _kept(reports, str(status)):
            runs[status] = found
    later = _kept(reports, LATER)
    if runs and all(len(groups) == len(GROUPS) for groups in (*runs.values(), later or GROUPS)):
        RESULTS.write_text(write_table(runs, httpctrl, later), "utf-8")


def _kept(reports: Path, label: str) -> dict[str, Tally]:
    paths = {group: reports / f"tally-{label}-{group.replace('/', '-')}.json" for group in GROUPS}
    return {
        group: Tally(**json.loads(path.read_bytes()))
        for group, path in paths.items()
        if path.exists()
    }


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="proofs.ngsi_ld_suite")
    parser.add_argument("--suite", type=Path, required=True)
    parser.add_argument("--later", type=Path, help="a checkout of 5da9091, run beside it")
    parser.add_argument("--venv", type=Path, help="where robot is, or is to be installed")
    parser.add_argument("--group", nargs="*", default=list(GROUPS))
    parser.add_argument("--case", nargs="*", default=[], help="names of cases, with *")
    parser.add_argument("--status", type=int, nargs="*", default=[503], help="503, 504 or both")
    parser.add_argument("--base-port", type=int, default=9090)
    parser.add_argument("--url", help="a broker that runs already, instead of one of our own")
    parser.add_argument(
        "--httpctrl",
        choices=tuple(HTTPCTRL),
        default="suite",
        help="the suite's own HttpCtrl in its libraries, or the one its requirements name",
    )
    parser.add_argument("--reports", type=Path, help="keep robot's reports in this folder")
    parser.add_argument("--again", action="store_true", help="run what failed once more, alone")
    parser.add_argument("--keep", action="store_true", help="wait before the broker is stopped")
    return parser.parse_args(arguments)


def _robot(venv: Path) -> Path:
    if not (venv / "bin/robot").exists():
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([venv / "bin/pip", "install", "-q", *NEEDS], check=True)
    return venv / "bin/robot"


def _prepared(suite: Path, copy: Path, base_port: int) -> Path:
    copy.mkdir(parents=True)
    for name in ("TP", "data", "resources", "libraries"):
        shutil.copytree(suite / name, copy / name)
    contexts = f"http://127.0.0.1:{base_port + 3}/ctx/"

    def local(match: "re.Match[str]") -> str:
        return contexts + (match.groupdict().get("file") or COMPOUND)

    for path in copy.rglob("*"):
        if path.suffix not in (".robot", ".resource", ".json", ".jsonld", ".geojson", ".py"):
            continue
        text = path.read_text("utf-8")
        changed = text
        for pattern in FOREIGN:
            changed = re.sub(pattern, local, changed)
        if changed != text:
            path.write_text(changed, "utf-8")
    (copy / "resources/mqttUtils/MqttUtils.resource").write_text(MOSQUITTO, "utf-8")
    return copy


def _run(robot: Path, copy: Path, folder: Path, what: str, options: argparse.Namespace) -> None:
    """A dry run and a real one; their reports stay in the folder."""
    # What an earlier run left is not what became of this one.
    shutil.rmtree(folder, ignore_errors=True)
    url = f"{options.url or f'http://127.0.0.1:{options.base_port}'}/ngsi-ld/v1"
    compound = f"http://127.0.0.1:{options.base_port + 3}/ctx/{COMPOUND}"
    variables = {
        "url": url,
        "temporal_api_url": url,
        "ngsild_test_suite_context": compound,
        "notification_server_host": "127.0.0.1",
        "notification_server_port": str(options.base_port + 5),
        "context_source_host": "127.0.0.1",
        "context_source_port": str(options.base_port + 6),
        "context_server_host": "127.0.0.1",
        "context_server_port": str(options.base_port + 7),
        "mqtt_broker_host": "127.0.0.1",
        # A history outlives its entity: after deleting an entity the suite asks for its history to go too.
        "delete_temporal_on_core_delete": "True",
    }
    command = [str(robot), "--outputdir", str(folder), "--console", "dotted"]
    for name, value in variables.items():
        command += ["--variable", f"{name}:{value}"]
    for case in options.case:
        command += ["--test", f"*{case}*"]
    dry = [*command, "--dryrun", "--output", "dry.xml", "--log", "NONE", "--report", "NONE"]
    environment = {**os.environ}
    if options.httpctrl == "suite":
        environment["PYTHONPATH"] = str(copy / "libraries/robotframework-httpctrl/src")
    for run in (dry, [*command, "--output", "output.xml"]):
        subprocess.run(
            [*run, what], cwd=copy, env=environment, check=False, capture_output=True, timeout=3600
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
