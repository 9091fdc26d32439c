"""What may be registered as a client: exact addresses, good keys, a sector of its own."""

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from mieone.blocks.identity.oauth.problems import BadRegistration

from . import jose

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def is_loopback(uri: str) -> bool:
    try:
        return (urlsplit(uri).hostname or "") in LOOPBACK
    except ValueError:
        return False


def check_uri(uri: str, may_be_loopback: bool) -> None:
    """https anywhere; http only on this machine, and only where simulators may run."""
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise BadRegistration(value=uri) from error
    is_plain = not parts.fragment and "#" not in uri and "@" not in parts.netloc
    is_printable = uri.isascii() and uri.isprintable() and " " not in uri
    if not host or not is_plain or not is_printable:
        raise BadRegistration(value=uri)
    is_local = host in LOOPBACK
    if is_local and not may_be_loopback:
        raise BadRegistration(value=uri)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_local):
        raise BadRegistration(value=uri)


def decide_sector(client_id: str, redirect_uris: Iterable[str], stated: str | None) -> str:
    """OpenID Connect Core, 8.1: the one redirect host. On this machine every service is `localhost`,
    so there the client itself is the sector: two services never share one by accident."""
    if stated is not None:
        return stated
    hosts = {urlsplit(uri).hostname or "" for uri in redirect_uris}
    if not hosts or hosts <= LOOPBACK:
        return f"client:{client_id}"
    if len(hosts) > 1:
        raise BadRegistration(value=", ".join(sorted(hosts)))
    return hosts.pop()


def check_keys(keys: Iterable[Mapping[str, object]]) -> tuple[dict[str, str], ...]:
    """Public, strong, and only the members that we understand are kept."""
    kept = []
    for value in keys:
        try:
            key = jose.import_public_key(value)
        except jose.Unverified as error:
            raise BadRegistration(value=error.reason.value) from error
        public = {name: str(member) for name, member in key.as_dict(private=False).items()}
        public |= {name: str(value[name]) for name in ("kid", "alg", "use") if name in value}
        public.setdefault("kid", jose.thumbprint(key))
        kept.append(public)
    return tuple(kept)
