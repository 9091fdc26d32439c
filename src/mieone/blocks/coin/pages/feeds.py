"""What the portal shows of the wallet: a gift that arrived, and the balance on my page."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from uuid import UUID

from mieone.blocks.coin.actions import looking
from mieone.blocks.coin.actions.counter import Counter
from mieone.blocks.coin.model import TransferKind
from mieone.core.house import House
from mieone.web import HomeItem, PageSection, SectionLink, SectionPlace, Tone, Urgency, Yen

from .visitor import wallet_of_person

NEWS_FOR = timedelta(days=14)
Feed = Callable[[House, UUID], Awaitable[Sequence[object]]]


def home_feed(counter: Counter) -> Feed:
    async def list_home_items(house: House, person_id: UUID) -> list[HomeItem]:
        """A gift is news for two weeks."""
        terms = counter.configuration_of(house).terms_on(house.clock.today())
        async with house.database.transaction() as conn:
            account = await wallet_of_person(conn, house, person_id)
            lines = await looking.list_history(conn, account, limit=5)
            oldest = await counter.now(house, conn) - NEWS_FOR
        return [
            HomeItem(
                urgency=Urgency.GIFT,
                message_id="coin.home.gift",
                values={
                    "campaign": terms.campaigns[line.campaign].name,
                    "amount": Yen(line.amount_yen),
                },
                href="/coin",
                icon="gift",
                tone=Tone.DONE,
            )
            for line in lines
            if line.kind is TransferKind.GRANT
            and line.booked_at >= oldest
            and line.campaign in terms.campaigns
        ]

    return list_home_items


def my_page_feed(counter: Counter) -> Feed:
    async def list_sections(house: House, person_id: UUID) -> list[PageSection]:
        terms = counter.configuration_of(house).terms_on(house.clock.today())
        async with house.database.transaction() as conn:
            account = await wallet_of_person(conn, house, person_id)
            now = await counter.now(house, conn)
            wallet = await looking.get_wallet(conn, account, terms, now)
        section = PageSection(
            place=SectionPlace.MONEY,
            order=10,
            title_id="coin.my.title",
            text_id="coin.my.text",
            amount_yen=wallet.balance_yen,
            links=(
                SectionLink(message_id="coin.my.pay", href="/coin/pay", icon="coin"),
                SectionLink(message_id="coin.my.wallet", href="/coin", icon="paper"),
            ),
        )
        return [section]

    return list_sections
