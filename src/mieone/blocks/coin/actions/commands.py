"""`mieone shop …` and `mieone budget allot`: what an operator does from the command line."""

import argparse
import sys
from collections.abc import Awaitable, Callable

import msgspec

from mieone.core.block import Command
from mieone.core.house import House

from .counter import Counter
from .shops import (
    NewShop,
    add_shop,
    get_shop_by_code,
    issue_terminal_token,
    renew_terminal_token,
)
from .upkeep import allot_budget

Run = Callable[[House, argparse.Namespace], Awaitable[int]]


def _say(value: dict[str, object]) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def _shop_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name")
    parser.add_argument("--town", required=True, help="six digits")
    parser.add_argument("--name-latin", default="", help="for the payment code, ASCII")
    parser.add_argument("--shop-class", default="local")
    parser.add_argument("--postal-code", default="")
    parser.add_argument("--number", default="", help="six digits of the shop's code")


async def _add_shop(house: House, options: argparse.Namespace) -> int:
    if not house.region.has_town(options.town):
        sys.stderr.write(f"no town {options.town} in this region\n")
        return 2
    town = house.region.town(options.town)
    new = NewShop(
        town=options.town,
        name=options.name,
        name_latin=options.name_latin or "SHOP",
        city_latin=town.name.en.upper()[:15],
        shop_class=options.shop_class,
        postal_code=options.postal_code,
        number=options.number,
    )
    async with house.database.transaction() as conn:
        shop = await add_shop(conn, new)
        token = await issue_terminal_token(conn, shop.shop_id)
    _say(
        {
            "shop_id": str(shop.shop_id),
            "shop_code": shop.shop_code,
            "name": shop.name,
            "terminal_token": token,
            "till": f"{house.settings.people_origin}/shop",
            "pay": f"{house.settings.people_origin}/coin/pay/{shop.shop_code}",
        }
    )
    return 0


def _renew_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shop_code", help="seven digits")


async def _renew(house: House, options: argparse.Namespace) -> int:
    async with house.database.transaction() as conn:
        shop = await get_shop_by_code(conn, options.shop_code)
        token = await renew_terminal_token(conn, shop.shop_id, house.clock.now())
    _say({"shop_code": shop.shop_code, "name": shop.name, "terminal_token": token})
    return 0


def _allot_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("campaign")
    parser.add_argument("amount_yen", type=int)
    parser.add_argument("--key", required=True, help="the decision's number: the same key once")


def _allot(counter: Counter) -> Run:
    async def run(house: House, options: argparse.Namespace) -> int:
        ledger = counter.of(house).ledger
        async with house.database.transaction() as conn:
            is_done = await allot_budget(
                conn, ledger, options.key, options.campaign, options.amount_yen
            )
        _say({"campaign": options.campaign, "amount_yen": options.amount_yen, "done": is_done})
        return 0 if is_done else 1

    return run


def commands(counter: Counter) -> list[Command]:
    return [
        Command(
            noun="shop",
            verb="add",
            help="take in a shop and print its terminal token",
            arguments=_shop_arguments,
            run=_add_shop,
        ),
        Command(
            noun="shop",
            verb="renew",
            help="a till was lost: end all of a shop's tokens and tills, print a new token",
            arguments=_renew_arguments,
            run=_renew,
        ),
        Command(
            noun="budget",
            verb="allot",
            help="put a funder's money into a campaign's budget",
            arguments=_allot_arguments,
            run=_allot(counter),
        ),
    ]
