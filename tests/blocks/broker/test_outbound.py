"""What leaves us: no door inside a house, no header that others have written into it."""

import msgspec
import pytest

from mieone.blocks.broker.actions.federation.asking import Fault, SourceFailedError, warning_of
from mieone.blocks.broker.actions.outbound import TargetRefused, check_literal, check_target
from mieone.blocks.broker.model import Registration
from mieone.blocks.broker.problems import BadRequestData
from mieone.core.house import House
from mieone.core.settings import Profile

INSIDE = (
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://[::1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://１２７.0.0.1/",
    "http://127。0。0。1/",
    "http://10.1.2.3:8443/",
    "http://100.64.0.1/",
    "mqtt://192.168.0.1/topic",
)


@pytest.fixture
def production(broker_house: House) -> House:
    broker_house.settings = msgspec.structs.replace(
        broker_house.settings, profile=Profile.PRODUCTION
    )
    return broker_house


@pytest.mark.parametrize("url", INSIDE)
async def test_in_production_no_spelling_of_an_address_inside_is_called(
    production: House, url: str
) -> None:
    with pytest.raises(BadRequestData):
        await check_target(production, url)
    with pytest.raises(TargetRefused):
        check_literal(production, url)


@pytest.mark.parametrize("url", ["http://169.254.169.254/", "http://[fe80::1]/", "http://0.0.0.0/"])
def test_no_profile_calls_where_a_machine_tells_its_secrets(broker_house: House, url: str) -> None:
    with pytest.raises(TargetRefused):
        check_literal(broker_house, url)


def test_the_alias_of_a_source_ends_no_header() -> None:
    registration = Registration(
        id="urn:x:r", information=(), endpoint="http://x.example/", alias="津市\r\nSet-Cookie: a=b"
    )

    warning = warning_of(registration, SourceFailedError(Fault.NO_ANSWER, 'no "answer"'))

    assert warning.isascii()
    assert warning.isprintable()
    assert warning.startswith("199 %E6%B4%A5")
