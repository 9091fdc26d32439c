"""The account the embedded database server runs under: ours, or a separate one when we are root."""

import os
import pwd
import shutil
import struct
import subprocess
from pathlib import Path

import msgspec

ACCOUNT_NAME = "mieone-pg"

_ACL = "system.posix_acl_access"
_ACL_VERSION = 2
_USER_OBJ, _USER, _GROUP_OBJ, _GROUP, _MASK, _OTHER = 1, 2, 4, 8, 16, 32
_NO_ID = 0xFFFFFFFF
_TRAVERSE = 1


class AccountError(Exception):
    """The server's account cannot be made, or cannot reach a directory; the text says what to do."""


class ServerAccount(msgspec.Struct, frozen=True):
    uid: int
    gid: int


def server_account() -> ServerAccount | None:
    """None when we are an ordinary user: PostgreSQL refuses root, and only root can change accounts."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(ACCOUNT_NAME)
    except KeyError:
        _make_account()
        entry = pwd.getpwnam(ACCOUNT_NAME)
    return ServerAccount(entry.pw_uid, entry.pw_gid)


def _make_account() -> None:
    useradd = shutil.which("useradd") or "/usr/sbin/useradd"
    command = [useradd, "--system", "--no-create-home", "--user-group"]
    command += ["--home-dir", "/", "--shell", "/usr/sbin/nologin", ACCOUNT_NAME]
    try:
        made = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise AccountError(f"{useradd} is missing: make the account {ACCOUNT_NAME!r}") from None
    known = any(entry.pw_name == ACCOUNT_NAME for entry in pwd.getpwall())
    if made.returncode != 0 and not known:
        raise AccountError(f"account {ACCOUNT_NAME!r} cannot be made: {made.stderr.strip()}")


def command_prefix(
    account: ServerAccount | None = None, *, at_parents_death: str | None = None
) -> list[str]:
    """Starts a program as the account; setpriv execs, so the process id stays the one we spawned."""
    # setpriv is part of util-linux, which Debian counts as essential.
    prefix = ["setpriv"]
    if at_parents_death is not None:
        prefix += ["--pdeathsig", at_parents_death]
    if account is not None:
        prefix += ["--reuid", str(account.uid), "--regid", str(account.gid), "--clear-groups"]
    return prefix if len(prefix) > 1 else []


def let_reach(account: ServerAccount | None, directory: Path) -> None:
    """Let the account walk down to the directory, and nothing more: an entry for it alone."""
    if account is None:
        return
    for place in [*reversed(directory.resolve().parents), directory.resolve()]:
        if not _may_traverse(account, place):
            _grant_traverse(account, place)


def let_read_programs(account: ServerAccount | None, root: Path) -> None:
    """Under a strict umask the installed programs are private; they are public software."""
    if account is None or root.stat().st_mode & 0o005 == 0o005:
        return
    for place in [root, *root.rglob("*")]:
        mode = place.stat().st_mode
        place.chmod(mode | (0o055 if place.is_dir() or mode & 0o100 else 0o044))


def _may_traverse(account: ServerAccount, place: Path) -> bool:
    found = place.stat()
    if found.st_uid == account.uid:
        return bool(found.st_mode & 0o100)
    if found.st_mode & 0o001:
        return True
    entries = _acl_entries(place)
    # A later chmod of the group's bits narrows this mask, and with it every entry.
    mask = next((rights for tag, rights, _ in entries if tag == _MASK), _TRAVERSE)
    return any(
        tag == _USER and number == account.uid and rights & mask & _TRAVERSE
        for tag, rights, number in entries
    )


def _acl_entries(place: Path) -> list[tuple[int, int, int]]:
    try:
        stored = os.getxattr(place, _ACL)
    except OSError:
        mode = place.stat().st_mode
        owner, group, other = (mode >> 6) & 7, (mode >> 3) & 7, mode & 7
        return [(_USER_OBJ, owner, _NO_ID), (_GROUP_OBJ, group, _NO_ID), (_OTHER, other, _NO_ID)]
    return list(struct.iter_unpack("<HHI", stored[4:]))


def _grant_traverse(account: ServerAccount, place: Path) -> None:
    kept = [entry for entry in _acl_entries(place) if entry[0] != _MASK and entry[2] != account.uid]
    kept.append((_USER, _TRAVERSE, account.uid))
    mask = 0
    for tag, rights, _ in kept:
        if tag in (_USER, _GROUP_OBJ, _GROUP):
            mask |= rights
    kept.append((_MASK, mask, _NO_ID))
    packed = struct.pack("<I", _ACL_VERSION)
    for entry in sorted(kept):
        packed += struct.pack("<HHI", *entry)
    try:
        os.setxattr(place, _ACL, packed)
    except OSError as reason:
        raise AccountError(
            f"the database runs as {ACCOUNT_NAME!r} and cannot pass {place} ({reason.strerror}); "
            f"run `chmod o+x {place}` or set MIEONE_HOME to another place"
        ) from None
