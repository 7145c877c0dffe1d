"""Tree summarize: summaries of parts, then of summaries, until one is left to answer from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated

from annotated_types import Ge

from crossover import meter
from crossover.pipelines import _prompts
from crossover.pipelines._answering import FROM_PASSAGES, final_request
from crossover.pipelines._parts import (
    Merging,
    Note,
    Worker,
    answered,
    looked_for,
    notes_of,
    words,
)
from crossover.roles import Model, Strategy
from crossover.types import Answer, Completion, Passage, Question, Request

NAME = "tree_summarize"


@dataclass(frozen=True, slots=True)
class TreeSummarize(Strategy):
    """Summarise every part for the question, then summaries together till there is one; answer.

    As in LlamaIndex's tree_summarize, with the answer itself a call of its own. The summaries of a
    level are made side by side. Raises WindowError.
    """

    worker: Model | None = field(
        default=None, metadata={"help": "who summarises [the answering model]"}
    )
    chunk: Annotated[int, Ge(1)] = field(
        default=8192, metadata={"help": "tokens that one call reads at most, prompt too"}
    )
    note: Annotated[int, Ge(1)] = field(
        default=1024, metadata={"help": "longest summary, in tokens"}
    )
    fan_in: Annotated[int, Ge(2)] | None = field(
        default=None, metadata={"help": "summaries that make one, at most [what fits chunk]"}
    )
    max_tokens: Annotated[int, Ge(1)] = field(
        default=256, metadata={"help": "longest answer, in tokens"}
    )
    prompts: _prompts.Overrides = field(
        default="", metadata={"help": "prompts that replace its own, by name"}
    )

    def __post_init__(self) -> None:
        _prompts.check(NAME, self.prompts)

    @property
    def version(self) -> str:
        """Changes with the prompts."""
        return f"1.{_prompts.version(NAME)}"

    def answer(self, question: Question, model: Model) -> Answer:
        """Summarise level by level, then answer."""
        documents = question.documents
        worker = Worker(self.worker or model, self.worker is not None, self.chunk)
        asks = self._request("leaf", question)
        parts = worker.parts(documents, asks)
        replies = worker.many([replace(asks, passages=tuple(part)) for part in parts], "leaves")

        def read(replies: Sequence[Completion], groups: Sequence[Note]) -> list[list[Passage]]:
            return notes_of(replies, groups, documents)

        notes: Sequence[Note] = [note for note in read(replies, parts) if note]
        merging = Merging(worker, self._request("merge", question), read, self.fan_in)
        (root, *_) = merging.until(lambda notes: len(notes) < 2, notes) or [()]
        if root:
            text = " ".join(passage.text for passage in root)
            meter.current().offer(Answer(text, tuple(root)))
        instruction = self._prompt("answer", task=FROM_PASSAGES[question.form])
        request = final_request(question, instruction, self.max_tokens)
        return answered(Worker(model, False, self.chunk), request, root, documents, "answer")

    def _request(self, role: str, question: Question) -> Request:
        asked = looked_for(question)
        name = role if asked else f"{role}_summary"
        instruction = self._prompt(name, words=words(self.note))
        return Request(instruction, asked, wants="summary", max_tokens=self.note)

    def _prompt(self, role: str, **values: object) -> str:
        return _prompts.prompt(NAME, role, self.prompts, **values)
