"""A place in a text that is being read, and the limits that all these languages share."""

from typing import Final, Never

from mieone.blocks.broker.problems import BadRequestData, TooComplexQuery

LONGEST_TEXT: Final = 16_384
DEEPEST: Final = 16
MOST_TERMS: Final = 100
MOST_VALUES: Final = 1_000


class Reader:
    def __init__(self, text: str, what: str) -> None:
        if len(text) > LONGEST_TEXT:
            raise TooComplexQuery(f"{what} is longer than {LONGEST_TEXT} characters")
        self.text = text
        self.what = what
        self.at = 0
        self._terms = 0
        self._depth = 0

    @property
    def is_at_end(self) -> bool:
        return self.at >= len(self.text)

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self, token: str) -> bool:
        """Blanks before a token count for nothing: people and clients write `a > 1`."""
        after_blanks = self._after_blanks()
        if self.text.startswith(token, after_blanks):
            self.at = after_blanks + len(token)
            return True
        return False

    def skip_blanks(self) -> None:
        self.at = self._after_blanks()

    def take_until(self, ends: str) -> str:
        start = self.at
        while not self.is_at_end and self.text[self.at] not in ends:
            self.at += 1
        return self.text[start : self.at]

    def expect(self, token: str) -> None:
        if not self.take(token):
            self.fail(f"{token!r} is missing")

    def expect_end(self) -> None:
        self.skip_blanks()
        if not self.is_at_end:
            self.fail(f"{self.peek()!r} is not expected")

    def fail(self, reason: str, at: int | None = None) -> Never:
        where = (self.at if at is None else at) + 1
        raise BadRequestData(f"{reason}, at character {where} of {self.what}")

    def count_term(self) -> None:
        self._terms += 1
        if self._terms > MOST_TERMS:
            raise TooComplexQuery(f"{self.what} has more than {MOST_TERMS} terms")

    def enter(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise TooComplexQuery(f"{self.what} is nested deeper than {DEEPEST}")

    def leave(self) -> None:
        self._depth -= 1

    def _after_blanks(self) -> int:
        at = self.at
        while self.text.startswith(" ", at):
            at += 1
        return at
