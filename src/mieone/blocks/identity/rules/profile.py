"""Which authorities and policies count: one realm at a time, read from the region's dated profile."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

import msgspec
import yaml
from cryptography import x509

from mieone.blocks.identity.model import Usage
from mieone.core.clock import JST


class RealmRefused(Exception):
    """Start-up refusal: these anchors, policies and this realm must not stand together."""


class Dated(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value with its source; `verified` false shows 要確認 wherever it is shown."""

    value: str | int
    source: str
    verified: bool
    valid_from: date | None = None
    valid_until: date | None = None

    def counts_on(self, day: date) -> bool:
        after_start = self.valid_from is None or self.valid_from <= day
        return after_start and (self.valid_until is None or day < self.valid_until)


class ListedAnchor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    sha256: str
    source: str
    verified: bool
    valid_from: date
    valid_until: date


class UsageProfile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    policies: tuple[Dated, ...]
    anchors: tuple[ListedAnchor, ...]


class RealmProfile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    organisation: str
    sign: UsageProfile
    auth: UsageProfile

    def of(self, usage: Usage) -> UsageProfile:
        return self.sign if usage is Usage.SIGN else self.auth


class JpkiProfile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    as_of: date
    subject_arc: Dated
    challenge_ttl_s: Dated
    revocation_max_age_s: Dated
    realms: dict[str, RealmProfile]

    def seconds(self, name: str) -> int:
        return int(getattr(self, name).value)


class Realm(msgspec.Struct, frozen=True, kw_only=True):
    """What one installation trusts. Sign and auth keep stores of their own; they are never mixed."""

    name: str
    profile: JpkiProfile
    anchors: Mapping[Usage, tuple[x509.Certificate, ...]]

    def policies_at(self, usage: Usage, now: datetime) -> frozenset[str]:
        listed = self.profile.realms[self.name].of(usage).policies
        return frozenset(
            str(one.value) for one in listed if one.counts_on(now.astimezone(JST).date())
        )

    @property
    def is_verified(self) -> bool:
        """False while any value of the realm waits for its confirmation (要確認)."""
        listed = self.profile.realms[self.name]
        values = (*listed.sign.policies, *listed.auth.policies)
        anchors = (*listed.sign.anchors, *listed.auth.anchors)
        return all(one.verified for one in values) and all(one.verified for one in anchors)


def read_profile(path: Path) -> JpkiProfile:
    profile = msgspec.convert(yaml.safe_load(path.read_text("utf-8")), JpkiProfile)
    check_profile(profile)
    return profile


def check_profile(profile: JpkiProfile) -> None:
    """Raises RealmRefused when one policy or anchor stands in both realms."""
    production, test = (_marks(profile.realms[name]) for name in ("production", "test"))
    if production & test:
        raise RealmRefused(f"in both realms: {', '.join(sorted(production & test))}")
    if profile.realms["production"].organisation == profile.realms["test"].organisation:
        raise RealmRefused("both realms carry one organisation")
    if not 0 < profile.seconds("challenge_ttl_s") <= 600:
        raise RealmRefused("a challenge lives at most ten minutes")


def _marks(realm: RealmProfile) -> set[str]:
    parts = (realm.sign, realm.auth)
    policies = {str(one.value) for part in parts for one in part.policies}
    return policies | {anchor.sha256.upper() for part in parts for anchor in part.anchors}


def open_realm(profile: JpkiProfile, name: str, anchors: Mapping[Usage, Sequence[bytes]]) -> Realm:
    """Raises RealmRefused unless every anchor belongs to this realm and to no other."""
    check_profile(profile)
    loaded: dict[Usage, tuple[x509.Certificate, ...]] = {}
    for usage in Usage:
        loaded[usage] = tuple(
            _check_anchor(profile, name, usage, der) for der in anchors.get(usage, ())
        )
    shared = {_digest(one) for one in anchors.get(Usage.SIGN, ())} & {
        _digest(one) for one in anchors.get(Usage.AUTH, ())
    }
    if shared:
        raise RealmRefused("one anchor stands in both stores")
    return Realm(name=name, profile=profile, anchors=loaded)


def _check_anchor(profile: JpkiProfile, name: str, usage: Usage, der: bytes) -> x509.Certificate:
    certificate = x509.load_der_x509_certificate(der)
    listed = {anchor.sha256.upper() for anchor in profile.realms["production"].of(usage).anchors}
    everywhere = _marks(profile.realms["production"])
    organisation = profile.realms[name].organisation
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)
    if name == "production" and _digest(der) not in listed:
        raise RealmRefused(f"not an anchor of the production realm: {_digest(der)}")
    if name != "production" and _digest(der) in everywhere:
        raise RealmRefused("an anchor of the production realm in another one")
    if [one.value for one in names] != [organisation]:
        raise RealmRefused(f"the anchor is not of {organisation}")
    return certificate


def _digest(der: bytes) -> str:
    return hashlib.sha256(der).hexdigest().upper()
