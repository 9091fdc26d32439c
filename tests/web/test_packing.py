"""Built files and open answers take few bytes to those who can unpack them, and none is changed."""

from gzip import decompress
from pathlib import Path

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from litestar import Litestar
from litestar.response import Response
from litestar.static_files import create_static_files_router
from litestar.testing import TestClient

from mieone.web.build import remove_old
from mieone.web.packing import PackedFiles, accepts_packed, pack, write_packed

SCRIPT = "dist/map-AB12CD34.js"
CODE = b"const sign = 'shelter';" * 200


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "dist").mkdir()
    (tmp_path / SCRIPT).write_bytes(CODE)
    (tmp_path / "mark.svg").write_bytes(b"<svg/>")
    write_packed([tmp_path / SCRIPT])
    return tmp_path


@pytest.fixture
def client(folder: Path) -> TestClient[Litestar]:
    files = create_static_files_router(
        path="/static", directories=[folder], middleware=[PackedFiles(folder)]
    )
    return TestClient(Litestar([files], openapi_config=None))


def test_whoever_cannot_unpack_gets_the_file_as_it_is_whatever_others_asked(
    client: TestClient[Litestar],
) -> None:
    with client:
        packed = client.get(f"/static/{SCRIPT}", headers={"Accept-Encoding": "gzip, br"})
        plain = client.get(f"/static/{SCRIPT}", headers={"Accept-Encoding": "identity"})
        again = client.get(f"/static/{SCRIPT}", headers={"Accept-Encoding": "gzip"})

    assert packed.headers["content-encoding"] == again.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content == again.content == CODE
    assert packed.headers["content-type"].startswith("text/javascript")
    assert int(packed.headers["content-length"]) < len(CODE) / 5
    assert "immutable" in plain.headers["cache-control"]
    assert plain.headers["vary"] == "Accept-Encoding"


def test_a_file_whose_name_stays_when_it_changes_is_not_kept_for_good(
    client: TestClient[Litestar],
) -> None:
    with client:
        mark = client.get("/static/mark.svg")

    assert mark.status_code == 200
    assert "cache-control" not in mark.headers


def test_the_packed_form_goes_with_its_file(folder: Path) -> None:
    dist = folder / "dist"

    remove_old([f"/static/{SCRIPT}"], dist)
    kept = {path.name for path in dist.iterdir()}
    remove_old([], dist)

    assert kept == {"map-AB12CD34.js", "map-AB12CD34.js.gz"}
    assert list(dist.iterdir()) == []


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000", False),
        ("identity", False),
        ("xgzip", False),
        ("", False),
    ],
)
def test_a_browser_is_taken_at_its_word(accepted: str, takes: bool) -> None:
    assert accepts_packed({"accept-encoding": accepted}) is takes


@for_all(text=st.text(max_size=3000))
def test_an_answer_stays_the_same_in_fewer_bytes(text: str) -> None:
    answer = Response(text, media_type="text/html", headers={"Vary": "Cookie"})

    packed = pack({"accept-encoding": "gzip"}, answer)
    plain = pack({}, answer)

    is_packed = "Content-Encoding" in packed.headers
    content = decompress(packed.content) if is_packed else packed.content
    assert content == plain.content == text.encode()
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Cookie, Accept-Encoding"
