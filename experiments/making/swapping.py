"""Names that no document has, for questions that no document answers."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from random import Random

from crossover.datasets.biographies.names import Names
from crossover.types import Document

TRIES = 40
# letters of a short form that is made up
CONSONANTS = "BDFGHKLMNPQRSTVWXZ"


class Strangers:
    """Makes up names that look like the documents' own and stand in none of them."""

    def __init__(
        self,
        documents: Sequence[Document],
        names: Sequence[str],
        ordinary: Container[str],
        random: Random,
    ) -> None:
        self._texts = [_folded(document.text) for document in documents]
        self._ordinary = ordinary
        self._random = random
        self._invented = Names(random)
        several = [name.split() for name in names if len(name.split()) == 2 and name[:4] != "the "]
        self._heads = sorted({first for first, _ in several})
        self._tails = sorted({last for _, last in several})

    def like(self, name: str) -> str | None:
        """A name of the same shape: parts of two others, a short form or an invented place."""
        for _ in range(TRIES):
            made = self._made(name)
            if made != name and not any(_folded(made) in text for text in self._texts):
                return made
        return None

    def _made(self, name: str) -> str:
        words = name.split()
        if len(words) == 2 and words[0] != "the" and len(self._heads) > 1:
            return f"{self._random.choice(self._heads)} {self._random.choice(self._tails)}"
        own = [at for at, word in enumerate(words) if word.lower() not in self._ordinary]
        at = own[-1] if own else -1
        if sum(letter.isupper() for letter in words[at]) > 1:
            words[at] = re.sub("[A-Z]", lambda _: self._random.choice(CONSONANTS), words[at])
        else:
            words[at] = self._invented.town()
        return " ".join(words)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
