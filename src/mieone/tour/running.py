"""`mieone tour`: finds the running installation, starts the nursery, prints the story."""

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from mieone.core.region import Region
from mieone.core.settings import Settings

from . import nursery as nurseries
from .story import NEWBORN_MOTHER, LostOnTheWay, Place, walk

PROGRAM = Path(__file__).parents[3] / "samples" / "nursery" / "app.py"
CLIENT = "tour-nursery"
TITLE = "もりのこども園"


class TourNotPossible(Exception):
    """The text says what is missing."""


def tour(settings: Settings) -> int:
    """Walk the story against the running installation; returns the exit code."""
    place = _find_place(settings)
    credentials, port = _credentials(settings)
    running = nurseries.start(PROGRAM, credentials, port)
    nursery = nurseries.Nursery(origin=f"http://localhost:{port}", title=TITLE)
    try:
        return _print_story(place, nursery)
    finally:
        running.terminate()
        running.wait(timeout=10)


def _print_story(place: Place, nursery: nurseries.Nursery) -> int:
    chapter = ""
    try:
        for step in walk(place, nursery):
            if step.chapter != chapter:
                chapter = step.chapter
                sys.stdout.write(f"\n{chapter}\n")
            sys.stdout.write(f"  ok  {step.text}\n")
            sys.stdout.flush()
    except LostOnTheWay as lost:
        sys.stdout.write(f"  LOST  {lost}\n")
        return 1
    sys.stdout.write("\nthe story works from end to end\n")
    return 0


def _find_place(settings: Settings) -> Place:
    try:
        stored: dict[str, Any] = json.loads((settings.home / "sample_people.json").read_bytes())
    except FileNotFoundError:
        raise TourNotPossible("no sample people here: start `mieone up` first") from None
    return _place_of(settings, stored)


def _place_of(settings: Settings, stored: dict[str, Any]) -> Place:
    mother = next(one for one in stored["people"] if one["key"] == NEWBORN_MOTHER)
    town = Region.load(settings.region_dir).town(mother["town"])
    return Place(
        origin=settings.people_origin,
        issuer=settings.machines_origin,
        authority=settings.home / "ca.pem",
        card_number=f"{town.code}-{mother['entry']['addressee_number']}",
        town=town.code,
        town_name=town.name.ja,
    )


def _credentials(settings: Settings) -> tuple[Path, int]:
    """The nursery's client, made by the command any integrator uses; kept for the next tour."""
    folder = settings.home / "tour"
    path = folder / "nursery.json"
    if path.exists():
        redirect = json.loads(path.read_bytes())["redirect_uris"][0]
        return path, int(redirect.rsplit(":", 1)[1].split("/")[0])
    folder.mkdir(exist_ok=True)
    port = _free_port()
    command = ["client", "add", CLIENT, "--title", TITLE, "--dataset", "household@1"]
    redirect = ["--redirect", f"http://localhost:{port}/callback"]
    done = subprocess.run(
        [sys.executable, "-m", "mieone.cli", *command, *redirect],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise TourNotPossible(f"the nursery could not be registered: {done.stderr.strip()}")
    path.write_text(done.stdout, "utf-8")
    path.chmod(0o600)
    return path, port


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
