"""Where contexts come from: embedded, hosted, cached, fetched from hosts that are allowed."""

from collections.abc import Sequence

import aiohttp

from mieone.blocks.broker.model import JsonValue, Terms
from mieone.core.house import House


class ContextLibrary:
    def __init__(self, house: House) -> None:
        self._house = house

    async def open(self, http: aiohttp.ClientSession) -> None:
        self._http = http

    @property
    def core(self) -> Terms:
        """The core context alone."""
        raise NotImplementedError

    async def terms(self, context: JsonValue | Sequence[str] | None) -> Terms:
        """Terms of an `@context` value or of the URLs of a Link header; None is the core.

        Raises BadRequestData for what is no context, LdContextNotAvailable when it cannot be had.
        Never called inside a transaction.
        """
        raise NotImplementedError
