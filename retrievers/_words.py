"""Words as sparse retrievers index them: lower case, no stop words, stemmed."""

from __future__ import annotations

import re
from functools import lru_cache

WORD = re.compile(r"\w+")
# the closed-class words that carry no content in a question or a passage
STOP_WORDS = frozenset(
    """a an and are as at be been but by did do does for from had has have how if in into is it its
    of on or such that the their then there these they this to was were what when where which who
    whom whose why will with would""".split()
)


@lru_cache(maxsize=200_000)
def _stem(word: str) -> str:
    from snowballstemmer import stemmer

    # a stemmer holds state while it works, so threads cannot share one
    return str(stemmer("english").stemWord(word))


def words(text: str) -> list[str]:
    """Tokenise for indexing and querying alike; stop words are kept where nothing else is."""
    found = WORD.findall(text.lower())
    kept = [word for word in found if word not in STOP_WORDS]
    return [_stem(word) for word in kept or found]
