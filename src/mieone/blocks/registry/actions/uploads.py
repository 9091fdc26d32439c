"""A file from a desk: shown first, kept sealed, then taken by whoever sent it."""

from uuid import UUID

from mieone.blocks import access
from mieone.blocks.access import AccessRow, Kind
from mieone.blocks.registry import store
from mieone.blocks.registry.model import ChangeKind, ImportReport
from mieone.blocks.registry.problems import FileChanged
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.ids import uuid7
from mieone.core.model import Actor, TownCode

from .imports import Delivery, check_town, import_register, preview_import
from .matching import SERVICE

PURPOSE = "register-import"
KEY = "registry.upload"
DESK_SOURCE = "desk"


async def show_upload(
    conn: Conn, house: House, actor: Actor, delivery: Delivery
) -> tuple[UUID, ImportReport]:
    """What the file would do. Whose old and new values are shown reads about it."""
    report = await preview_import(conn, house.keyring, house.clock, actor, delivery)
    upload_id = uuid7()
    sealed = house.keyring.seal(delivery.content, KEY, delivery.town, str(upload_id))
    await store.record_upload(
        conn, delivery.town, upload_id, delivery.extent, sealed, actor.id, house.clock.now()
    )
    await _record_shown(conn, house, actor, upload_id, report)
    return upload_id, report


async def take_upload(
    conn: Conn, house: House, actor: Actor, town: TownCode, upload_id: UUID
) -> ImportReport:
    """Raises FileChanged when it was taken before, or is another's."""
    check_town(actor, town)
    found = await store.take_upload(conn, town, upload_id, actor.id)
    if found is None:
        raise FileChanged
    extent, sealed = found
    content = house.keyring.open_sealed(sealed, KEY, town, str(upload_id))
    delivery = Delivery(town=town, content=content, source=DESK_SOURCE, extent=extent)
    return await import_register(conn, house.keyring, house.clock, house.region, actor, delivery)


async def _record_shown(
    conn: Conn, house: House, actor: Actor, request_id: UUID, report: ImportReport
) -> None:
    shown = {
        one.addressee_number: tuple(change.field for change in one.fields)
        for one in report.differences
        if one.kind is ChangeKind.CHANGED
    }
    known = await store.list_sealed(conn, report.town, sorted(shown))
    rows = [
        AccessRow(
            subject_id=one.resident_id,
            kind=Kind.ACT,
            request_id=request_id,
            at=house.clock.now(),
            actor=actor,
            service=SERVICE,
            purpose=PURPOSE,
            decision="read",
            town=report.town,
            items=shown[number],
        )
        for number, one in known.items()
    ]
    await access.record_many(conn, house.keyring, rows)
