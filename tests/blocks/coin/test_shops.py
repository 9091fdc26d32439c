"""Shops: taken in under a number of their own; a lost till is shut out."""

import msgspec

from mieone.blocks.coin.actions.shops import (
    NewShop,
    add_shop,
    find_shop_by_token,
    issue_terminal_token,
    renew_terminal_token,
)
from mieone.core.model import Actor, ActorKind
from mieone.core.sessions import Acr, find_session, open_session
from mieone.core.settings import Entrance

from .conftest import Town

BAKERY = NewShop(town="000019", name="Bakery", name_latin="BAKERY", city_latin="X", number="100001")
STRANGER = msgspec.structs.replace(BAKERY, name="Stranger", number="")


async def test_a_number_that_is_drawn_twice_hands_no_till_to_a_stranger(town: Town) -> None:
    draws = iter(["100001", "100001", "300003"])
    async with town.database.transaction() as conn:
        bakery = await add_shop(conn, BAKERY)
        stranger = await add_shop(conn, STRANGER, lambda: next(draws))

    assert stranger.shop_id != bakery.shop_id
    assert stranger.shop_code.startswith("300003")
    assert stranger.name == "Stranger"


async def test_a_lost_till_is_shut_out_at_once(town: Town) -> None:
    async with town.database.transaction() as conn:
        shop = await add_shop(conn, BAKERY)
        actor = Actor(kind=ActorKind.SHOP, id=str(shop.shop_id))
        lost = await issue_terminal_token(conn, shop.shop_id)
        till = await open_session(conn, Entrance.SHOP, actor, Acr.TERMINAL, town.now)

        renewed = await renew_terminal_token(conn, shop.shop_id, town.now)

        assert await find_shop_by_token(conn, lost) is None
        assert await find_session(conn, Entrance.SHOP, till, town.now) is None
        assert await find_shop_by_token(conn, renewed) == shop
