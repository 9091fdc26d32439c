"""The build runs when something changed, and only then."""

from pathlib import Path

import msgspec
import pytest

from mieone.web import Assets, AssetsMissingError, build
from mieone.web.assets import Manifest


def record(dist: Path, inputs: str) -> None:
    manifest = Manifest(inputs, {"people.css": f"{build.SERVED_AT}people-A1.css"})
    (dist / "manifest.json").write_bytes(msgspec.json.encode(manifest))


def test_nothing_is_done_when_nothing_changed(tmp_path: Path) -> None:
    record(tmp_path, build.fingerprint())
    (tmp_path / "people-A1.css").touch()

    assert build.build(tmp_path) is False


def test_a_file_that_is_gone_is_built_again(tmp_path: Path) -> None:
    record(tmp_path, build.fingerprint())

    assert not build.is_up_to_date(build.fingerprint(), tmp_path)


def test_another_input_is_built_again(tmp_path: Path) -> None:
    record(tmp_path, "of another day")
    (tmp_path / "people-A1.css").touch()

    assert not build.is_up_to_date(build.fingerprint(), tmp_path)


def test_the_build_before_this_one_stays_for_a_server_still_running(tmp_path: Path) -> None:
    for name in ("people-A1.css", "people-B2.css", "people-C3.css"):
        (tmp_path / name).touch()

    build.remove_old(
        [f"{build.SERVED_AT}people-A1.css", f"{build.SERVED_AT}people-B2.css"], tmp_path
    )

    assert sorted(path.name for path in tmp_path.iterdir()) == ["people-A1.css", "people-B2.css"]


def test_missing_assets_say_which_command_makes_them(tmp_path: Path) -> None:
    with pytest.raises(AssetsMissingError, match=r"python -m mieone\.web\.build"):
        Assets.load(tmp_path)
