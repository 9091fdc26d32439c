"""What an operator may set, read once from the environment at the start."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

import msgspec


class Profile(StrEnum):
    DEMO = "demo"
    CONFORMANCE = "conformance"
    PRODUCTION = "production"


class Entrance(StrEnum):
    """Where a URL lets somebody in; each can run as a process and origin of its own."""

    PEOPLE = "people"
    DESK = "desk"
    SHOP = "shop"
    DEVELOPERS = "developers"
    MACHINES = "machines"


class SettingsError(Exception):
    """A setting that cannot be used; the text names the variable and what it takes."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    profile: Profile = Profile.DEMO
    home: Path
    port: int = 8000
    tls_port: int = 8443
    database_url: str | None = None
    """A server of your own (owner's connection string); None means the embedded one."""
    region_dir: Path
    workers: int = 1
    pool_size: int = 8
    sample: bool = True
    entrances: frozenset[Entrance] = frozenset(Entrance)
    rate_limit: int = 1200
    """Requests a minute of one signed-in session or one address; 0 counts nobody."""
    temporal_page: int = 10_000
    """Instances that one answer about histories holds; what is cut is asked for again."""
    ld_context_status: int = 504
    """Of NGSI-LD's LdContextNotAvailable; suites of an older text expect 503."""
    people_url: str | None = None
    machines_url: str | None = None
    """What the world calls us where a proxy with a public certificate stands in front."""

    @property
    def people_origin(self) -> str:
        return self.people_url or f"http://localhost:{self.port}"

    @property
    def machines_origin(self) -> str:
        """The issuer of every token and receipt."""
        return self.machines_url or f"https://localhost:{self.tls_port}"

    @property
    def is_behind_proxy(self) -> bool:
        return self.people_url is not None or self.machines_url is not None

    @property
    def requests_per_minute(self) -> int | None:
        """None where nobody is counted: suites of others and benches ask as fast as they can."""
        return None if self.profile is Profile.CONFORMANCE else self.rate_limit or None

    @property
    def simulators_allowed(self) -> bool:
        return self.profile is not Profile.PRODUCTION

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Settings":
        """Read `MIEONE_*`. Raises SettingsError naming the first variable that cannot be used."""
        home = Path(environ.get("MIEONE_HOME") or ".mieone").expanduser().resolve()
        region = Path(environ.get("MIEONE_REGION") or "regions/mie").expanduser().resolve()
        return cls(
            profile=_profile(environ.get("MIEONE_PROFILE") or "demo"),
            home=home,
            port=_number(environ, "MIEONE_PORT", 8000, 1, 65535),
            tls_port=_number(environ, "MIEONE_TLS_PORT", 8443, 1, 65535),
            database_url=environ.get("MIEONE_DATABASE_URL") or None,
            region_dir=region,
            workers=_number(environ, "MIEONE_WORKERS", 1, 1, 16),
            pool_size=_number(environ, "MIEONE_POOL_SIZE", 8, 2, 40),
            sample=(environ.get("MIEONE_SAMPLE") or "yes") != "no",
            entrances=_entrances(environ.get("MIEONE_ENTRANCES") or ""),
            rate_limit=_number(environ, "MIEONE_RATE_LIMIT", 1200, 0, 1_000_000),
            temporal_page=_number(environ, "MIEONE_TEMPORAL_PAGE", 10_000, 10, 100_000),
            ld_context_status=_number(environ, "MIEONE_LD_CONTEXT_STATUS", 504, 503, 504),
            people_url=_origin(environ, "MIEONE_PEOPLE_URL"),
            machines_url=_origin(environ, "MIEONE_MACHINES_URL"),
        )


def _profile(text: str) -> Profile:
    try:
        return Profile(text)
    except ValueError:
        known = ", ".join(Profile)
        raise SettingsError(f"MIEONE_PROFILE is {text!r}; it takes one of: {known}") from None


def _entrances(text: str) -> frozenset[Entrance]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    try:
        return frozenset(Entrance(name) for name in names) or frozenset(Entrance)
    except ValueError:
        known = ", ".join(Entrance)
        raise SettingsError(f"MIEONE_ENTRANCES is {text!r}; it takes a list of: {known}") from None


def _origin(environ: Mapping[str, str], name: str) -> str | None:
    text = environ.get(name) or None
    if text is None:
        return None
    parts = urlsplit(text)
    if parts.scheme != "https" or not parts.hostname or text != f"https://{parts.netloc}":
        raise SettingsError(
            f"{name} is {text!r}; it takes an origin such as https://www.example.jp"
        )
    return text


def _number(environ: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = environ.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise SettingsError(f"{name} is {text!r}; it takes a whole number from {low} to {high}")
    return int(text)
