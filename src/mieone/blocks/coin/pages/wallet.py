"""The resident's wallet: what is there, until when, what happened; and the terms of each value."""

from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Response

from mieone.blocks.coin.actions import looking
from mieone.blocks.coin.actions.counter import Counter
from mieone.blocks.coin.actions.shops import list_shops
from mieone.blocks.coin.model import (
    Instrument,
    Issuer,
    Lot,
    Terms,
    TransferId,
    TransferKind,
)
from mieone.blocks.coin.rules.expiry import last_day_of
from mieone.blocks.coin.store.wallets import HistoryLine
from mieone.core.clock import Clock
from mieone.core.database import Database
from mieone.core.house import House
from mieone.core.model import Actor
from mieone.core.problems import NotFound
from mieone.core.region import Names
from mieone.web import Page

from .visitor import spaced, wallet_of

SOON = timedelta(days=30)


class ShownLot(msgspec.Struct, frozen=True, kw_only=True):
    """One lot in people's words: how much of what, from whom, until when."""

    amount_yen: int
    instrument: Instrument
    issuer: Issuer
    scope: Names
    last_day: date | None
    ends_soon: bool


class ShownLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the history."""

    transfer_id: UUID
    message_id: str
    name: str | Names
    booked_at: datetime
    amount_yen: int
    reason: str
    is_payment: bool


def shown_lot(lot: Lot, terms: Terms, now: datetime) -> ShownLot:
    ends = lot.terms.expires_at
    return ShownLot(
        amount_yen=lot.open_yen,
        instrument=terms.instruments[lot.terms.instrument],
        issuer=terms.issuers[lot.terms.issuer],
        scope=terms.scopes[lot.terms.scope].name,
        last_day=None if ends is None else last_day_of(ends),
        ends_soon=ends is not None and ends - now < SOON,
    )


def shown_line(line: HistoryLine, terms: Terms) -> ShownLine:
    campaign = terms.campaigns.get(line.campaign)
    direction = ""
    if line.kind is TransferKind.SEND:
        direction = "_out" if line.amount_yen < 0 else "_in"
    return ShownLine(
        transfer_id=line.transfer_id,
        message_id=f"coin.history.{line.kind}{direction}",
        name=line.shop_name or (campaign.name if campaign else ""),
        booked_at=line.booked_at,
        amount_yen=line.amount_yen,
        reason=line.reason,
        is_payment=line.kind is TransferKind.PAY,
    )


@get("/coin")
async def get_wallet(
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    counter: NamedDependency[Counter],
    clock: NamedDependency[Clock],
    before: FromQuery[UUID | None] = None,
) -> Response[str]:
    terms = counter.configuration_of(house).terms_on(clock.today())
    async with house.database.transaction() as conn:
        now = await counter.now(house, conn)
        account = await wallet_of(conn, house, actor)
        wallet = await looking.get_wallet(conn, account, terms, now)
        cursor = None if before is None else TransferId(before)
        history = await looking.list_history(conn, account, cursor)
    lines = [shown_line(line, terms) for line in history]
    return page.render(
        "coin/wallet.html",
        wallet=wallet,
        lots=[shown_lot(lot, terms, now) for lot in wallet.lots],
        lines=lines,
        is_later=before is not None,
        next_before=lines[-1].transfer_id if len(lines) == looking.HISTORY_LINES else None,
    )


@get("/coin/about")
async def list_instruments(
    page: NamedDependency[Page],
    house: NamedDependency[House],
    counter: NamedDependency[Counter],
    clock: NamedDependency[Clock],
) -> Response[str]:
    terms = counter.configuration_of(house).terms_on(clock.today())
    return page.render("coin/instruments.html", terms=terms)


@get("/coin/about/{instrument_id:str}")
async def get_instrument(
    instrument_id: FromPath[str],
    page: NamedDependency[Page],
    house: NamedDependency[House],
    counter: NamedDependency[Counter],
    clock: NamedDependency[Clock],
) -> Response[str]:
    """What the law asks to be told about each instrument, written from its configuration."""
    # 資金決済法13条・23条の2、前払式支払手段に関する内閣府令22条
    configuration = counter.configuration_of(house)
    terms = configuration.terms_on(clock.today())
    instrument = terms.instruments.get(instrument_id)
    if instrument is None:
        raise NotFound
    return page.render(
        "coin/about.html",
        instrument=instrument,
        issuer=terms.issuers[instrument.issuer],
        scope=terms.scopes[instrument.scope],
        limits=configuration.limits,
    )


@get("/coin/shops")
async def get_shops(
    page: NamedDependency[Page],
    database: NamedDependency[Database],
    town: FromQuery[str] = "",
    after: FromQuery[str] = "",
) -> Response[str]:
    async with database.transaction() as conn:
        shops = await list_shops(conn, town or None, after or None)
    return page.render(
        "coin/shops.html",
        shops=shops,
        town=town,
        spaced=spaced,
        next_after=shops[-1].shop_code if len(shops) == 50 else "",
    )


WALLET = (get_wallet, list_instruments, get_instrument, get_shops)
