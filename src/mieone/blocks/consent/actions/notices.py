"""The texts that ask: found or written once, then kept exactly as shown."""

from mieone.blocks import access, identity
from mieone.blocks.access import Caption, CaptionKind
from mieone.blocks.consent import store
from mieone.blocks.consent.model import Notice, Purpose
from mieone.blocks.consent.problems import DatasetUnknown
from mieone.blocks.consent.rules.wording import digest_of, write_notice
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.ids import uuid7
from mieone.core.ports import ConsentDetail, Dataset
from mieone.core.region import Names
from mieone.web.catalogue import Catalogue

from .purposes import load_purposes


def find_dataset(house: House, ref: str) -> Dataset:
    """A dataset some block of ours declares."""
    for block in house.blocks:
        for dataset in block.datasets:
            if dataset.ref == ref:
                return dataset
    raise DatasetUnknown(dataset=ref)


def get_purpose(house: House, purpose: str) -> Purpose:
    found = load_purposes(house.region).get(purpose)
    if found is None:
        raise DatasetUnknown(dataset=purpose)
    return found


async def get_asker(conn: Conn, service: str) -> Caption:
    """Who asks, as told by the block that knows services; else as its program was registered."""
    found = await access.find_caption(conn, CaptionKind.SERVICE, service)
    if found is not None:
        return found
    client = await identity.find_client(conn, service)
    called = client.name if client is not None else service
    name = Names(ja=called, kana=called, yasashii=called, en=called)
    return Caption(kind=CaptionKind.SERVICE, id=service, name=name, verified=False)


async def ensure_notice(
    conn: Conn, house: House, catalogue: Catalogue, service: str, detail: ConsentDetail
) -> Notice:
    """The version whose text is exactly what is shown now; written when it is new."""
    dataset = find_dataset(house, detail.dataset)
    purpose = get_purpose(house, detail.purpose)
    asker = await get_asker(conn, service)
    texts = write_notice(catalogue, asker, purpose, dataset, detail)
    key = (service, detail.dataset, detail.purpose)
    digest = digest_of(texts)
    await store.lock_notices(conn, *key)
    known = await store.find_notice(conn, *key, digest)
    notice = Notice(
        notice_id=known or uuid7(),
        service=service,
        dataset=detail.dataset,
        purpose=detail.purpose,
        version=await store.next_version(conn, *key),
        texts=texts,
    )
    if known is None:
        await store.record_notice(conn, notice, digest, house.clock.now())
    return notice
