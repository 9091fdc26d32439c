"""Failures that belong to normal business, as types; sentences for people live in the catalogues."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import msgspec


class Problem(Exception):
    """One kind of failure. `slug` names its page and its messages; `detail` fills their places.

    `slug` is `<block>/<name>`: the catalogues hold `<block>.problems.<name>.title` and `.detail`.
    """

    slug: ClassVar[str]
    status: ClassVar[int] = 400
    headers: Mapping[str, str] = MappingProxyType({})
    """Go with the answer: a challenge, a time to wait."""

    def __init__(self, **detail: object) -> None:
        self.detail = detail
        super().__init__(self.slug, detail)

    @property
    def message_id(self) -> str:
        block, name = self.slug.split("/", 1)
        return f"{block}.problems.{name}"


class Refusal(msgspec.Struct, frozen=True):
    """A no that stays on record: the edge commits what was written, then renders the problem."""

    problem: Problem


class NotSignedIn(Problem):
    slug = "core/not-signed-in"
    status = 401


class NotPermitted(Problem):
    slug = "core/not-permitted"
    status = 403


class NotFound(Problem):
    """Not there, or not yours: the two look the same from outside."""

    slug = "core/not-found"
    status = 404


class BadShape(Problem):
    """The request does not have the form that was asked for."""

    slug = "core/bad-shape"
    status = 400


class TooMany(Problem):
    slug = "core/too-many"
    status = 429

    def __init__(self, *, wait_s: int) -> None:
        super().__init__(wait_s=wait_s)
        self.headers = {"Retry-After": str(wait_s)}


class KeyReused(Problem):
    """An idempotency key came back with another body."""

    slug = "core/key-reused"
    status = 409
