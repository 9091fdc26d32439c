"""One exchange with one source. What it answers is nobody's word but its own: bounded, and checked."""

import asyncio
import time
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import aiohttp
import msgspec
from yarl import URL

from mieone.blocks.broker.actions.outbound import TargetRefused, check_literal
from mieone.blocks.broker.actions.quotas import outside
from mieone.blocks.broker.model import JsonValue, Registration, Terms
from mieone.blocks.broker.problems import BrokerProblem
from mieone.blocks.broker.rules.headers import MalformedHeaderError, list_context_urls
from mieone.blocks.broker.rules.json_reading import read_json
from mieone.blocks.broker.rules.registrations.requests import SourceRequest

from .counting import ExchangeCounter
from .dressing import dress, find_header, headers_of

if TYPE_CHECKING:
    from mieone.blocks.broker.actions.parts import Broker
    from mieone.blocks.broker.actions.sources import Journey

TIMEOUT_S: Final = 5.5
LONGEST_TIMEOUT_S: Final = 30.0
LARGEST_ANSWER: Final = 16 * 1024 * 1024


class Fault(Enum):
    """What went wrong with a source, each with its code of NGSILD-Warning (table 6.3.17-1)."""

    NO_ANSWER = "no answer", 199
    MISCELLANEOUS = "something else", 199
    UNREADABLE = "an answer that cannot be read", 111
    LASTING = "a refusal, or a part that was cut", 299

    @property
    def code(self) -> int:
        return self.value[1]


_IN_AN_AGENT: Final = "!#$%&'()*+,/:;=?@[]"


class SourceFailedError(Exception):
    """The source has not answered, or not so that it can be read."""

    def __init__(self, fault: Fault, text: str, *, is_refusal: bool = False) -> None:
        self.fault = fault
        self.text = text
        self.is_refusal = is_refusal
        """It was there, and did not want to answer this: another wording may help."""
        super().__init__(text)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def is_well(self) -> bool:
        return 200 <= self.status < 300

    def read(self) -> JsonValue:
        """Raises SourceFailedError."""
        try:
            return read_json(self.body)
        except BrokerProblem as problem:
            raise SourceFailedError(Fault.UNREADABLE, problem.reason) from None


class SourceClient:
    def __init__(self, broker: "Broker") -> None:
        self._broker = broker
        self._rests_until_s: dict[str, float] = {}
        self._counter = ExchangeCounter(broker.house)

    async def close(self) -> None:
        await self._counter.close()

    async def terms_for(self, registration: Registration, journey: "Journey") -> Terms:
        """The context the source is spoken to with. Raises SourceFailedError."""
        named = find_header(registration, "jsonldcontext")
        if named is None:
            return journey.terms
        try:
            return await self._broker.contexts.terms([named])
        except BrokerProblem as problem:
            raise SourceFailedError(Fault.MISCELLANEOUS, problem.reason) from None

    async def terms_of(self, answer: Answer, document: JsonValue, asked_with: Terms) -> Terms:
        """The context an answer is written with. Raises SourceFailedError."""
        context: JsonValue = None
        if isinstance(document, dict) and "@context" in document:
            context = document["@context"]
        elif "Link" in answer.headers:
            try:
                urls = list_context_urls(answer.headers["Link"])
            except MalformedHeaderError:
                urls = ()
            if urls and urls[0] != asked_with.link:
                context = list(urls)
        if context is None:
            return asked_with
        try:
            return await self._broker.contexts.terms(context)
        except BrokerProblem as problem:
            raise SourceFailedError(Fault.UNREADABLE, problem.reason) from None

    async def send(
        self, tenant: str, registration: Registration, request: SourceRequest, journey: "Journey"
    ) -> Answer:
        """Raises SourceFailedError."""
        if self._rests_until_s.get(registration.endpoint, 0.0) > time.monotonic():
            raise SourceFailedError(Fault.NO_ANSWER, "left alone for a while after a failure")
        try:
            answer = await self._exchange(tenant, registration, request, journey)
        except SourceFailedError as failure:
            self._note_failure(tenant, registration, failure)
            raise
        self._counter.note(tenant, registration.id, has_failed=answer.status >= 500)
        return answer

    async def _exchange(
        self, tenant: str, registration: Registration, request: SourceRequest, journey: "Journey"
    ) -> Answer:
        request = dress(registration, request, journey)
        headers = headers_of(self._broker.house, tenant, registration, request, journey)
        target = request.target
        if registration.management is not None and registration.management.is_local_only:
            target += ("&" if "?" in target else "?") + "local=true"
        url = registration.endpoint.rstrip("/") + target
        try:
            check_literal(self._broker.house, url)
            async with outside(), asyncio.timeout(_timeout_s(registration)):
                return await self._read(request, headers, url)
        except TimeoutError:
            raise SourceFailedError(Fault.NO_ANSWER, "no answer in time") from None
        except TargetRefused as error:
            raise SourceFailedError(Fault.MISCELLANEOUS, str(error)) from None
        except BrokerProblem as problem:
            raise SourceFailedError(Fault.MISCELLANEOUS, problem.reason) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            hung_up = isinstance(error, aiohttp.ServerDisconnectedError)
            raise SourceFailedError(
                Fault.NO_ANSWER, type(error).__name__, is_refusal=hung_up
            ) from None

    async def _read(self, request: SourceRequest, headers: Mapping[str, str], url: str) -> Answer:
        body = None if request.body is None else msgspec.json.encode(request.body)
        async with self._broker.http.request(
            request.method,
            # Encoded by us: what we print is what goes out.
            URL(url, encoded=True),
            data=body,
            headers=headers,
            allow_redirects=False,
        ) as response:
            content = await response.content.read(LARGEST_ANSWER + 1)
            while not response.content.at_eof() and len(content) <= LARGEST_ANSWER:
                content += await response.content.read(LARGEST_ANSWER + 1 - len(content))
            if len(content) > LARGEST_ANSWER:
                raise SourceFailedError(Fault.UNREADABLE, "the answer is too large")
            links = ", ".join(response.headers.getall("Link", []))
            told = {name.title(): text for name, text in response.headers.items()}
            if links:
                told["Link"] = links
            return Answer(status=response.status, body=content, headers=told)

    def _note_failure(
        self, tenant: str, registration: Registration, failure: SourceFailedError
    ) -> None:
        self._counter.note(tenant, registration.id, has_failed=True)
        management = registration.management
        if failure.fault is Fault.NO_ANSWER and management is not None and management.cooldown_ms:
            until_s = time.monotonic() + management.cooldown_ms / 1000
            self._rests_until_s[registration.endpoint] = until_s


def warning_of(registration: Registration, failure: SourceFailedError) -> str:
    """A value of NGSILD-Warning: code, agent, text."""
    text = "".join(mark for mark in failure.text if 32 <= ord(mark) < 127 and mark not in '"\\')
    # Others have named it: a header takes printable ASCII, an agent no space.
    agent = quote(registration.alias or registration.id, safe=_IN_AN_AGENT)
    return f'{failure.fault.code} {agent[:200]} "{text[:200]}"'


def _timeout_s(registration: Registration) -> float:
    management = registration.management
    if management is None or management.timeout_ms is None:
        return TIMEOUT_S
    return min(management.timeout_ms / 1000, LONGEST_TIMEOUT_S)
