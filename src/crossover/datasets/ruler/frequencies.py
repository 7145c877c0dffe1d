"""Words to count: the common ones of a numbered list (``cwe``), coded ones of a text (``fwe``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count, islice
from random import Random

from crossover.datasets._haystack import Written
from crossover.datasets._lengths import Counter
from crossover.datasets._words import different
from crossover.errors import ConfigError

COMMON = 10
# how often a common and an uncommon word occur, and so in lists of fewer than SHORT tokens
OFTEN, SELDOM = 30, 3
OFTEN_SHORT, SELDOM_SHORT = 6, 1
SHORT = 4096
# lists are first made a little short, then filled item by item
SHARES = (0.98, 0.95, 0.9, 0.8)
SAMPLE = 1000
ROUNDS = 5

CODED = 3
EXPONENT = 2.0
ZETA = 1.6449340668482264
LETTERS = 6
ALPHABET = "abcdefghijklmnopqrstuvwxyz"
NOISE = "..."
TOKENS_FOR_A_WORD = 50
FEWEST_WORDS = 20


def common_words(tokens: int, seed: str, counter: Counter) -> Written:
    """Write a numbered list in which ten words occur more often than all others.

    Raises ConfigError where these alone are longer.
    """
    random = Random(seed)
    plan = _Plan(random, *((OFTEN, SELDOM) if tokens >= SHORT else (OFTEN_SHORT, SELDOM_SHORT)))
    for share in SHARES:
        items = plan.items(plan.size(share * tokens, counter))
        random.shuffle(items)
        have = counter.count(_numbered(items))
        if have <= tokens:
            break
    else:
        raise ConfigError(f"ruler: a list for cwe has {have} tokens at least; raise tokens")
    for number in count(len(items)):
        cost = counter.each([f" {number + 1}. {plan.item(number)}"])[0]
        if have + cost / 2 > tokens:
            break
        items.append(plan.item(number))
        have += cost
    question = f"Which {COMMON} words stand in the numbered list most often?"
    return Written(_numbered(items), question, tuple(plan.common))


def coded_words(tokens: int, seed: str, counter: Counter) -> Written:
    """Write a text of coded words: the most common one is dots; asked are the three after it.

    A word's frequency falls with the square of its rank.
    """
    random = Random(seed)
    size = max(FEWEST_WORDS, tokens // TOKENS_FOR_A_WORD)
    words = [NOISE, *islice(_coded(random), size - 1)]
    costs = counter.each([f" {word}" for word in words])
    low, high = 1, 4 * tokens
    while high - low > 1:
        middle = (low + high) // 2
        fits = sum(map(_product, _frequencies(middle, size), costs)) <= tokens
        low, high = (middle, high) if fits else (low, middle)
    times = _frequencies(low, size)
    text = [word for word, often in zip(words, times, strict=False) for _ in range(often)]
    text += [NOISE] * ((tokens - sum(map(_product, times, costs))) // costs[0])
    random.shuffle(text)
    question = (
        f"Which {CODED} coded words occur most often in the text? "
        f"The dots ({NOISE}) between them are none."
    )
    return Written(" ".join(text), question, tuple(words[1 : 1 + CODED]))


class _Plan:
    """What a list is made of: the common words, and as many others as it takes."""

    def __init__(self, random: Random, often: int, seldom: int) -> None:
        words = different(random)
        self.common = list(islice(words, COMMON))
        self._first = [word for word in self.common for _ in range(often)]
        self._others = (word for word in words for _ in range(seldom))
        self._drawn: list[str] = []

    def item(self, number: int) -> str:
        """The item of that number before they are shuffled."""
        return self.items(number + 1)[number] if number < len(self._first) else self._other(number)

    def items(self, number: int) -> list[str]:
        """The first items, the common words among them."""
        self._other(max(number, len(self._first) + 1) - 1)
        return [*self._first, *self._drawn[: max(number - len(self._first), 0)]]

    def size(self, tokens: float, counter: Counter) -> int:
        """About how many items make so many tokens, told from a sample with their numbers."""
        size = int(tokens / 5)
        for _ in range(ROUNDS):
            places = range(0, size, max(1, size // SAMPLE))
            sample = [f" {place + 1}. {self.item(place)}" for place in places]
            size = max(len(self._first), int(tokens * len(sample) / sum(counter.each(sample))))
        return size

    def _other(self, number: int) -> str:
        at = number - len(self._first)
        self._drawn += islice(self._others, max(0, at + 1 - len(self._drawn)))
        return self._drawn[at]


def _numbered(items: Sequence[str]) -> str:
    return " ".join(f"{number}. {item}" for number, item in enumerate(items, 1))


def _coded(random: Random) -> Iterator[str]:
    taken: set[str] = set()
    while True:
        word = "".join(random.choices(ALPHABET, k=LETTERS))
        if word not in taken:
            taken.add(word)
            yield word


def _frequencies(total: int, size: int) -> list[int]:
    """How often the words of each rank occur in a text of ``total`` words, down to once."""
    ranks = range(1, size + 1)
    found = (int(total / rank**EXPONENT / ZETA) for rank in ranks)
    return [often for often in found if often]


def _product(often: int, cost: int) -> int:
    return often * cost
