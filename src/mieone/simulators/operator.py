"""The simulated platform operator (署名検証者): asks the simulated authority for its answer."""

import asyncio

from cryptography import x509

from mieone.blocks.identity import PlatformAnswer, RawAttributes, RevocationUnavailable
from mieone.core.clock import Clock
from mieone.simulators import authority
from mieone.simulators.authority import Usage
from mieone.simulators.cards import CardOffice


class SimulatedOperator:
    """Satisfies identity's `PlatformOperator`."""

    name = "simulated-operator"

    def __init__(self, office: CardOffice, clock: Clock) -> None:
        self._office = office
        self._clock = clock

    async def ask(self, certificate: bytes, nonce: bytes) -> PlatformAnswer:
        return await asyncio.to_thread(self._answer, certificate, nonce)

    def _answer(self, certificate: bytes, nonce: bytes) -> PlatformAnswer:
        serial = x509.load_der_x509_certificate(certificate).serial_number
        issued = self._office.find_issued(Usage.AUTH, serial)
        if issued is None or issued.der != certificate:
            # A real responder says nothing about a certificate it never issued.
            raise RevocationUnavailable
        holder = self._office.holder(issued.holder_id)
        root = self._office.root(Usage.AUTH)
        ocsp = authority.answer_ocsp(root, certificate, issued.revoked, nonce, self._clock.now())
        return PlatformAnswer(
            ocsp=ocsp,
            stable_user_id=self._office.stable_id(holder.id),
            attributes=RawAttributes(
                name=holder.name,
                address=holder.address,
                birth=authority.birth_of(holder.born_on),
                sex=holder.sex,
                name_flags=holder.name_flags,
                address_flags=holder.address_flags,
            ),
        )
