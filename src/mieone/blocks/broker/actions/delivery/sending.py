"""One notification on its way out, over HTTP or MQTT, within its time."""

import asyncio
from contextlib import AsyncExitStack
from types import TracebackType

import aiohttp
import aiomqtt
import msgspec

from mieone.blocks.broker.actions.outbound import GuardedResolver, TargetRefused, check_literal
from mieone.blocks.broker.model import Subscription
from mieone.blocks.broker.problems import BrokerProblem
from mieone.core.house import House

from .messages import Parcelled, is_mqtt
from .mqtt import MqttLinks
from .policy import Policy

MOST_ANSWER = 64 * 1024
"""Read of an answer, to use the connection again; a longer one closes it."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    reason: str | None = None
    """Why it failed, for an operator; None when it arrived."""
    code: int | None = None
    """Of HTTP."""


class Sender:
    def __init__(self, house: House, policy: Policy) -> None:
        self._house = house
        self._policy = policy
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> "Sender":
        connector = aiohttp.TCPConnector(
            limit=2 * self._policy.at_once,
            limit_per_host=0,
            resolver=GuardedResolver(self._house),
            keepalive_timeout=30,
        )
        self._http = await self._stack.enter_async_context(
            aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "mieone"},
            )
        )
        self._mqtt = await self._stack.enter_async_context(MqttLinks(self._house))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def send(self, subscription: Subscription, sent: Parcelled) -> Answer:
        timeout_ms = subscription.endpoint.timeout_ms
        timeout_s = self._policy.timeout_s if timeout_ms is None else timeout_ms / 1000
        timeout_s = min(timeout_s, self._policy.longest_timeout_s)
        try:
            check_literal(self._house, sent.url)
            if is_mqtt(sent.url):
                async with asyncio.timeout(timeout_s):
                    await self._mqtt.publish(sent)
                return Answer()
            return await self._post(sent, timeout_s)
        except TimeoutError:
            return Answer(reason=f"no answer within {timeout_s:g} s")
        except TargetRefused as error:
            return Answer(reason=_plain(str(error)))
        except BrokerProblem as problem:
            return Answer(reason=_plain(problem.reason))
        except aiohttp.ClientConnectionError as error:
            return Answer(reason=f"no connection: {type(error.__cause__ or error).__name__}")
        except aiohttp.ClientError as error:
            # Its text may name the whole address, with the words that open it.
            return Answer(reason=f"no HTTP: {type(error).__name__}")
        except (aiomqtt.MqttError, OSError, ValueError) as error:
            return Answer(reason=_plain(f"{type(error).__name__}: {error}"))

    async def _post(self, sent: Parcelled, timeout_s: float) -> Answer:
        async with self._http.request(
            sent.method,
            sent.url,
            data=sent.body,
            headers=sent.headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=timeout_s),
        ) as answer:
            status = answer.status
            read = await answer.content.read(MOST_ANSWER)
            if len(read) >= MOST_ANSWER or not answer.content.at_eof():
                # Whatever else it has to say, nobody waits for it.
                answer.close()
        if 200 <= status < 300:
            return Answer(code=status)
        return Answer(reason=f"answered {status}", code=status)


def _plain(text: str) -> str:
    """As it can be written down: a receiver chose some of it."""
    return "".join(mark if mark.isprintable() else "?" for mark in text[:200])
