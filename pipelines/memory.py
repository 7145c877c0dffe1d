"""A memory of dialogues: turns, session summaries or notes, found for the question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Interval

from crossover.pipelines import _prompts
from crossover.pipelines._answering import FROM_PASSAGES, ask
from crossover.pipelines._memories import (
    Memory,
    dated,
    found,
    passages,
    sessions,
    turns_of,
    with_recency,
)
from crossover.pipelines._remembering import Writing, notes, once, summaries
from crossover.retrievers.dense import Dense
from crossover.roles import Model, Retriever, Retrieving
from crossover.types import Answer, Document, Passage, Question


@dataclass(frozen=True, slots=True)
class DialogueMemory(Retrieving):
    """Remember a dialogue by turns, session summaries or notes; answer from those that fit.

    ``turns``: dense search over dialogue turns, as in LoCoMo (Maharana et al., ACL 2024).
    ``sessions``: a summary of each, one call per session (there too). ``notes``: keywords, tags
    and context of every turn in JSON, searched in place of the turn, which is shown: A-Mem's notes
    (Xu et al., 2025) without its links and rewriting. What is written is written once per dialogue
    and billed whole to every answer. Sessions are shown under their dates. ``recency`` adds
    ``recency · decay ** hours`` to the relevance scaled to 0–1, as Generative Agents (Park et al.,
    2023) with weight 1; hours are those before the last session.
    """

    keeps: Literal["turns", "sessions", "notes"] = field(
        default="turns",
        metadata={"help": "what is remembered; notes need JSON of the model"},
    )
    retriever: Retriever = field(default=Dense(), metadata={"help": "how memories are found"})
    k: Annotated[int, Ge(1)] = field(
        default=10, metadata={"help": "turns, summaries or notes that are found"}
    )
    neighbours: Annotated[int, Ge(0)] = field(
        default=0, metadata={"help": "turns shown on each side of one that is found"}
    )
    recency: Annotated[float, Ge(0)] = field(
        default=0.0, metadata={"help": "weight of recency against relevance, which has 1"}
    )
    decay: Annotated[float, Interval(gt=0, le=1)] = field(
        default=0.995, metadata={"help": "what an hour leaves of recency"}
    )
    writer: Model | None = field(
        default=None, metadata={"help": "who writes summaries and notes [the answering model]"}
    )
    memory_tokens: Annotated[int, Ge(1)] = field(
        default=150, metadata={"help": "longest session summary or note, in tokens"}
    )
    turns_per_note: Annotated[int, Ge(1)] = field(
        default=1, metadata={"help": "turns that a note is on"}
    )
    notes_per_call: Annotated[int, Ge(1)] = field(
        default=10, metadata={"help": "notes that one call writes"}
    )
    max_tokens: Annotated[int, Ge(1)] = field(
        default=256, metadata={"help": "longest answer, in tokens"}
    )
    prompts: _prompts.Overrides = field(
        default="", metadata={"help": "prompts that replace its own, by name"}
    )

    def __post_init__(self) -> None:
        _prompts.check("memory", self.prompts)

    @property
    def version(self) -> str:
        """That of the code and of the prompts."""
        return f"1.{_prompts.version('memory')}"

    def answer(self, question: Question, model: Model) -> Answer:
        """Answer from what is remembered, in the order of the dialogue."""
        task = FROM_PASSAGES[question.form]
        said = {question.form: _prompts.prompt("memory", "answer", self.prompts, task=task)}
        return ask(question, model, self.shown(question, model), said, self.max_tokens)

    def shown(self, question: Question, model: Model) -> list[Passage]:
        """What the model is to see: what is found, in the order of the dialogue, with its dates."""
        return dated(self.retrieve(question, model), question.documents)

    def retrieve(self, question: Question, model: Model) -> list[Passage]:
        """Find the turns or summaries that fit, best first; neighbouring turns come last."""
        every = [memory for d in question.documents for memory in self._memories(d, model)]
        candidates = 4 * self.k if self.recency else self.k
        best = found(every, self.retriever, question.text, candidates, model)
        if self.recency:
            best = with_recency(best, every, self.recency, self.decay)[: self.k]
        return passages(best, self.neighbours)

    def _memories(self, document: Document, model: Model) -> Sequence[Memory]:
        parts = sessions(document)
        if self.keeps == "turns":
            return [memory for session in parts for memory in turns_of(session)]
        make = summaries if self.keeps == "sessions" else notes
        writing = Writing(
            self.writer or model,
            self.writer is not None,
            self.prompts,
            self.memory_tokens,
            self.turns_per_note,
            self.notes_per_call,
        )
        key = (self.keeps, document.id, document.digest, writing.key)
        return once(key, lambda: make(parts, writing))
