"""The simulated card at the browser: choose a card, type its PIN, and it signs what was asked."""

import asyncio
import hashlib
from base64 import b64encode
from enum import StrEnum
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect, Response

from mieone.core.problems import BadShape
from mieone.simulators.card import BLOCKED, DIGEST_INFO, OK
from mieone.simulators.cards import (
    CardLost,
    CardOffice,
    HolderUnknown,
    read_file,
    select_application,
    select_file,
)
from mieone.web import AnyRequest, Form, Page, read_form

Html = Response[str]
ACTION = "/simulator/card"
AUTH_PIN, AUTH_KEY, AUTH_CERTIFICATE = 0x0018, 0x0017, 0x000A


class Outcome(StrEnum):
    SIGNED = "signed"
    WRONG_PIN = "wrong_pin"
    LOCKED = "locked"
    LOST = "lost"
    UNKNOWN = "unknown"


class Touch(msgspec.Struct, frozen=True, kw_only=True):
    """What came of holding the card to the reader."""

    outcome: Outcome
    tries_left: int = 0
    certificate: str = ""
    signature: str = ""


def touch_card(office: CardOffice, card: str, pin: str, challenge: bytes) -> Touch:
    """The same commands an application would send to a real card."""
    digest = DIGEST_INFO + hashlib.sha256(challenge).digest()
    verify = bytes([0x00, 0x20, 0x00, 0x80, len(pin)]) + pin.encode("ascii")
    sign = bytes([0x80, 0x2A, 0x00, 0x80, len(digest)]) + digest + b"\0"
    reads = [bytes([0x00, 0xB0, offset >> 8, offset & 0xFF, 0]) for offset in range(0, 4096, 256)]
    commands = (
        select_application(),
        select_file(AUTH_PIN),
        verify,
        select_file(AUTH_KEY),
        sign,
        select_file(AUTH_CERTIFICATE),
        *reads,
    )
    try:
        responses = office.exchange(card, commands)
    except HolderUnknown:
        return Touch(outcome=Outcome.UNKNOWN)
    except CardLost:
        return Touch(outcome=Outcome.LOST)
    answer = responses[2]
    if answer == BLOCKED or answer == bytes.fromhex("63C0"):
        return Touch(outcome=Outcome.LOCKED)
    if answer != OK:
        return Touch(outcome=Outcome.WRONG_PIN, tries_left=answer[1] & 0x0F)
    return Touch(
        outcome=Outcome.SIGNED,
        certificate=b64encode(read_file(responses[6:])).decode(),
        signature=b64encode(responses[4][:-2]).decode(),
    )


@get(ACTION)
async def show_reader(
    page: NamedDependency[Page],
    office: NamedDependency[CardOffice],
    transaction: FromQuery[UUID],
    challenge: FromQuery[str],
) -> Html:
    _read_challenge(challenge)
    return _reader(page, office, str(transaction), challenge, Form())


def _reader(
    page: Page,
    office: CardOffice,
    transaction: str,
    challenge: str,
    form: Form,
    touch: Touch | None = None,
) -> Html:
    return page.render(
        "simulators/card.html",
        status_code=200 if touch is None and not form.has_errors else 422,
        holders=office.shown_holders(),
        transaction=transaction,
        challenge=challenge,
        form=form,
        touch=touch,
    )


def _read_challenge(text: str) -> bytes:
    """Raises BadShape."""
    try:
        challenge = bytes.fromhex(text)
    except ValueError as error:
        raise BadShape from error
    if not 0 < len(challenge) <= 1024:
        raise BadShape
    return challenge


@post(ACTION, status_code=200)
async def use_card(
    request: AnyRequest, page: NamedDependency[Page], office: NamedDependency[CardOffice]
) -> Html:
    form = await read_form(request)
    transaction, challenge = form.value("transaction"), form.value("challenge")
    is_listed = bool(form.value("card"))
    card = form.text("number", max_length=64, is_required=not is_listed) or form.value("card")
    pin = form.digits("pin", length=4)
    message = _read_challenge(challenge)
    if form.has_errors:
        return _reader(page, office, transaction, challenge, form)
    # Making a key for a card that was never used takes a moment.
    touch = await asyncio.to_thread(touch_card, office, card.strip(), pin, message)
    if touch.outcome is not Outcome.SIGNED:
        return _reader(page, office, transaction, challenge, form, touch)
    return page.render("simulators/card_signed.html", transaction=transaction, touch=touch)


@post(f"{ACTION}/reset", status_code=303)
async def reset_pin(request: AnyRequest, office: NamedDependency[CardOffice]) -> Redirect:
    """What the town's counter does for a locked card."""
    form = await read_form(request)
    await asyncio.to_thread(office.reset_pin, form.value("card"))
    return Redirect("/id", status_code=303)


PAGES = (show_reader, use_card, reset_pin)
