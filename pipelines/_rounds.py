"""What strategies that search more than once share: collecting passages, answering from them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from crossover import catalog, meter
from crossover.errors import ConfigError
from crossover.pipelines._answering import FROM_PASSAGES, ask
from crossover.pipelines.rag import Rag
from crossover.roles import Model, Retrieving, Strategy
from crossover.types import Answer, Passage, Question, Step

# longest answer of a strategy that has no such option
LONGEST = 256


def retrieving(name: str, rag: Strategy) -> Retrieving:
    """The strategy that retrieves for ``name``; raises ConfigError for one that doesn't."""
    if not isinstance(rag, Retrieving):
        raise ConfigError(
            f"{name}: rag={catalog.spec(rag)} retrieves nothing; name a strategy that does, for "
            "instance rag(k=8)"
        )
    return rag


def retrieved(rag: Retrieving, query: str, question: Question, model: Model) -> list[Passage]:
    """What the strategy retrieves for another query over the question's documents."""
    return rag.retrieve(replace(question, text=query), model)


def answered(
    rag: Retrieving, passages: Sequence[Passage], question: Question, model: Model
) -> Answer:
    """Answer from these passages the way that ``rag`` answers from those that it retrieves."""
    if isinstance(rag, Rag):
        return rag.answer_from(passages, question, model)
    longest = int(getattr(rag, "max_tokens", LONGEST))
    return ask(question, model, passages, FROM_PASSAGES, longest)


def saying(answer: Answer, said: str) -> Answer:
    """The answer with a line more in its message."""
    return replace(answer, message="; ".join(filter(None, (answer.message, said))))


def known(query: str, queries: Sequence[str]) -> bool:
    """Whether a query says the same as another one, up to case and punctuation."""
    return _words(query) in map(_words, queries)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def listed(queries: Sequence[str]) -> str:
    """Queries as lines of a prompt."""
    return "\n".join(f"- {query}" for query in queries)


@dataclass
class Collected:
    """Passages of several searches, nothing twice, at most ``most``; what came first stays."""

    most: int | None = None
    passages: list[Passage] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)
    first: list[Passage] = field(default_factory=list)

    @property
    def refined(self) -> float | None:
        """The share of the passages that only later searches found; None where there are none."""
        if not self.passages:
            return None
        return sum(not _within(p, self.first) for p in self.passages) / len(self.passages)

    def add(self, query: str, found: Sequence[Passage]) -> list[Passage]:
        """Take in what a query found, say so in the trace, and return what is new."""
        # a dry run finds the same again and again: as many as there could be are counted
        twice = meter.current().planning
        new = [p for p in found if twice or not _within(p, self.passages)]
        if self.most is not None:
            new = new[: self.most - len(self.passages)]
        again = sum(_within(passage, self.first) for passage in found)
        shared = f", {again} of the first search's" if self.queries else ""
        said = f"{query!r}: {len(found)} found, {len(new)} new{shared}"
        places = [[passage.document, passage.start, passage.end] for passage in found]
        meter.current().note(Step("searched", None, said))
        meter.current().note(Step("passages found", None, json.dumps(places, ensure_ascii=False)))
        self.first = self.first if self.queries else list(found)
        self.queries.append(query)
        self.passages += new
        return new


def _within(passage: Passage, others: Sequence[Passage]) -> bool:
    """Whether others show all of the passage already."""
    return any(_shows(other, passage) for other in others)


def _shows(other: Passage, passage: Passage) -> bool:
    if other.document != passage.document:
        return False
    exact = not (other.kept or passage.kept) and passage.start < passage.end
    if not exact:
        return (other.start, other.end, other.text) == (passage.start, passage.end, passage.text)
    return other.start <= passage.start and passage.end <= other.end
