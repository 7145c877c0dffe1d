"""RAG first, and the whole text only where its passages were not enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from crossover import catalog, meter
from crossover.pipelines import _prompts
from crossover.pipelines._answering import FROM_PASSAGES
from crossover.pipelines._rounds import saying
from crossover.pipelines.full_context import FullContext
from crossover.pipelines.rag import Rag
from crossover.retrievers.chunkers.tokens import Tokens
from crossover.roles import Model, Strategy
from crossover.types import Answer, Completion, Form, Question, Request, Step
from crossover.wrapped import Wrapped


@dataclass(frozen=True, slots=True)
class SelfRoute(Strategy):
    """Ask one strategy that may reply "unanswerable", and where it does another; both are billed.

    Self-Route (Li et al. 2024, arXiv 2407.16833): RAG with 5 chunks of 300 words, then the full
    context. Different by default: chunks of 400 tokens (about 300 English words) found by BM25
    instead of Contriever or Dragon, and our prompt. A first pass that declines in any other way
    escalates too; one that fails (overflow, refused, …) does not: its failure is the outcome. The
    wording holds for strategies that end in the usual instruction; others decline in their own way.
    A dry run counts both passes.
    """

    first: Strategy = field(
        default=Rag(k=5, chunker=Tokens(size=400)), metadata={"help": "what may decline"}
    )
    then: Strategy = field(
        default=FullContext(), metadata={"help": "what is asked where the first declines"}
    )
    prompts: _prompts.Overrides = field(
        default="", metadata={"help": "prompts that replace its own, by name"}
    )

    def __post_init__(self) -> None:
        _prompts.check("self_route", self.prompts)

    @property
    def version(self) -> str:
        """The version of the strategy and of its prompts."""
        return f"1.{_prompts.version('self_route')}"

    def answer(self, question: Question, model: Model) -> Answer:
        """Answer in one pass or two; the message says which of them answered."""
        with meter.stage("first pass", catalog.spec(self.first)):
            answer = self.first.answer(question, self._may_decline(question.form, model))
        if answer.outcome != "declined" and not meter.current().planning:
            return saying(answer, "the first pass answered") if answer.scorable else answer
        meter.current().note(Step("escalated", None, answer.text or "the first pass declined"))
        with meter.stage("second pass", catalog.spec(self.then)):
            answer = self.then.answer(question, model)
        return saying(answer, "the first pass declined, the second was asked")

    def _may_decline(self, form: Form, model: Model) -> Model:
        # published answers are played, not asked for
        if hasattr(model, "prediction"):
            return model
        return _Told(model, FROM_PASSAGES[form], _prompts.prompt("self_route", form, self.prompts))


class _Told(Wrapped):
    """Is told one thing instead of another; everything else is the model's behind it."""

    def __init__(self, model: Model, usual: str, told: str) -> None:
        super().__init__(model)
        self.usual, self.told = usual, told

    def complete(self, request: Request) -> Completion:
        """Reply to the request in its other wording."""
        return self.model.complete(self._reworded(request))

    def complete_many(self, requests: Sequence[Request]) -> list[Completion]:
        """Reply to each in its other wording."""
        return self.model.complete_many([self._reworded(request) for request in requests])

    def _reworded(self, request: Request) -> Request:
        instruction = request.instruction.replace(self.usual, self.told)
        return replace(request, instruction=instruction)
