"""How a shop's terminal comes in: with the token it was given; for trying out, as a sample shop."""

from collections.abc import Sequence
from uuid import UUID

from litestar import Request, get, post
from litestar.datastructures import Cookie, State
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect, Response

from mieone.blocks.coin.actions.shops import find_shop_by_token, get_shop, list_sample_shops
from mieone.blocks.coin.problems import UnknownShop
from mieone.blocks.coin.store.shops import ShopRecord
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.model import Actor, ActorKind, TownCode
from mieone.core.sessions import COOKIES, LIFETIMES, Acr, Session, end_session, open_session
from mieone.core.settings import Entrance
from mieone.web import Form, Page, read_form

AnyRequest = Request[object, object, State]
SHOP = "/shop"


async def _list_samples(conn: Conn, house: House) -> Sequence[ShopRecord]:
    return await list_sample_shops(conn) if house.settings.simulators_allowed else ()


def _safe_return(target: str) -> str:
    """Only our own tills: a link from elsewhere must lead nowhere after a sign-in."""
    is_own = target == SHOP or target.startswith(f"{SHOP}/")
    return target if is_own and "//" not in target and "\\" not in target else SHOP


@get("/shop/sign-in")
async def get_shop_sign_in(
    page: NamedDependency[Page], house: NamedDependency[House], return_to: FromQuery[str] = SHOP
) -> Response[str]:
    async with house.database.transaction() as conn:
        samples = await _list_samples(conn, house)
    return page.render(
        "coin/shop_sign_in.html", form=Form(), samples=samples, target=_safe_return(return_to)
    )


@post("/shop/sign-in", status_code=200)
async def post_shop_sign_in(
    request: AnyRequest, page: NamedDependency[Page], house: NamedDependency[House]
) -> Response[str] | Redirect:
    form = await read_form(request)
    target = _safe_return(form.value("return_to"))
    async with house.database.transaction() as conn:
        shop = await _find_shop(conn, house, form)
        samples = await _list_samples(conn, house)
        if shop is not None:
            token = await _open(conn, house, shop)
            return Redirect(target, status_code=303, cookies=[_cookie(house, token)])
    return page.render(
        "coin/shop_sign_in.html", status_code=422, form=form, samples=samples, target=target
    )


async def _find_shop(conn: Conn, house: House, form: Form) -> ShopRecord | None:
    chosen = form.value("shop")
    if chosen and house.settings.simulators_allowed:
        try:
            shop = await get_shop(conn, UUID(chosen))
        except (ValueError, UnknownShop):
            return None
        return shop if shop.is_sample else None
    token = form.text("token", max_length=100)
    shop_of_token = await find_shop_by_token(conn, token) if token else None
    if token and shop_of_token is None:
        form.refuse("token", "coin.shop.errors.token")
    return shop_of_token


async def _open(conn: Conn, house: House, shop: ShopRecord) -> str:
    actor = Actor(
        kind=ActorKind.SHOP,
        id=str(shop.shop_id),
        organisation=str(shop.shop_id),
        towns=frozenset({TownCode(shop.town)}),
    )
    return await open_session(conn, Entrance.SHOP, actor, Acr.TERMINAL, house.clock.now())


def _cookie(house: House, token: str) -> Cookie:
    return Cookie(
        key=COOKIES[Entrance.SHOP],
        value=token,
        path="/",
        max_age=int(LIFETIMES[Entrance.SHOP].total_seconds()),
        httponly=True,
        samesite="lax",
        secure=house.settings.people_origin.startswith("https:"),
    )


@post("/shop/sign-out", status_code=303)
async def post_shop_sign_out(request: AnyRequest, house: NamedDependency[House]) -> Redirect:
    session = request.scope["state"].get("session")
    if isinstance(session, Session):
        async with house.database.transaction() as conn:
            await end_session(conn, session.token_digest, house.clock.now())
    gone = Cookie(key=COOKIES[Entrance.SHOP], value="", path="/", max_age=0)
    return Redirect("/shop/sign-in", status_code=303, cookies=[gone])


SHOP_DOOR = (get_shop_sign_in, post_shop_sign_in, post_shop_sign_out)
