"""Opt-in as people meet it: the sheet, the answer, the spouse, the receipt, the way out."""

import re
from collections.abc import AsyncIterator
from datetime import date, timedelta
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
from joserfc import jws
from joserfc.jwk import KeySet

from mieone.blocks import consent, identity
from mieone.blocks.consent import ConsentState
from mieone.blocks.consent.actions.verifying import verify_states, verify_texts
from mieone.blocks.consent.jobs import end_with_person
from mieone.blocks.exchange import Refused
from mieone.blocks.identity.actions.persons import make_person
from mieone.core.clock import FixedClock
from mieone.core.database import PooledDatabase
from mieone.core.keys import KeyRing
from mieone.core.outbox import Event
from mieone.core.ports import ConsentDetail, ConsentRequested, ConsentSettled
from mieone.core.region import Region
from mieone.core.roles import Connections
from mieone.core.settings import Settings
from mieone.web import Catalogue
from tests.conftest import connected

from . import given, site
from .given import ITEMS, Member, World
from .site import Letterbox, Visitor

DETAIL = ConsentDetail(dataset=given.DATASET, items=ITEMS, purpose=given.PURPOSE)


class Family(msgspec.Struct):
    world: World
    mother: Member
    spouse: Member
    child: Member
    letters: Letterbox
    client: httpx.AsyncClient

    def visitor(self, who: Member, language: str = "ja") -> Visitor:
        return Visitor(
            self.client, {"x-person": str(who.person_id), "cookie": f"mieone_language={language}"}
        )


@pytest.fixture
async def family(
    database: PooledDatabase,
    settings: Settings,
    clock: FixedClock,
    keyring: KeyRing,
    region: Region,
) -> AsyncIterator[Family]:
    async with database.transaction() as conn:
        ids = [await make_person(conn, keyring, clock.now()) for _ in range(2)]
    mother, spouse = (
        msgspec.structs.replace(given.member(name), person_id=UUID(str(person_id)))
        for name, person_id in zip(("見本花子", "見本太郎"), ids, strict=True)
    )
    child = given.member("見本そら", has_id=False, is_child=True)
    world = await given.world(
        settings=settings,
        clock=clock,
        keyring=keyring,
        region=region,
        database=database,
        households=[[mother, spouse, child]],
        people=given.RealPeople(),
    )
    letters = Letterbox()
    world.house.notify = letters
    async with site.opened(world.house) as client:
        yield Family(world, mother, spouse, child, letters, client)


async def ask(family: Family, who: Member, decided: UUID | None = None) -> object:
    gate = consent.Gate(family.world.house)
    assert who.person_id is not None
    async with family.world.database.transaction() as conn:
        return await gate.request(
            conn, who.person_id, given.SERVICE, [DETAIL], "/enter/abc", decided
        )


async def asked_path(family: Family, who: Member) -> str:
    answer = await ask(family, who)
    assert isinstance(answer, ConsentRequested)
    return answer.url.removeprefix("http://localhost:8000")


def notices_of(text: str) -> list[str]:
    return re.findall(r'name="notice" value="([^"]+)"', text)


async def agree(
    family: Family, who: Member, path: str, items: tuple[str, ...] = ITEMS
) -> httpx.Response:
    visitor = family.visitor(who)
    page = await visitor.get(path)
    form = {"answer": "agree", "notice": notices_of(page.text), "items-0": list(items)}
    return await visitor.post(path, form)


@pytest.mark.parametrize("language", ["ja", "ja-x-yasashii", "en"])
async def test_the_sheet_says_who_what_why_until_and_who_else(
    family: Family, language: str
) -> None:
    path = await asked_path(family, family.mother)

    page = await family.visitor(family.mother, language).get(path)

    assert page.status_code == 200, page.text
    for shown in ("見本花子", "見本町大字見本花子", "見本そら", "見本太郎", "2027"):
        assert shown in page.text
    assert "1990" in page.text
    assert page.text.count('class="choice__box"') == len(ITEMS)


async def test_a_stranger_cannot_open_somebody_elses_sheet(family: Family) -> None:
    path = await asked_path(family, family.mother)

    page = await family.visitor(family.spouse).get(path)

    assert page.status_code == 404


async def test_agreeing_opens_the_door_for_what_was_ticked_and_for_nothing_else(
    family: Family,
) -> None:
    path = await asked_path(family, family.mother)
    answer = await agree(family, family.mother, path, ("name", "address"))
    done = await family.visitor(family.mother).get(answer.headers["location"])

    disclosure = await family.world.door(given.request(family.mother))

    assert answer.status_code == 303
    assert "/enter/abc?consent_request=" in done.text
    assert [dict(one.items) for one in disclosure.records] == [
        {"name": "見本花子", "address": "見本町大字見本花子"},
        {"name": "見本そら", "address": "見本町大字見本そら"},
    ]


async def test_the_sign_in_learns_what_was_granted_and_asks_no_second_time(
    family: Family,
) -> None:
    path = await asked_path(family, family.mother)
    await agree(family, family.mother, path, ("name",))

    back = await ask(family, family.mother, UUID(path.rsplit("/", 1)[1]))
    next_time = await ask(family, family.mother)

    assert isinstance(back, ConsentSettled)
    assert back.granted == (
        ConsentDetail(
            dataset=given.DATASET,
            items=("name",),
            purpose=given.PURPOSE,
            until=date(2027, 11, 22),
        ),
    )
    assert next_time == back


async def test_refusing_gives_nothing_and_settles_the_question(family: Family) -> None:
    path = await asked_path(family, family.mother)
    visitor = family.visitor(family.mother)
    page = await visitor.get(path)
    await visitor.post(path, {"answer": "refuse", "notice": notices_of(page.text)})

    settled = await ask(family, family.mother, UUID(path.rsplit("/", 1)[1]))

    assert settled == ConsentSettled(granted=())
    assert family.letters.notes == []
    with pytest.raises(Refused):
        await family.world.door(given.request(family.mother))


async def test_agreeing_to_nothing_is_asked_again_beside_the_field(family: Family) -> None:
    path = await asked_path(family, family.mother)
    visitor = family.visitor(family.mother)
    page = await visitor.get(path)

    again = await visitor.post(path, {"answer": "agree", "notice": notices_of(page.text)})

    assert again.status_code == 422
    assert "error-summary" in again.text


async def test_what_is_agreed_to_is_what_was_shown_to_the_letter(family: Family) -> None:
    path = await asked_path(family, family.mother)
    visitor = family.visitor(family.mother)

    other = {"answer": "agree", "notice": [str(uuid4())], "items-0": ["name"]}
    answer = await visitor.post(path, other)

    assert answer.status_code == 409


async def test_the_spouse_is_asked_for_their_own_row_once(family: Family) -> None:
    await agree(family, family.mother, await asked_path(family, family.mother))
    (letter,) = family.letters.notes
    assert letter.person_id == family.spouse.person_id
    assert letter.link is not None
    page = await family.visitor(family.spouse).get(letter.link)
    await agree(family, family.spouse, letter.link)

    disclosure = await family.world.door(given.request(family.mother))

    assert "見本太郎" in page.text
    assert given.names_in(disclosure) == ["見本花子", "見本太郎", "見本そら"]
    assert len(family.letters.notes) == 1


async def test_nobody_protected_is_named_or_asked(family: Family) -> None:
    async with family.world.database.transaction() as conn:
        await identity.set_protection(
            conn, family.spouse.subject_id, family.world.clock.now(), None
        )
    path = await asked_path(family, family.mother)

    page = await family.visitor(family.mother).get(path)
    await agree(family, family.mother, path)

    assert "見本太郎" not in page.text
    assert family.letters.notes == []


async def test_one_press_withdraws_and_the_next_request_is_refused(family: Family) -> None:
    await agree(family, family.mother, await asked_path(family, family.mother))
    visitor = family.visitor(family.mother)
    listed = await visitor.get("/my/consents")
    (record,) = set(re.findall(r"/my/consents/([0-9a-f-]{36})", listed.text))

    one = await visitor.get(f"/my/consents/{record}")
    gone = await visitor.post(f"/my/consents/{record}/withdraw", {})
    after = await visitor.get(gone.headers["location"])

    assert "もりのこども園" in one.text
    assert "/withdraw" in one.text
    assert "/withdraw" not in after.text
    with pytest.raises(Refused):
        await family.world.door(given.request(family.mother))


async def test_a_receipt_can_be_checked_offline_and_names_nobody(family: Family) -> None:
    await agree(family, family.mother, await asked_path(family, family.mother))
    visitor = family.visitor(family.mother)
    listed = await visitor.get("/my/consents")
    (record,) = set(re.findall(r"/my/consents/([0-9a-f-]{36})", listed.text))
    page = await visitor.get(f"/my/consents/{record}")
    (entry,) = re.findall(r"/my/consents/receipts/([0-9a-f-]{36})", page.text)

    receipt = await visitor.get(f"/my/consents/receipts/{entry}")
    keys = await family.client.get("/api/consent/v1/jwks")
    stranger = await family.visitor(family.spouse).get(f"/my/consents/receipts/{entry}")

    checked = jws.deserialize_compact(receipt.text, KeySet.import_key_set(keys.json()), ["ES256"])
    claims = msgspec.json.decode(checked.payload)
    assert checked.headers()["typ"] == "consent-receipt+jwt"
    assert claims["event"]["event_state"] == ConsentState.GIVEN
    assert "もりのこども園" in claims["processing"]["privacy_notice"]["text"]
    for secret in (str(family.mother.person_id), "見本花子", record):
        assert secret not in checked.payload.decode()
    assert "d" not in keys.json()["keys"][0]
    assert stranger.status_code == 404


async def test_a_changed_text_is_a_new_version_and_never_extends_an_old_consent(
    family: Family,
) -> None:
    house = family.world.house
    await agree(family, family.mother, await asked_path(family, family.mother))
    async with family.world.database.transaction() as conn:
        catalogue = Catalogue.load()
        narrower = msgspec.structs.replace(DETAIL, items=("name",))
        notice = await consent.ensure_notice(conn, house, catalogue, given.SERVICE, narrower)
        same = await consent.ensure_notice(conn, house, catalogue, given.SERVICE, narrower)
        deadline = house.clock.now() + timedelta(days=30)
        asked = await consent.request_reconsent(conn, house, notice, deadline)
    assert (same.notice_id, asked) == (notice.notice_id, 1)

    under_the_old_text = await family.world.door(given.request(family.mother))
    family.world.clock.advance(timedelta(days=30))
    with pytest.raises(Refused):
        await family.world.door(given.request(family.mother))

    assert under_the_old_text.records
    async with family.world.database.transaction() as conn:
        from_job = await consent.end_due(conn, house)
        assert family.mother.person_id is not None
        (ended,) = await consent.list_of(conn, family.mother.person_id)
    assert (from_job, ended.state) == (1, ConsentState.EXPIRED)


async def test_a_consent_changed_by_hand_is_found_and_named(
    family: Family, connections: Connections
) -> None:
    await agree(family, family.mother, await asked_path(family, family.mother))
    house = family.world.house
    async with connected(connections.auditor_dsn) as auditor, auditor.transaction():
        assert await verify_states(house, auditor) == []
        assert await verify_texts(house, auditor) == []
    async with connected(connections.owner_dsn) as owner:
        changed = await owner.fetchval(
            "UPDATE consent.record SET items = '{name,sex}' RETURNING record_id"
        )

    async with connected(connections.auditor_dsn) as auditor, auditor.transaction():
        (finding,) = await verify_states(house, auditor)

    assert str(changed) in finding.where


async def test_leaving_ends_every_consent(family: Family) -> None:
    await agree(family, family.mother, await asked_path(family, family.mother))
    event = Event(
        name="identity.person_closed",
        key="k",
        payload={"person_id": str(family.mother.person_id)},
    )
    async with family.world.database.transaction() as conn:
        await end_with_person(family.world.house, conn, event)

    with pytest.raises(Refused):
        await family.world.door(given.request(family.mother))
