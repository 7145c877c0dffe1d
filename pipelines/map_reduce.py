"""Map and reduce: every part is read by itself, the notes are put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Interval

from crossover import meter
from crossover.pipelines import _prompts
from crossover.pipelines._answering import FROM_PASSAGES, final_request
from crossover.pipelines._noting import as_text
from crossover.pipelines._parts import (
    Merging,
    Note,
    Worker,
    answered,
    in_order,
    looked_for,
    notes_of,
    words,
)
from crossover.roles import Model, Strategy
from crossover.types import Answer, Completion, Document, Passage, Question, Request

NAME = "map_reduce"


@dataclass(frozen=True, slots=True)
class MapReduce(Strategy):
    """Read all parts side by side, merge their notes until they fit, and answer from them.

    Structured notes carry a confidence, as in LLM×MapReduce (Zhou et al. 2024, arXiv 2410.09342);
    notes below ``least`` are dropped. A note that is not the JSON asked for raises UnreadableReply:
    its part would be missing unsaid. ``notes=plain`` are texts, which the packaged reader can give.
    """

    needs: ClassVar[str] = "a model that writes JSON, unless notes=plain"

    worker: Model | None = field(
        default=None, metadata={"help": "who reads and merges [the answering model]"}
    )
    notes: Literal["structured", "plain"] = field(
        default="structured", metadata={"help": "JSON with a confidence, or text"}
    )
    least: Annotated[float, Interval(ge=0, le=10)] = field(
        default=3.0, metadata={"help": "confidence, 0 to 10, below which a note is dropped"}
    )
    chunk: Annotated[int, Ge(1)] = field(
        default=8192, metadata={"help": "tokens that one call reads at most, prompt too"}
    )
    note: Annotated[int, Ge(1)] = field(default=1024, metadata={"help": "longest note, in tokens"})
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
        """Note what every part says, merge where that is too much, and answer."""
        documents = question.documents
        worker = Worker(self.worker or model, self.worker is not None, self.chunk)
        reducer = Worker(model, False, self.chunk)
        instruction = self._prompt("reduce", task=FROM_PASSAGES[question.form])
        last = final_request(question, instruction, self.max_tokens)
        room = reducer.room(last)

        def fits(notes: Sequence[Note]) -> bool:
            return sum(map(reducer.size, notes)) <= room

        def read(replies: Sequence[Completion], groups: Sequence[Note]) -> list[list[Passage]]:
            return self._read(replies, groups, documents)

        asks = self._request(self.notes, question)
        parts = worker.parts(documents, asks)
        replies = worker.many([replace(asks, passages=tuple(part)) for part in parts], "map")
        notes: Sequence[Note] = [note for note in read(replies, parts) if note]
        _offer(notes)
        notes = Merging(worker, self._request("merge", question), read).until(fits, notes)
        return answered(reducer, last, in_order(notes, documents), documents, "reduce")

    def _request(self, role: str, question: Question) -> Request:
        asked, structured = looked_for(question), self.notes == "structured"
        form = self._prompt("as_json") if structured else ""
        name = role if asked else f"{role}_summary"
        instruction = self._prompt(name, words=words(self.note), form=form)
        wants: Literal["json", "summary"] = "json" if structured else "summary"
        return Request(instruction, asked, wants=wants, max_tokens=self.note)

    def _read(
        self, replies: Sequence[Completion], groups: Sequence[Note], documents: Sequence[Document]
    ) -> list[list[Passage]]:
        """The notes that the replies hold, nothing where they hold nothing that helps."""
        if self.notes == "plain" or meter.current().planning:
            return notes_of(replies, groups, documents)
        read = [as_text(reply, self.least) for reply in replies]
        notes = notes_of([reply for reply, _ in read], groups, documents)
        pairs = zip(notes, read, strict=True)
        return [[replace(p, score=score) for p in note] for note, (_, score) in pairs]

    def _prompt(self, role: str, **values: object) -> str:
        return _prompts.prompt(NAME, role, self.prompts, **values)


def _offer(notes: Sequence[Note]) -> None:
    """Put the most confident note forward, in case a limit comes before the answer."""
    if notes:
        best = max(notes, key=lambda note: note[0].score)
        text = " ".join(passage.text for passage in best)
        meter.current().offer(Answer(text, tuple(best)))
