"""What the register's names are called in people's own records."""

from mieone.blocks import access
from mieone.blocks.access import Caption, CaptionKind, OrganisationGroup
from mieone.core.house import House
from mieone.core.region import Names
from mieone.web import Language
from mieone.web.catalogue import CATALOGUES, read_texts

from . import lookups, matching, uploads

PURPOSES = (matching.PURPOSE, lookups.PURPOSE, uploads.PURPOSE)


async def record_captions(house: House) -> None:
    """At every start: the catalogues may have changed."""
    texts = {language: read_texts(CATALOGUES / language / "registry.yaml") for language in Language}

    def names(message: str) -> Names:
        message_id = f"registry.captions.{message}"
        return Names(
            ja=texts[Language.JA][message_id],
            kana="",
            yasashii=texts[Language.YASASHII][message_id],
            en=texts[Language.EN][message_id],
        )

    captions = [
        Caption(
            kind=CaptionKind.SERVICE,
            id=matching.SERVICE,
            name=names("service"),
            detail=names("behind"),
            group=OrganisationGroup.TOWN,
        ),
        *(
            Caption(kind=CaptionKind.PURPOSE, id=one, name=names(f"purposes.{one}"))
            for one in PURPOSES
        ),
    ]
    async with house.database.transaction() as conn:
        await access.record_captions(conn, captions)
