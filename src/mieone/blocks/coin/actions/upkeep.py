"""What must be there before anybody pays, and what time does to it."""

from datetime import date

from mieone.blocks.coin.model import (
    AccountClass,
    Allot,
    Command,
    Expire,
    system_account,
)
from mieone.blocks.coin.rules.expiry import add_months
from mieone.blocks.coin.store import upkeep as store
from mieone.blocks.coin.store.configuration import Configuration, SampleShop
from mieone.blocks.coin.store.wallets import record_account
from mieone.core.database import Conn, Database
from mieone.core.region_files import RegionInvalid

from .posting import Ledger, post
from .shops import NewShop, add_shop

_OF_INSTRUMENT = (
    AccountClass.ISSUED,
    AccountClass.USED,
    AccountClass.EXPIRED,
    AccountClass.REFUNDED,
    AccountClass.RECALLED,
)
_OF_CAMPAIGN = (
    AccountClass.CAMPAIGN_BUDGET,
    AccountClass.FUNDER_COMMITMENT,
    AccountClass.FUNDER_RECEIVABLE,
)
_CLIENT = "system:coin"


async def record_configuration(conn: Conn, configuration: Configuration) -> None:
    """Bring the tables up to the region's files. Raises RegionInvalid when a file rewrites the past."""
    for issuer in configuration.issuers:
        await store.record_issuer(conn, issuer)
    for instrument in configuration.instruments:
        if not await store.record_instrument(conn, instrument):
            raise RegionInvalid(
                "coin/instruments.yaml", instrument.id, "was issued as another kind; use a new id"
            )
        for kind in _OF_INSTRUMENT:
            account = system_account(kind, instrument.id)
            await record_account(conn, account, kind, instrument.id)
    for campaign in configuration.campaigns:
        for kind in _OF_CAMPAIGN:
            account = system_account(kind, campaign.id)
            await record_account(conn, account, kind, campaign.id)


async def open_months(conn: Conn, today: date, ahead: int = 2) -> int:
    """Months of rows are opened before anything is written into them."""
    months = [add_months(today.replace(day=1), ahead_by) for ahead_by in range(ahead + 1)]
    return sum([await store.open_month(conn, month) for month in months])


async def allot_budget(
    conn: Conn, ledger: Ledger, key: str, campaign: str, amount_yen: int
) -> bool:
    request = Allot(campaign=campaign, amount_yen=amount_yen)
    command = Command(client_id=_CLIENT, key=f"allot:{key}", request=request)
    (reply,) = await post(conn, ledger, [command])
    return reply.outcome.is_accepted


async def fill_demonstration(conn: Conn, ledger: Ledger) -> None:
    """Sample budgets and shops; a second time changes nothing."""
    for campaign in ledger.configuration.campaigns:
        await allot_budget(conn, ledger, f"sample:{campaign.id}", campaign.id, campaign.budget_yen)
    for shop in ledger.configuration.shops:
        await add_shop(conn, _sample(shop))


def _sample(shop: SampleShop) -> NewShop:
    return NewShop(
        town=shop.town,
        name=shop.name,
        name_latin=shop.name_latin,
        city_latin=shop.city_latin,
        shop_class=shop.shop_class,
        category=shop.category,
        postal_code=shop.postal_code,
        number=shop.number,
        is_sample=True,
    )


async def expire_ended(database: Database, ledger: Ledger, limit: int = 1_000) -> int:
    """Book out what has passed its date, a bounded number of wallets at a time."""
    async with database.transaction() as conn:
        now = await ledger.read_clock(conn)
        wallets = await store.list_wallets_with_ended_lots(conn, now, limit)
        commands = [
            Command(
                client_id=_CLIENT,
                key=f"expire:{wallet}:{now.isoformat()}",
                request=Expire(wallet=wallet),
            )
            for wallet in sorted(wallets)
        ]
        await post(conn, ledger, commands)
    return len(wallets)


async def roll_up(conn: Conn) -> int:
    return await store.roll_up(conn)
