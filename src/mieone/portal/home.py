"""What concerns a person now, and my page: both composed from what the blocks hand over."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from mieone.core.house import House
from mieone.web import HomeItem, PageSection, SectionPlace

_MOST_SHOWN = 8


async def list_home_items(house: House, person_id: UUID) -> list[HomeItem]:
    """Life first, then what has a last day, the nearest first."""
    items = [
        item
        for block in house.blocks
        if block.home_items is not None
        for item in await block.home_items(house, person_id)
        if isinstance(item, HomeItem)
    ]
    return sorted(items, key=_order)[:_MOST_SHOWN]


async def list_sections(house: House, person_id: UUID) -> dict[SectionPlace, Sequence[PageSection]]:
    sections = [
        section
        for block in house.blocks
        if block.my_page is not None
        for section in await block.my_page(house, person_id)
        if isinstance(section, PageSection)
    ]
    return {
        place: sorted(
            (section for section in sections if section.place is place),
            key=lambda section: section.order,
        )
        for place in SectionPlace
    }


def _order(item: HomeItem) -> tuple[int, date]:
    return item.urgency, item.until or date.max
