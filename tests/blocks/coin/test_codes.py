"""Codes: the published vectors, our own shape, and that one wrong character is always noticed."""

import string
from datetime import date, datetime

import pytest
import rfc8785
from hypothesis import given as for_all
from hypothesis import strategies as st

from mieone.blocks.coin.model import ExpiryKind, ExpiryRule, LegalClass
from mieone.blocks.coin.rules import codes, expiry, qr
from mieone.blocks.coin.rules.digest import canonical
from mieone.core.clock import JST

GUID = "example.mieone.coin"
G2 = (
    "0002016003xxx01021129300012D156000000000510A93FO3230Q31280012D1560000000103081234567826680019"
    "jp.or.paymentsjapan01130000000000001020400010306000001040600000153033925903xxx64180002JA0108"
    "メルペイ カフェ520441115802JP610710661436304DEE9"
)
G3 = (
    "00020101021229300012D156000000000510A93FO3230Q31280012D15600000001030812345678520441115802CN"
    "5914BEST TRANSPORT6007BEIJING64200002ZH0104最佳运输0202北京540523.7253031565502016233030412340603"
    "***0708A60086670902ME91320016A0112233449988770708123456786304A13A"
)
SHOP = qr.ShopCode(
    shop_code="1234567", name="見本 パン店", name_latin="MIHON BAKERY", city_latin="SAMPLE"
)
BILL = qr.ShopCode(
    shop_code="1234567",
    name="見本 パン店",
    name_latin="MIHON BAKERY",
    city_latin="SAMPLE",
    postal_code="5150000",
    amount_yen=1200,
    bill="AB23CD",
)
VISIBLE = st.sampled_from(string.ascii_letters + string.digits + " .-パ店")


def test_the_checksum_is_the_published_one() -> None:
    assert qr.crc16(b"123456789") == "29B1"


def test_a_real_jpqr_text_is_read_in_any_order() -> None:
    objects = qr.read_payload(G2)

    found = dict(objects)
    assert (found["60"], found["53"], found["61"]) == ("xxx", "392", "1066143")
    assert qr.find_template(objects, "jp.or.paymentsjapan") == (
        ("01", "0000000000001"),
        ("02", "0001"),
        ("03", "000001"),
        ("04", "000001"),
    )
    assert dict(qr.read_objects(found["64"])) == {"00": "JA", "01": "メルペイ カフェ"}
    assert qr.seal_payload(objects) == G2


def test_a_foreign_code_is_read_and_not_paid() -> None:
    assert qr.seal_payload(qr.read_payload(G3)) == G3
    with pytest.raises(qr.QrInvalid) as refused:
        qr.read_code(G3, GUID)
    assert refused.value.fault is qr.QrFault.NOT_YEN


def test_a_code_of_another_network_is_said_to_be_one() -> None:
    with pytest.raises(qr.QrInvalid) as refused:
        qr.read_code(G2, GUID)
    assert refused.value.fault is qr.QrFault.OTHER_SYSTEM


@pytest.mark.parametrize("code", [SHOP, BILL])
def test_what_we_write_we_read(code: qr.ShopCode) -> None:
    text = qr.write_code(code, GUID)

    assert qr.read_code(text, GUID) == code
    assert text.startswith("000201010212" if code.amount_yen else "000201010211")


@for_all(where=st.integers(0, 400), sign=VISIBLE)
def test_one_wrong_character_is_never_paid(where: int, sign: str) -> None:
    text = qr.write_code(BILL, GUID)
    at = where % len(text)
    if text[at] == sign:
        return
    with pytest.raises(qr.QrInvalid):
        qr.read_code(text[:at] + sign + text[at + 1 :], GUID)


@for_all(text=st.text(max_size=80))
def test_no_text_breaks_the_reader(text: str) -> None:
    for candidate in (text, "000201" + text, qr.write_code(SHOP, GUID)[:-8] + text):
        with pytest.raises(qr.QrInvalid):
            qr.read_code(candidate, GUID)


@for_all(digits=st.text(string.digits, min_size=1, max_size=9), data=st.data())
def test_a_mistyped_shop_code_is_noticed(digits: str, data: st.DataObject) -> None:
    code = codes.with_check_digit(digits)
    at = data.draw(st.integers(0, len(code) - 1))
    wrong = data.draw(st.sampled_from(string.digits).filter(lambda digit: digit != code[at]))

    assert codes.is_typed_right(code)
    assert not codes.is_typed_right(code[:at] + wrong + code[at + 1 :])
    if at and code[at - 1] != code[at]:
        assert not codes.is_typed_right(code[: at - 1] + code[at] + code[at - 1] + code[at + 1 :])


@for_all(token=st.binary(min_size=16, max_size=16), data=st.data())
def test_a_payers_code_is_read_whole_or_not_at_all(token: bytes, data: st.DataObject) -> None:
    text = codes.write_payer_code(token)
    at = data.draw(st.integers(0, len(text) - 1))
    wrong = data.draw(st.sampled_from(string.ascii_uppercase + string.digits))

    assert codes.read_payer_code(text) == token
    if wrong != text[at]:
        assert codes.read_payer_code(text[:at] + wrong + text[at + 1 :]) is None
    assert not text[0].isdigit()


@pytest.mark.parametrize(
    ("recorded", "last"),
    [
        (date(2026, 10, 1), date(2027, 3, 31)),
        (date(2026, 8, 31), date(2027, 2, 27)),
        (date(2027, 8, 29), date(2028, 2, 28)),
        (date(2027, 8, 31), date(2028, 2, 28)),
    ],
)
def test_the_six_month_rule_counts_from_recording(recorded: date, last: date) -> None:
    assert expiry.last_day_within_six_months(recorded) == last
    at = datetime(recorded.year, recorded.month, recorded.day, 23, 59, tzinfo=JST)
    ends = expiry.exclusive_instant(last)
    assert expiry.decide_expiry(ExpiryRule(kind=ExpiryKind.SIX_MONTHS), at) == ends
    assert expiry.keeps_exemption(LegalClass.EXEMPT_6M, at, ends)
    assert not expiry.keeps_exemption(
        LegalClass.EXEMPT_6M, at, expiry.exclusive_instant(date.fromordinal(last.toordinal() + 1))
    )


def test_a_last_day_ends_with_the_next_midnight_in_japan() -> None:
    ends = expiry.exclusive_instant(date(2027, 3, 31))

    assert ends.isoformat() == "2027-04-01T00:00:00+09:00"
    assert expiry.last_day_of(ends) == date(2027, 3, 31)


@for_all(
    body=st.lists(st.lists(st.lists(st.text() | st.none(), max_size=4), max_size=3), max_size=3)
)
def test_the_digest_is_taken_over_canonical_json(body: list[list[list[str | None]]]) -> None:
    assert canonical(body) == rfc8785.dumps(body)
