"""Who stands before the counter: a resident with a wallet, or a shop with its till."""

from uuid import UUID

import segno
from markupsafe import Markup

from mieone.blocks import identity
from mieone.blocks.coin.actions.granting import SECTOR
from mieone.blocks.coin.actions.shops import get_shop
from mieone.blocks.coin.actions.wallets import open_wallet
from mieone.blocks.coin.model import AccountId, Bill
from mieone.blocks.coin.rules.qr import ShopCode, write_code
from mieone.blocks.coin.store.shops import ShopRecord
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.model import Actor, ActorKind
from mieone.core.problems import NotPermitted


async def wallet_of(conn: Conn, house: House, actor: Actor) -> AccountId:
    if actor.kind is not ActorKind.PERSON:
        raise NotPermitted
    return await wallet_of_person(conn, house, UUID(actor.id))


async def wallet_of_person(conn: Conn, house: House, person_id: UUID) -> AccountId:
    pairwise = await identity.pairwise_id(conn, SECTOR, person_id)
    return await open_wallet(conn, house.keyring, pairwise)


async def shop_of(conn: Conn, actor: Actor) -> ShopRecord:
    if actor.kind is not ActorKind.SHOP:
        raise NotPermitted
    return await get_shop(conn, UUID(actor.id))


def payload_of(shop: ShopRecord, guid: str, bill: Bill | None = None) -> str:
    """The text of the shop's code: without a bill the payer types the amount."""
    code = ShopCode(
        shop_code=shop.shop_code,
        name=shop.name,
        name_latin=shop.name_latin,
        city_latin=shop.city_latin,
        category=shop.category,
        postal_code=shop.postal_code,
        amount_yen=None if bill is None else bill.amount_yen,
        bill="" if bill is None else bill.id,
    )
    return write_code(code, guid)


def drawn(text: str) -> Markup:
    """A QR code as inline SVG; segno writes nothing but paths."""
    return Markup(segno.make(text, error="m", micro=False).svg_inline(omitsize=True, border=2))


def spaced(number: str) -> str:
    """Digits in groups that stay on one line, so that they can be read out and typed."""
    groups = (number[:3], number[3:6], number[6:]) if len(number) > 7 else (number[:3], number[3:])
    return "\N{NO-BREAK SPACE}".join(groups)
