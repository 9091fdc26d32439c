"""The card answers as the table says, locks where it must, and never signs unproved."""

from pathlib import Path

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from mieone.simulators import card
from mieone.simulators.card import TEXT_AID, TRIES, Chip, Contact, Pin, respond
from mieone.simulators.cards import (
    CardLost,
    HolderUnknown,
    read_file,
    select_application,
    select_file,
)
from tests.blocks.identity import given

PINS = {Pin.AUTH: "1234", Pin.SIGN: "ABC123", Pin.TEXT: "1234"}
SIGNATURE = b"s" * 256


def chip() -> Chip:
    attributes = card.four_attributes("見本 花子", "三重県", "19910517", "2")
    return card.make_chip(
        pins=PINS, auth=(b"A" * 700, b"B"), sign=(b"C" * 300, b"D"), text=attributes
    )


def never(pin: Pin, digest: bytes) -> bytes:
    raise AssertionError("signed without proof")


def always(pin: Pin, digest: bytes) -> bytes:
    return SIGNATURE


def talk(start: Chip, *commands: bytes, signer: card.Signer = always) -> tuple[Chip, list[bytes]]:
    contact, responses = Contact(), []
    for command in commands:
        reply = respond(start, contact, command, signer)
        start, contact = reply.chip, reply.contact
        responses.append(reply.response)
    return start, responses


def ends(responses: list[bytes]) -> list[str]:
    return [response[-2:].hex() for response in responses]


JPKI = select_application()
TEXT = bytes([0x00, 0xA4, 0x04, 0x0C, len(TEXT_AID)]) + TEXT_AID
QUERY = bytes.fromhex("00200080")


def test_the_right_pin_signs_a_digest() -> None:
    _, responses = talk(
        chip(), JPKI, select_file(0x18), given.verify("1234"), select_file(0x17), given.sign(b"x")
    )

    assert ends(responses) == ["9000"] * 5
    assert responses[-1][:-2] == SIGNATURE


def test_nothing_is_signed_without_the_pin() -> None:
    _, responses = talk(chip(), JPKI, select_file(0x17), given.sign(b"x"), signer=never)

    assert ends(responses)[-1] == "6982"


@pytest.mark.parametrize(("file", "pin"), [(0x18, Pin.AUTH), (0x1B, Pin.SIGN)])
def test_a_pin_locks_after_its_tries_and_the_right_one_comes_too_late(file: int, pin: Pin) -> None:
    wrong = [given.verify("0000")] * TRIES[pin]

    locked, responses = talk(chip(), JPKI, select_file(file), *wrong, given.verify(PINS[pin]))

    left = [f"63c{TRIES[pin] - count}" for count in range(1, TRIES[pin] + 1)]
    assert ends(responses)[2:] == [*left, "6984"]
    assert locked.tries_left[pin] == 0


def test_asking_how_many_tries_are_left_costs_none() -> None:
    after, responses = talk(chip(), JPKI, select_file(0x18), QUERY, QUERY, QUERY)

    assert ends(responses)[2:] == ["63c3"] * 3
    assert after.tries_left[Pin.AUTH] == 3


def test_the_right_pin_gives_all_tries_back() -> None:
    after, _ = talk(chip(), JPKI, select_file(0x18), given.verify("0000"), given.verify("1234"))

    assert after.tries_left[Pin.AUTH] == 3


def test_selecting_the_application_again_forgets_the_pin() -> None:
    _, responses = talk(
        chip(),
        JPKI,
        select_file(0x18),
        given.verify("1234"),
        JPKI,
        select_file(0x17),
        given.sign(b"x"),
        signer=never,
    )

    assert ends(responses)[-1] == "6982"


def test_a_wrong_pin_after_the_right_one_takes_the_proof_away() -> None:
    _, responses = talk(
        chip(),
        JPKI,
        select_file(0x18),
        given.verify("1234"),
        given.verify("9999"),
        select_file(0x17),
        given.sign(b"x"),
        signer=never,
    )

    assert ends(responses)[-1] == "6982"


def test_the_pin_for_signing_in_does_not_open_the_sign_certificate() -> None:
    _, responses = talk(
        chip(), JPKI, select_file(0x18), given.verify("1234"), select_file(0x01), b"\0\xb0\0\0\0"
    )

    assert ends(responses)[-1] == "6982"


def test_the_auth_certificate_is_read_in_parts() -> None:
    reads = [bytes([0, 0xB0, offset >> 8, offset & 255, 0]) for offset in range(0, 768, 256)]

    _, responses = talk(chip(), JPKI, select_file(0x0A), *reads)

    assert read_file(responses[2:]) == b"A" * 700


def test_the_pin_changes_only_after_it_was_proved() -> None:
    new = bytes.fromhex("0024018004") + b"4321"

    refused, _ = talk(chip(), JPKI, select_file(0x18), new)
    changed, responses = talk(chip(), JPKI, select_file(0x18), given.verify("1234"), new)

    assert refused.pins[Pin.AUTH] == "1234"
    assert changed.pins[Pin.AUTH] == "4321"
    assert ends(responses)[-1] == "9000"


@pytest.mark.parametrize(
    ("commands", "answer"),
    [
        ((select_file(0x18),), "6986"),
        ((JPKI, select_file(0x99)), "6a82"),
        ((JPKI, QUERY), "6986"),
        ((JPKI, bytes.fromhex("00A40000020018")), "6a86"),
        ((JPKI, bytes.fromhex("00FF0000")), "6d00"),
        ((b"\0\xa4",), "6700"),
        ((JPKI, select_file(0x0A), b"\0\xb0\x7f\xff\0"), "6b00"),
        ((TEXT, select_file(0x01)), "6a82"),
    ],
)
def test_what_is_not_there_is_said_in_the_card_s_words(
    commands: tuple[bytes, ...], answer: str
) -> None:
    assert ends(talk(chip(), *commands)[1])[-1] == answer


def test_the_four_attributes_need_their_own_pin_and_hold_no_number() -> None:
    _, without = talk(chip(), TEXT, select_file(0x02), b"\0\xb0\0\0\0")
    _, with_pin = talk(
        chip(), TEXT, select_file(0x11), given.verify("1234"), select_file(0x02), b"\0\xb0\0\0\0"
    )

    assert ends(without)[-1] == "6982"
    assert "見本 花子".encode() in with_pin[-1]


pins = st.sampled_from(["1234", "0000", "ABC123", ""]).map(given.verify)
files = st.sampled_from([0x01, 0x02, 0x06, 0x0A, 0x11, 0x17, 0x18, 0x1A, 0x1B, 0x99]).map(
    select_file
)
likely = st.one_of(
    st.sampled_from([JPKI, TEXT, QUERY, given.sign(b"x"), b"\0\xb0\0\0\0"]), pins, files
)
commands = st.lists(st.one_of(likely, st.binary(max_size=24)), max_size=30)


@for_all(sequence=commands)
@settings(max_examples=400, deadline=None)
def test_no_sequence_crashes_it_or_makes_it_sign_unproved(sequence: list[bytes]) -> None:
    card_now, contact = chip(), Contact()
    proved: set[Pin] = set()
    signed: list[Pin] = []
    for command in sequence:
        reply = respond(card_now, contact, command, lambda pin, _: signed.append(pin) or SIGNATURE)  # type: ignore[func-returns-value]
        is_verify = command[:4] == QUERY and len(command) > 4
        selected = card.PIN_FILES.get((contact.application, contact.file or 0))
        if command[:4] == bytes.fromhex("00A4040C") and reply.response == card.OK:
            proved.clear()
        if is_verify and selected and reply.response == card.OK:
            proved.add(selected)
        if is_verify and selected and reply.response[:1] == b"\x63":
            proved.discard(selected)
        assert len(reply.response) >= 2
        assert set(signed) <= proved or not signed
        signed.clear()
        assert all(0 <= reply.chip.tries_left[pin] <= TRIES[pin] for pin in TRIES)
        card_now, contact = reply.chip, reply.contact


def test_a_lock_survives_the_reader_and_the_counter_opens_it(tmp_path: Path) -> None:
    cards = given.office(tmp_path)
    touch = [JPKI, select_file(0x18), given.verify("0000")]
    for _ in range(3):
        cards.exchange("T-0001", touch)

    locked = cards.exchange("T-0001", [JPKI, select_file(0x18), given.verify("1234")])
    cards.reset_pin("T-0001")
    opened = cards.exchange("T-0001", [JPKI, select_file(0x18), given.verify("1234")])

    assert ends(locked)[-1] == "6984"
    assert ends(opened)[-1] == "9000"


def test_a_lost_card_and_a_card_nobody_issued_do_nothing(tmp_path: Path) -> None:
    cards = given.office(tmp_path)
    cards.lose("T-0001")

    with pytest.raises(CardLost):
        cards.exchange("T-0001", [JPKI])
    with pytest.raises(HolderUnknown):
        cards.exchange("T-9999", [JPKI])


def test_a_child_s_card_has_no_sign_certificate(tmp_path: Path) -> None:
    child = given.holder("T-0002", born_on=given.date(2020, 1, 1))
    cards = given.office(tmp_path, child)

    responses = cards.exchange("T-0002", [JPKI, select_file(0x1B), select_file(0x01)])

    assert ends(responses) == ["9000", "6a82", "6a82"]
