"""Several strategies side by side, and one answer from theirs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from annotated_types import Ge

from crossover import catalog, meter
from crossover.errors import ConfigError, LimitReached, ModelError
from crossover.pipelines import _prompts
from crossover.pipelines._voting import agreement, judged, majority
from crossover.pipelines.full_context import FullContext
from crossover.pipelines.rag import Rag
from crossover.retrievers.dense import Dense
from crossover.roles import Model, Strategy
from crossover.types import Answer, Question
from crossover.wrapped import at_once


@dataclass(frozen=True, slots=True)
class Vote(Strategy):
    """Ask several strategies; take the answer that most of them share, or that a judge picks.

    Answers are the same as the metrics see them: the same choice, or the same words without case,
    punctuation and articles; all that decline are one candidate; ties go to the strategy named
    first. A judge sees every different answer once, in an order drawn per question, and is not
    asked where there is one. A strategy that fails is billed and never wins; where all fail, the
    first failure is the outcome. Passages and evidence are the winner's; ``agreement`` is the share
    of those asked that say the same.
    """

    strategies: tuple[Strategy, ...] = field(
        default=(Rag(), Rag(retriever=Dense()), FullContext()),
        metadata={"help": "who votes; ties go to the first"},
    )
    by: Literal["majority", "judge"] = field(
        default="majority", metadata={"help": "how one is chosen; a judge writes JSON"}
    )
    judge: Model | None = field(
        default=None, metadata={"help": "who picks by=judge [the answering model]"}
    )
    seed: Annotated[int, Ge(0)] = field(
        default=0, metadata={"help": "of the order in which a judge sees the answers"}
    )
    prompts: _prompts.Overrides = field(
        default="", metadata={"help": "prompts that replace its own, by name"}
    )

    def __post_init__(self) -> None:
        _prompts.check("vote", self.prompts)
        if len(self.strategies) < 2:
            raise ConfigError("vote: strategies=[…] needs two or more that vote")

    @property
    def version(self) -> str:
        """That of the code and of the prompts."""
        return f"1.{_prompts.version('vote')}"

    def answer(self, question: Question, model: Model) -> Answer:
        """Collect the answers and return the winner; where a limit stops it, the best so far."""
        given: dict[int, Answer] = {}

        def ask(at: int) -> Answer:
            given[at] = _member(self.strategies[at], at, question, model)
            return given[at]

        try:
            places = range(len(self.strategies))
            answers = meter.side_by_side(ask, places, at_once(model))
        except LimitReached:
            _offer_best(given, question)
            raise
        _offer_best(given, question)
        if self.by == "majority":
            chosen = majority(answers, question)
        else:
            chosen = judged(answers, question, model, self.judge, self.seed, self.prompts)
        shared = {"agreement": agreement(answers, chosen, question)}
        return replace(answers[chosen], figures={**answers[chosen].figures, **shared})


def _member(strategy: Strategy, at: int, question: Question, model: Model) -> Answer:
    """One strategy's answer; its failure is an answer too, but a limit stops all of them."""
    with meter.stage(f"voter {at + 1}", catalog.spec(strategy)):
        try:
            return strategy.answer(question, model)
        except LimitReached:
            raise
        except ModelError as failure:
            return Answer("", outcome=failure.outcome, message=str(failure))


def _offer_best(given: dict[int, Answer], question: Question) -> None:
    answers = [given[at] for at in sorted(given) if given[at].scorable]
    if answers:
        meter.current().offer(answers[majority(answers, question)])
