"""Documents about invented people, firms and towns, at any length, with questions on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, ClassVar, get_args

from pydantic import Field

from crossover.datasets.biographies.candidates import Kind
from crossover.datasets.biographies.document import write
from crossover.datasets.biographies.questions import Asked, Interview
from crossover.errors import ConfigError
from crossover.roles import Dataset
from crossover.types import Document, Example, Question, Span

__all__ = ["Biographies"]

KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Biographies(Dataset):
    """Invented biographies with firm and town portraits: exact answers at any length and depth.

    Every name is made up, so no model can know an answer by heart. A document is written anew
    from the seed whenever its text is first used: same options, same bytes, everywhere. The text
    depends on ``tokens``, ``seed`` and the document's number alone, so that all kinds and depths
    ask about the same documents. Tags: ``kind``, ``length`` and, where there is evidence,
    ``depth`` (where it starts on average). Reading examples raises ConfigError where a document
    of that length does not hold as many questions, or llama-index-core (token counts) is missing.
    """

    version: ClassVar[int] = 1

    tokens: Annotated[int, Field(ge=500, le=2_000_000)] = field(
        default=8000, metadata={"help": "length of each document in o200k tokens, within 1 %"}
    )
    documents: Annotated[int, Field(ge=1)] = field(
        default=3, metadata={"help": "how many documents"}
    )
    questions: Annotated[int, Field(ge=1)] = field(
        default=14, metadata={"help": "questions per document; the kinds take turns"}
    )
    kinds: tuple[Kind, ...] = field(default=KINDS, metadata={"help": "kinds of questions"})
    depth: Annotated[float, Field(ge=0, le=1)] | None = field(
        default=None,
        metadata={"help": "ask where the evidence lies at this depth (0 to 1); none: spread"},
    )
    seed: int = field(default=0, metadata={"help": "another seed, other documents"})

    def examples(self) -> Iterator[Example]:
        """Yield the questions document by document; raises ConfigError."""
        if not self.kinds:
            raise ConfigError(f"biographies: kinds is empty; there is: {', '.join(KINDS)}")
        for number in range(self.documents):
            yield from self._about(number)

    def metrics(self) -> Sequence[str]:
        """Answers are short: recall of the answer's words first."""
        return "answer_recall", "substring_match", "f1_squad"

    def _about(self, number: int) -> Iterator[Example]:
        document = Document(f"bio-{number}", partial(_text, self.tokens, self._seed(number)))
        turns = [self.kinds[(number + turn) % len(self.kinds)] for turn in range(self.questions)]
        written = write(self.tokens, self._seed(number))
        interview = Interview(written, self.depth, f"{self._seed(number)}/questions")
        for place, asked in enumerate(interview.ask(turns)):
            yield _example(document, f"{document.id}-{place}", asked, self._length())

    def _seed(self, number: int) -> str:
        return f"biographies/{self.version}/{self.seed}/{self.tokens}/{number}"

    def _length(self) -> str:
        """Name the length as the field does: 500, 8k, 1M."""
        for size, unit in ((1_000_000, "M"), (1000, "k")):
            if self.tokens >= size:
                return f"{self.tokens / size:.3g}{unit}"
        return str(self.tokens)


def _text(tokens: int, seed: str) -> str:
    return write(tokens, seed).text


def _example(document: Document, id: str, asked: Asked, length: str) -> Example:
    tags = {"kind": asked.kind, "length": length} | ({"depth": asked.depth} if asked.depth else {})
    return Example(
        Question(id, asked.text, (document,)),
        answers=asked.answers,
        evidence=tuple(Span(document.id, start, end) for start, end in asked.evidence),
        group=document.id,
        tags=tags,
    )
