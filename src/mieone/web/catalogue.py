"""The message catalogues: one YAML file per block and language, ids dotted, strict at load."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Self

import msgspec
import structlog
import yaml
from markupsafe import Markup

from .text import Message, parse_message

CATALOGUES = Path(__file__).parent / "catalogues"

_log = structlog.get_logger(__name__)


class Language(StrEnum):
    JA = "ja"
    YASASHII = "ja-x-yasashii"
    EN = "en"


class CatalogueError(Exception):
    """A catalogue file that cannot be used as it stands."""


class MissingMessageError(LookupError):
    """An id that no catalogue holds."""


class Catalogue(msgspec.Struct, frozen=True):
    messages: Mapping[Language, Mapping[str, Message]]
    is_strict: bool = True
    """Strict in tests and development: a missing id fails. Production shows the Japanese text."""

    @classmethod
    def load(cls, *, is_strict: bool = True, folder: Path = CATALOGUES) -> Self:
        return cls({language: _load_language(folder, language) for language in Language}, is_strict)

    def translate(self, language: Language, message_id: str, /, **values: object) -> str:
        """Text without ruby, for attributes, titles, mail and PDF."""
        message = self._get(language, message_id)
        return message.plain(values) if message else message_id

    def markup(self, language: Language, message_id: str, /, **values: object) -> Markup:
        """Escaped text with ruby elements, for the body of a page."""
        message = self._get(language, message_id)
        return message.markup(values) if message else Markup("{}").format(message_id)

    def places(self, message_id: str, /) -> frozenset[str]:
        """The names of the values a message asks for."""
        message = self._get(Language.JA, message_id)
        return message.placeholders() if message else frozenset()

    def has(self, message_id: str) -> bool:
        return message_id in self.messages[Language.JA]

    def _get(self, language: Language, message_id: str) -> Message | None:
        message = self.messages[language].get(message_id)
        if message is not None:
            return message
        if self.is_strict:
            raise MissingMessageError(f"{message_id} ({language})")
        _log.warning("message_missing", message_id=message_id, language=str(language))
        return self.messages[Language.JA].get(message_id)


def read_texts(path: Path) -> dict[str, str]:
    """The texts of one catalogue file by their full ids, exactly as written."""
    root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    if root is None:
        return {}
    texts: dict[str, str] = {}
    for message_id, text in _walk(root, path.stem, path):
        if message_id in texts:
            raise CatalogueError(f"{path}: {message_id} stands there twice")
        texts[message_id] = text
    return texts


def _load_language(folder: Path, language: Language) -> dict[str, Message]:
    messages: dict[str, Message] = {}
    for path in _files(folder / language):
        for message_id, text in read_texts(path).items():
            messages[message_id] = parse_message(text)
    return messages


def _files(folder: Path) -> Iterable[Path]:
    return sorted(folder.glob("*.yaml"))


def _walk(node: yaml.Node, prefix: str, path: Path) -> Iterator[tuple[str, str]]:
    # Composed nodes, not loaded values: `on`, `no` and 12 stay words, and doubled keys stay visible.
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                raise CatalogueError(f"{path}: {prefix}.{key.value} stands there twice")
            seen.add(key.value)
            yield from _walk(value, f"{prefix}.{key.value}", path)
    elif isinstance(node, yaml.ScalarNode):
        yield prefix, node.value
    else:
        raise CatalogueError(f"{path}: {prefix} is neither text nor a group")
