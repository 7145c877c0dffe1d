"""What of an answer can be looked up: its quotes, its numbers and its names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from crossover.normalise import NUMBER_WORDS, STOP_WORDS, TOKEN, Reading, plain, read, says_number
from crossover.pipelines._quotes import QUOTED, quotes
from crossover.sentences import sentences
from crossover.types import Completion, Passage, Question

Kind = Literal["quote", "number", "name"]
# the capital letters of the Latin, Greek and Cyrillic alphabets
CAPITALS = "".join(filter(str.isupper, map(chr, range(0x530))))
# capitalised words in a row; small words may stand between two of them, as in Bay of Kotor
CAPITALISED = rf"[{CAPITALS}](?:[\w'’&-]|\.(?=\w))*"
BETWEEN = r"(?:\s(?:of|de|da|di|del|der|den|van|von|the|la|le|el|al|bin|y|&))*\s"
NAME = re.compile(rf"(?<!\w){CAPITALISED}(?:{BETWEEN}{CAPITALISED})*")
NO_NAMES = STOP_WORDS | NUMBER_WORDS.keys() | {"yes", "none", "unknown", "true", "false", "not"}


class Detail(NamedTuple):
    """Something that an answer says and that must stand somewhere, word for word."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Invented:
    """The details of an answer, and those that stand nowhere in what it was held against."""

    details: tuple[Detail, ...]
    invented: tuple[Detail, ...]

    @property
    def rate(self) -> float | None:
        """The share that was invented; None where there was nothing to look up."""
        return len(self.invented) / len(self.details) if self.details else None


def details(answer: str, question: Question) -> tuple[Detail, ...]:
    """An answer's quotes, numbers and names, each once, but for those that the question says.

    A single capitalised word that begins a longer sentence is not taken for a name. Names are
    found by capital letters, so in languages that have them and do not write every noun so.
    """
    found = dict.fromkeys((*_quoted(answer), *_numbers(answer), *_names(answer)))
    said = "\n".join((question.text, *question.choices))
    return tuple(one for one in found if not _stands(one, [_whole("", said)], read(said), 1.0))


def invented(
    answer: str, question: Question, sources: Sequence[Passage], similarity: float = 1.0
) -> Invented:
    """Look up an answer's details in sources.

    ``similarity`` 1 is strict: quotes and names stand there but for case, white space, quotation
    marks and dashes, numbers as the same number. Below 1, quotes and names may differ by edits to
    that similarity, and a number may be rounded to three digits or more.
    """
    every = details(answer, question)
    shown = read(" ".join(source.text for source in sources))
    missing = (one for one in every if not _stands(one, sources, shown, similarity))
    return Invented(every, tuple(missing))


def documents_of(question: Question) -> list[Passage]:
    """A question's documents as passages, whole."""
    return [_whole(document.id, document.text) for document in question.documents]


def _whole(document: str, text: str) -> Passage:
    return Passage(document, 0, len(text), text)


def _stands(detail: Detail, sources: Sequence[Passage], shown: Reading, similarity: float) -> bool:
    if detail.kind == "number":
        numbers = read(detail.text).numbers
        if similarity < 1:
            return all(says_number(number, shown) for number in numbers)
        return all(number in shown.numbers or f"{number:f}" in shown.words for number in numbers)
    found = quotes(Completion(detail.text), sources, similarity)
    return bool(found) and all(quote.passage for quote in found)


def _quoted(answer: str) -> Iterator[Detail]:
    for text in QUOTED.findall(answer):
        if plain(text):
            yield Detail("quote", " ".join(text.split()).strip(" .,;:"))


def _numbers(answer: str) -> Iterator[Detail]:
    text = unicodedata.normalize("NFKC", QUOTED.sub(" ", answer)).lower()
    for match in TOKEN.finditer(text):
        if match["number"]:
            yield Detail("number", match.group())


def _names(answer: str) -> Iterator[Detail]:
    bare = QUOTED.sub(" ", answer)
    for start, end in sentences(bare):
        sentence = bare[start:end]
        for match in NAME.finditer(sentence):
            words = match.group().split()
            first = match.start() == 0
            if first and words[0].lower() in NO_NAMES:
                words, first = words[1:], False
            first_of_more = first and len(words) == 1 and len(sentence.split()) > 1
            name = " ".join(words).strip("'’")
            if len(name) > 1 and name.lower() not in NO_NAMES and not first_of_more:
                yield Detail("name", name)
