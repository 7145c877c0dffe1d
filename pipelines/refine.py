"""Refine: answer from the first part, then better the answer with every further one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated

from annotated_types import Ge

from crossover import meter
from crossover.pipelines import _prompts
from crossover.pipelines._answering import FROM_PASSAGES, final_request, named
from crossover.pipelines._parts import Worker, in_order, where
from crossover.roles import Model, Strategy
from crossover.types import Answer, Passage, Question, Request, Step

NAME = "refine"


@dataclass(frozen=True, slots=True)
class Refine(Strategy):
    """Read part after part, each with the answer so far, as LangChain's and LlamaIndex's refine do.

    The answer so far comes first: the passages that it rests on where the model names them, else
    its text. A part that leads to no answer leaves the one there is. Raises WindowError.
    """

    chunk: Annotated[int, Ge(1)] = field(
        default=8192, metadata={"help": "tokens that one call reads at most, prompt and answer too"}
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
        """Answer from the first part, then refine."""
        worker = Worker(model, False, self.chunk)
        longest = self._request(question, [Passage("", 0, 0, "")] * 100)
        spare = self.max_tokens + worker.frame(question.documents)
        parts = worker.parts(question.documents, longest, spare) or [[]]
        best = Answer("", outcome="declined")
        for number, part in enumerate(parts, 1):
            best = self._refined(best, question, worker, part, f"part {number}")
            if best.scorable and best.text:
                meter.current().offer(best)
        return best

    def _refined(
        self,
        best: Answer,
        question: Question,
        worker: Worker,
        part: Sequence[Passage],
        name: str,
    ) -> Answer:
        """The answer after one more part: the new one, or where that says nothing the old one."""
        found = best.outcome in ("answered", "truncated")
        grounds = self._grounds(best) if found else []
        room = worker.room(self._request(question, grounds)) - worker.size(part)
        fitting = worker.fitting(grounds, room, f"answer before {name}")
        before = in_order([fitting], question.documents)
        shown = (*before, *part)
        reply = worker.one(replace(self._request(question, before), passages=shown), name)
        answer = named(reply, shown, self.max_tokens)
        if not found or answer.outcome in ("answered", "truncated"):
            return answer
        meter.current().note(Step(f"{name} adds nothing", detail="the answer stays as it was"))
        return best

    def _request(self, question: Question, before: Sequence[Passage]) -> Request:
        role = "refine" if before else "first"
        task = FROM_PASSAGES[question.form]
        instruction = _prompts.prompt(NAME, role, self.prompts, task=task, where=where(before))
        return final_request(question, instruction, self.max_tokens)

    def _grounds(self, answer: Answer) -> list[Passage]:
        """What an answer rests on, as far as its model says so; else the answer itself."""
        if answer.evidence:
            return list(answer.evidence)
        # a dry run assumes the longest answer
        times = self.max_tokens if meter.current().planning else 1
        at = answer.passages[0] if answer.passages else Passage("", 0, 0, "")
        return [Passage(at.document, at.start, at.start, " ".join([answer.text] * times))]
