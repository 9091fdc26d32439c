"""Shops: taken in under a number of their own."""

import msgspec

from mieone.blocks.coin.actions.shops import NewShop, add_shop

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
