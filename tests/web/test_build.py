"""The build runs when something changed, and only then."""

from pathlib import Path

import msgspec
import pytest

from mieone.web import Assets, AssetsMissingError, build
from mieone.web.assets import Manifest


@pytest.fixture
def dist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # Where the bundle lands is a seam of the machine, as PATH is.
    monkeypatch.setattr(build, "DIST", tmp_path)
    return tmp_path


def record(dist: Path, inputs: str) -> None:
    manifest = Manifest(inputs, {"people.css": f"{build.SERVED_AT}people-A1.css"})
    (dist / "manifest.json").write_bytes(msgspec.json.encode(manifest))


def test_nothing_is_done_when_nothing_changed(dist: Path) -> None:
    record(dist, build.fingerprint())
    (dist / "people-A1.css").touch()

    assert build.build() is False


def test_a_file_that_is_gone_is_built_again(dist: Path) -> None:
    record(dist, build.fingerprint())

    assert not build.is_up_to_date(build.fingerprint())


def test_another_input_is_built_again(dist: Path) -> None:
    record(dist, "of another day")
    (dist / "people-A1.css").touch()

    assert not build.is_up_to_date(build.fingerprint())


def test_the_build_before_this_one_stays_for_a_server_still_running(dist: Path) -> None:
    for name in ("people-A1.css", "people-B2.css", "people-C3.css"):
        (dist / name).touch()

    build.remove_old([f"{build.SERVED_AT}people-A1.css", f"{build.SERVED_AT}people-B2.css"])

    assert sorted(path.name for path in dist.iterdir()) == ["people-A1.css", "people-B2.css"]


def test_missing_assets_say_which_command_makes_them(tmp_path: Path) -> None:
    with pytest.raises(AssetsMissingError, match=r"python -m mieone\.web\.build"):
        Assets.load(tmp_path)
