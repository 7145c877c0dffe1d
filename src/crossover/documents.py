"""Documents: texts that are held once, or loaded when they are read."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Mapping
from threading import Lock
from typing import final
from weakref import ref

from crossover.errors import DataError

# characters of texts loaded from files that are kept at once
LOADED = 256_000_000


@final
class Document:
    """A text with an id, shared by all questions on it; the text may be loaded on first use.

    Equal by id and content. ``text`` is the string itself or a function that loads it: of the
    texts loaded last, LOADED characters are kept, and one that is let go is loaded again.
    """

    __slots__ = ("__weakref__", "_digest", "_load", "_text", "id", "metadata")

    def __init__(
        self, id: str, text: str | Callable[[], str], metadata: Mapping[str, str] | None = None
    ) -> None:
        self.id = id
        self.metadata: Mapping[str, str] = dict(metadata or {})
        self._text = text if isinstance(text, str) else None
        self._load: Callable[[], str] = str if isinstance(text, str) else text
        self._digest: str | None = None

    @property
    def text(self) -> str:
        """The whole text; raises DataError where it cannot be loaded, or has changed."""
        if (text := self._text) is None:
            text = self._load()
            if self._digest and self._digest != _sha256(text):
                raise DataError(f"{self.id}: its text has changed since it was first read")
            _loaded.keep(self, text)
        return text

    def _hold(self, text: str | None) -> None:
        self._text = text

    @property
    def digest(self) -> str:
        """SHA-256 of the text: what indexes and stored answers are keyed by."""
        if self._digest is None:
            self._digest = _sha256(self.text)
        return self._digest

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Document) and (self.id, self.digest) == (other.id, other.digest)

    def __hash__(self) -> int:
        return hash((self.id, self.digest))

    def __repr__(self) -> str:
        return f"Document({self.id!r})"


class _Loaded:
    """The documents whose texts were loaded last, up to LOADED characters."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._order: deque[tuple[ref[Document], int]] = deque()
        self._characters = 0

    def keep(self, document: Document, text: str) -> None:
        """Let a document hold its text, and the oldest let go of theirs."""
        with self._lock:
            document._hold(text)
            self._order.append((ref(document), len(text)))
            self._characters += len(text)
            while self._characters > LOADED and len(self._order) > 1:
                oldest, size = self._order.popleft()
                self._characters -= size
                if (found := oldest()) is not None:
                    found._hold(None)


_loaded = _Loaded()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
