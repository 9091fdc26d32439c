"""A region's coin as data: issuers, instruments, campaigns, limits, sample shops."""

from datetime import date
from pathlib import Path

import msgspec

from mieone.blocks.coin.model import (
    Campaign,
    Funding,
    Instrument,
    Issuer,
    LegalClass,
    Limits,
    Scope,
    Terms,
    Tier,
)
from mieone.core.region import Region
from mieone.core.region_files import RegionInvalid, read_yaml


class DatedLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    tier: Tier
    valid_from: date
    valid_until: date | None = None
    limits: Limits
    source: str
    confirmed: bool


class SampleShop(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An invented shop of the demonstration."""

    number: str
    """Six digits; a check digit makes it the shop's code."""
    town: str
    name: str
    name_latin: str
    city_latin: str
    shop_class: str
    category: str = "0000"
    postal_code: str = ""


class Rulebook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """coin/rules.yaml: what holds for all of the region's coin."""

    qr_guid: str
    bill_lifetime_s: int
    refund_days: int
    source: str
    confirmed: bool


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    rulebook: Rulebook
    issuers: tuple[Issuer, ...] = ()
    scopes: tuple[Scope, ...] = ()
    instruments: tuple[Instrument, ...] = ()
    campaigns: tuple[Campaign, ...] = ()
    limits: tuple[DatedLimits, ...] = ()
    shops: tuple[SampleShop, ...] = ()

    def terms_on(self, day: date) -> Terms:
        """Old instruments stay known as long as somebody may hold them; limits are those of the day."""
        return Terms(
            issuers={one.id: one for one in self.issuers},
            instruments={one.id: one for one in self.instruments},
            scopes={one.id: one for one in self.scopes},
            campaigns={one.id: one for one in self.campaigns},
            limits={
                row.tier: row.limits
                for row in self.limits
                if row.valid_from <= day and (row.valid_until is None or day < row.valid_until)
            },
            refund_days=self.rulebook.refund_days,
        )

    def find_campaign(self, purpose: str, town: str) -> Campaign | None:
        """The measure of a town for a purpose, such as its birth gift."""
        found = (one for one in self.campaigns if one.purpose == purpose and one.town == town)
        return next(found, None)


def load_configuration(region: Region) -> Configuration:
    """A region without a coin directory has no coin. Raises RegionInvalid."""
    folder = region.directory / "coin"
    if not folder.is_dir():
        return Configuration(
            rulebook=Rulebook(
                qr_guid="invalid", bill_lifetime_s=300, refund_days=0, source="", confirmed=False
            )
        )
    configuration = _read(folder)
    _check(configuration, region)
    return configuration


def _read(folder: Path) -> Configuration:
    return Configuration(
        rulebook=read_yaml(folder, "rules.yaml", Rulebook),
        issuers=read_yaml(folder, "issuers.yaml", tuple[Issuer, ...]),
        scopes=read_yaml(folder, "scopes.yaml", tuple[Scope, ...]),
        instruments=read_yaml(folder, "instruments.yaml", tuple[Instrument, ...]),
        campaigns=read_yaml(folder, "campaigns.yaml", tuple[Campaign, ...]),
        limits=read_yaml(folder, "limits.yaml", tuple[DatedLimits, ...]),
        shops=read_yaml(folder, "shops.yaml", tuple[SampleShop, ...]),
    )


def _check(configuration: Configuration, region: Region) -> None:
    issuers = {one.id for one in configuration.issuers}
    scopes = {one.id for one in configuration.scopes}
    instruments = {one.id: one for one in configuration.instruments}
    for instrument in configuration.instruments:
        if instrument.issuer not in issuers or instrument.scope not in scopes:
            raise RegionInvalid("coin/instruments.yaml", instrument.id, "no such issuer or scope")
        if (instrument.funding is Funding.FREE) != (instrument.legal_class is LegalClass.FREE):
            raise RegionInvalid(
                "coin/instruments.yaml", instrument.id, "free value is of class free"
            )
    for campaign in configuration.campaigns:
        found = instruments.get(campaign.instrument)
        if found is None or found.funding is not Funding.FREE:
            raise RegionInvalid(
                "coin/campaigns.yaml", campaign.id, "its instrument is not free value"
            )
        if campaign.town and not region.has_town(campaign.town):
            raise RegionInvalid("coin/campaigns.yaml", campaign.id, "no such town")
    for shop in configuration.shops:
        if not region.has_town(shop.town):
            raise RegionInvalid("coin/shops.yaml", shop.number, "no such town")
