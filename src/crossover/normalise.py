"""How answers and golds become comparable: text, tokens, content words and numbers."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from itertools import islice

# how many golds are kept normalised; answers are not kept, they can be as long as documents
GOLDS = 16_384
# more characters than this per word are not text: bounds the work on answers as long as books
WORD_LENGTH = 100
# written without spaces between words, so one character is one token
CHARACTER = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
PLAIN_TOKEN = re.compile(rf"[{CHARACTER}]|[^\s{CHARACTER}]+")
WORD_OR_CHARACTER = re.compile(rf"[{CHARACTER}]|[^\W_{CHARACTER}]+")
TOKEN = re.compile(
    rf"""
    (?<![^\W_]) (?P<number> \d{{1,3}}(?:,\d{{3}})+(?:\.\d+)? | \d+(?:\.\d+)? )
        (?: (?P<letter>k|m|mn|b|bn) | \s(?P<scale>thousand|million|billion|trillion)
          | st|nd|rd|th|x )? (?![^\W_{CHARACTER}]|\.\d)
    | (?P<character>[{CHARACTER}])
    | (?P<word>[^\W_{CHARACTER}]+ (?:['’][^\W\d_{CHARACTER}]+)?)
    """,
    re.VERBOSE,
)
SCALES = {"k": 3, "thousand": 3, "m": 6, "mn": 6, "million": 6, "b": 9, "bn": 9, "billion": 9}
SCALES |= {"trillion": 12}
NUMBER_WORDS = {
    word: str(value)
    for value, word in enumerate(
        """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
        fifteen sixteen seventeen eighteen nineteen twenty""".split()
    )
}
# the closed-class words of English: determiners, pronouns, prepositions, conjunctions, auxiliaries
STOP_WORDS = frozenset(
    """a an the this that these those some any each every either neither both all such same other
    another own i me my mine myself you your yours yourself he him his himself she her hers herself
    it its itself we us our ours ourselves they them their theirs themselves who whom whose which
    what one ones there here when where why how about above across after against along among around
    as at before behind below beneath beside between beyond by despite down during except for from
    in inside into like near of off on onto out outside over past per since than through throughout
    till to toward towards under until up upon via with within without and but or nor so yet if
    then because while although though unless whereas whether am is are was were be been being do
    does did doing have has had having can could may might must shall should will would not no
    only just also too very more most much many few less least again once it's that's s t""".split()
)
ARTICLES = re.compile(r"\b(?:a|an|the)\b")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says: its words, those with content, its numbers, and how many words it has.

    Words are stemmed. Where a text has neither content words nor numbers, all its words count.
    """

    words: frozenset[str]
    content: frozenset[str]
    numbers: frozenset[Decimal]
    length: int


def plain(text: str) -> str:
    """Normalise as SQuAD does: lower case, no punctuation, no articles, single spaces.

    Unicode punctuation counts as punctuation. What normalising would erase stays as it is, so that
    the answers ``A`` and ``+`` can still be told from others.
    """
    lower = unicodedata.normalize("NFC", text).lower()
    bare = lower.translate(_punctuation())
    return (
        " ".join(ARTICLES.sub(" ", bare).split())
        or " ".join(bare.split())
        or " ".join(lower.split())
    )


def plain_tokens(text: str) -> list[str]:
    """Cut normalised text at spaces, Chinese and Japanese at every character."""
    return PLAIN_TOKEN.findall(plain(text))


@lru_cache(maxsize=GOLDS)
def gold_plain(text: str) -> str:
    """Normalise a gold answer once, however many answers are compared with it."""
    return plain(text)


@lru_cache(maxsize=GOLDS)
def gold_tokens(text: str) -> Counter[str]:
    """Count a gold answer's tokens once."""
    return Counter(plain_tokens(text))


@lru_cache(maxsize=GOLDS)
def gold_reading(text: str) -> Reading:
    """Read a gold answer, or a question, once."""
    return read(text)


def read(text: str, limit: int | None = None) -> Reading:
    """Read a text's first ``limit`` words (a character is one in Chinese or Japanese).

    A number word from zero to twenty equals its digits but counts as a word, not as a number.
    """
    text = text if limit is None else text[: limit * WORD_LENGTH]
    words, content, numbers, length = set(), set(), set(), 0
    for token in islice(_tokens(text), limit):
        length += 1
        if isinstance(token, Decimal):
            numbers.add(token)
            words.add(f"{token:f}")
            continue
        word = NUMBER_WORDS.get(token) or stem(token)
        words.add(word)
        if token not in STOP_WORDS:
            content.add(word)
    return Reading(
        frozenset(words),
        frozenset(content if content or numbers else words),
        frozenset(numbers),
        length,
    )


def says_number(number: Decimal, reading: Reading) -> bool:
    """Whether a text gives a number: in digits, as a word, or rounded (see ``same_number``)."""
    return f"{number:f}" in reading.words or any(same_number(number, n) for n in reading.numbers)


def same_number(one: Decimal, other: Decimal) -> bool:
    """Whether two numbers are equal, or one is the other rounded to three digits or more.

    So 2.58 million is 2,576,340, but 3 is not 2.9 and 39 is not 39.4.
    """
    if one == other:
        return True
    coarse, fine = sorted((one, other), key=_digits)
    digits = _digits(coarse)
    return digits >= 3 and coarse == round(fine, digits - 1 - fine.adjusted())


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """Stem by Snowball's English stemmer."""
    import snowballstemmer

    # a stemmer keeps the word it works on, so threads must not share one
    return str(snowballstemmer.stemmer("english").stemWord(word))


def _tokens(text: str) -> Iterator[str | Decimal]:
    for match in TOKEN.finditer(unicodedata.normalize("NFKC", text).lower()):
        number = match["number"]
        if number is None:
            yield match[0].replace("’", "'")
        else:
            scale = SCALES.get(match["letter"] or match["scale"] or "", 0)
            yield Decimal(number.replace(",", "")).scaleb(scale).normalize()


def _digits(number: Decimal) -> int:
    return len(number.normalize().as_tuple().digits)


class _Punctuation(dict[int, str]):
    """Every punctuation mark, and the ASCII symbols that SQuAD drops too, become nothing."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        category = unicodedata.category(character)
        drop = category[0] == "P" or (code < 128 and category[0] == "S")
        self[code] = "" if drop else character
        return self[code]


@cache
def _punctuation() -> _Punctuation:
    return _Punctuation()
