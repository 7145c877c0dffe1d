"""RAG in rounds: search, sum up, ask for what is missing, search again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

from annotated_types import Ge
from pydantic import BaseModel

from crossover import meter
from crossover.errors import UnreadableReply
from crossover.pipelines import _prompts
from crossover.pipelines._answering import with_choices
from crossover.pipelines._calling import many, one
from crossover.pipelines._grading import do_they_answer, must_write, says_yes
from crossover.pipelines._rounds import Collected, answered, known, listed, retrieved, retrieving
from crossover.pipelines.rag import Rag
from crossover.replies import read_as
from crossover.roles import Model, Retrieving, Strategy
from crossover.types import Answer, Completion, Passage, Question, Request, Step


class _Reflection(BaseModel):
    """What the model knows after a round, whether that is enough, and what to search for else."""

    summary: str | None = None
    enough: bool
    query: str | None = None


@dataclass(frozen=True, slots=True)
class IterativeRag(Retrieving):
    """Search, sum up and write a refined query, in rounds; answer from all that was collected.

    After the dynamic setting of HaystackCraft (a summary and a refined question per round) and
    IRCoT (6 passages a round by BM25; paragraphs of all rounds, 15 at most: from memory, not
    verified). Different here: the final call sees passages alone, never the model's own summary.
    It ends early where the model has enough, repeats a query or finds nothing new; with
    ``stops=false`` all rounds are made. Every round's query and passages stand in the trace. A dry
    run counts all rounds.
    """

    rag: Strategy = field(
        default=Rag(k=6), metadata={"help": "what retrieves in each round, and how it answers"}
    )
    rounds: Annotated[int, Ge(1)] = field(default=3, metadata={"help": "searches at most"})
    k_total: Annotated[int, Ge(1)] = field(
        default=15, metadata={"help": "passages of all rounds at most; the first found stay"}
    )
    stops: bool = field(
        default=True, metadata={"help": "end early; false: make all rounds whatever is found"}
    )
    checks: bool = field(
        default=False,
        metadata={"help": "say in the trace whether the first round's passages answered: 2 calls"},
    )
    max_tokens: Annotated[int, Ge(1)] = field(
        default=512, metadata={"help": "longest summary with its query, in tokens"}
    )
    prompts: _prompts.Overrides = field(
        default="", metadata={"help": "prompts that replace its own, by name"}
    )
    needs: ClassVar[str] = "a model that writes JSON, unless rounds=1"

    def __post_init__(self) -> None:
        retrieving("iterative_rag", self.rag)
        _prompts.check("iterative_rag", self.prompts)

    @property
    def version(self) -> str:
        """The version of the strategy and of its prompts."""
        return f"1.{_prompts.version('iterative_rag')}"

    def answer(self, question: Question, model: Model) -> Answer:
        """Answer from the passages of all rounds."""
        seen = self._searched(question, model)
        figures = {"from_refined_queries": seen.refined}
        if self.checks and len(seen.queries) > 1:
            figures["answerability_lost"] = self._check(question, seen, model)
        rag = retrieving("iterative_rag", self.rag)
        found = answered(rag, seen.passages, question, model)
        return replace(found, figures={**found.figures, **figures})

    def retrieve(self, question: Question, model: Model) -> list[Passage]:
        """Return the passages of all rounds, the first round's first."""
        return self._searched(question, model).passages

    def _searched(self, question: Question, model: Model) -> Collected:
        if self.rounds > 1:
            must_write(model, "iterative_rag", self.needs)
        rag, seen = retrieving("iterative_rag", self.rag), Collected(self.k_total)
        query, summary = question.text, ""
        for number in range(1, self.rounds + 1):
            with meter.stage(f"round {number}"):
                new = seen.add(query, retrieved(rag, query, question, model))
                last = number == self.rounds
                if last or self._ended(not new, "nothing new was found"):
                    break
                thought = self._reflected(question, new, seen.queries, summary, model)
                summary, query = thought.summary or summary, (thought.query or "").strip()
                if self._ended(thought.enough, "the model has enough"):
                    break
                stale = not query or known(query, seen.queries)
                if self._ended(stale, "the model has no other query"):
                    break
                query = query or question.text
        return seen

    def _ended(self, reason: bool, said: str) -> bool:
        """Whether it ends here; a reason that doesn't count is in the trace all the same."""
        if meter.current().planning or not reason:
            return False
        name = "ended early" if self.stops else "would have ended"
        meter.current().note(Step(name, None, said))
        return self.stops

    def _reflected(
        self,
        question: Question,
        new: Sequence[Passage],
        queries: Sequence[str],
        summary: str,
        model: Model,
    ) -> _Reflection:
        words = _prompts.prompt(
            "iterative_rag",
            "reflect",
            self.prompts,
            summary=summary or "(nothing yet)",
            tried=listed(queries),
        )
        request = Request(
            words, with_choices(question), tuple(new), wants="json", max_tokens=self.max_tokens
        )
        reply = one(model, request, "reflection")
        if meter.current().planning:
            return _Reflection(enough=False)
        return read_as(_Reflection, reply.text)

    def _check(self, question: Question, seen: Collected, model: Model) -> float | None:
        """Whether the first round's passages answered and all together don't; None: unreadable."""
        requests = [do_they_answer(question, some) for some in (seen.first, seen.passages)]
        first, last = map(_verdict, many(model, requests, "checks"))
        lost = (first, last) == ("yes", "no")
        said = f"the first round's passages: {first}; those of all rounds: {last}"
        meter.current().note(Step("answerable", None, f"{said} (lost)" if lost else said))
        return None if "unreadable" in (first, last) else float(lost)


def _verdict(reply: Completion) -> str:
    try:
        return "yes" if says_yes(reply) else "no"
    except UnreadableReply:
        # for the trace alone: the question is not lost for it
        return "unreadable"
