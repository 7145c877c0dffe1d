"""RAG that asks whether its context was too little or too much, and tries again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Interval
from pydantic import BaseModel, BeforeValidator

from crossover import catalog, meter
from crossover.errors import ConfigError
from crossover.pipelines import _prompts
from crossover.pipelines._answering import with_choices
from crossover.pipelines._calling import one
from crossover.pipelines._grading import must_write
from crossover.pipelines._rounds import answered, saying
from crossover.pipelines.rag import Rag
from crossover.replies import read_as
from crossover.retrievers.chunkers.sage import Sage
from crossover.retrievers.rerankers.reader import ReaderReranker
from crossover.retrievers.selectors.score_drop import ScoreDrop
from crossover.roles import Model, Selector, Strategy
from crossover.types import Answer, Passage, Question, Request, Step

Verdict = Literal["lacking", "redundant", "right"]
CHANGE: dict[Verdict, int] = {"lacking": 1, "redundant": -1, "right": 0}


class _Rating(BaseModel):
    """What the model makes of an answer and of the passages that it was given from."""

    score: Annotated[int, Interval(ge=1, le=10)]
    context: Annotated[Verdict, BeforeValidator(lambda given: str(given).strip().lower())]


@dataclass(frozen=True, slots=True)
class SageFeedback(Strategy):
    """Answer, have the answer rated, show a passage more or less, and keep the best-rated answer.

    SAGE (arXiv 2503.01713): trained segmentation, passages above a sharp fall of their scores, and
    self-feedback. The numbers (a fall of 0.3, at least 7 passages, a rating of 9, 3 rounds) are
    from memory of the paper and not verified. It ends at the threshold, after the last round,
    where the model finds the context right, and where the passages would be the same as before.
    Of equal ratings the first stands. A dry run counts all rounds.
    """

    rag: Strategy = field(
        default=Rag(
            k=20, candidates=20, chunker=Sage(), reranker=ReaderReranker(), selector=ScoreDrop()
        ),
        metadata={"help": "what retrieves: rag with the selector score_drop"},
    )
    threshold: Annotated[int, Interval(ge=1, le=10)] = field(
        default=9, metadata={"help": "rating from 1 to 10 that is good enough"}
    )
    rounds: Annotated[int, Ge(2)] = field(default=3, metadata={"help": "answers at most"})
    step: Annotated[int, Ge(1)] = field(
        default=1, metadata={"help": "passages more or less in the next round"}
    )
    max_tokens: Annotated[int, Ge(1)] = field(
        default=128, metadata={"help": "longest rating, in tokens"}
    )
    prompts: _prompts.Overrides = field(
        default="", metadata={"help": "prompts that replace its own, by name"}
    )
    needs: ClassVar[str] = "a model that writes JSON"

    def __post_init__(self) -> None:
        _parts(self.rag)
        _prompts.check("sage_feedback", self.prompts)

    @property
    def version(self) -> str:
        """The version of the strategy and of its prompts."""
        return f"1.{_prompts.version('sage_feedback')}"

    def answer(self, question: Question, model: Model) -> Answer:
        """Answer as often as the ratings ask for; the best-rated answer is the result."""
        must_write(model, "sage_feedback", self.needs)
        rag, drop = _parts(self.rag)
        ranked = _ranked(rag, question, model)
        least, shown = drop.least, list[list[Passage]]()
        best, highest = Answer(""), 0
        for number in range(1, self.rounds + 1):
            passages = _chosen(rag, replace(drop, least=least), ranked, question, model)
            if passages in shown and not meter.current().planning:
                meter.current().note(Step("ended", None, "the same passages as before"))
                break
            shown.append(passages)
            with meter.stage(f"round {number}", f"at least {least} passages, {len(passages)}"):
                answer = answered(rag, passages, question, model)
                if not answer.scorable:
                    return best if highest else answer
                meter.current().offer(best if highest else answer)
                rating = self._rating(answer, question, model)
            if rating.score > highest:
                best, highest = (
                    saying(answer, f"rated {rating.score} in round {number}"),
                    rating.score,
                )
                meter.current().offer(best)
            if rating.score >= self.threshold or not CHANGE[rating.context]:
                break
            least = max(1, least + self.step * CHANGE[rating.context])
        return best

    def _rating(self, answer: Answer, question: Question, model: Model) -> _Rating:
        """Have an answer rated, the passages that it was given from shown."""
        words = _prompts.prompt(
            "sage_feedback", "rate", self.prompts, answer=answer.text or "(it gave none)"
        )
        request = Request(
            words, with_choices(question), answer.passages, wants="json", max_tokens=self.max_tokens
        )
        reply = one(model, request, "rating")
        if meter.current().planning:
            return _Rating(score=1, context="lacking")
        rating = read_as(_Rating, reply.text)
        meter.current().note(Step("rated", None, f"{rating.score}; context {rating.context}"))
        return rating


def _parts(rag: Strategy) -> tuple[Rag, ScoreDrop]:
    """The strategy and its selector; raises ConfigError where it isn't what feedback can steer."""
    if not isinstance(rag, Rag) or not isinstance(rag.selector, ScoreDrop):
        raise ConfigError(
            f"sage_feedback: rag={catalog.spec(rag)} chooses no passages by their scores; write "
            "rag(selector=score_drop, …)"
        )
    return rag, rag.selector


class _All(Selector):
    """Keeps what comes to be selected from, so that another round searches nothing anew."""

    def __init__(self) -> None:
        self.found: list[Passage] = []

    def select(self, query: str, found: Sequence[Passage], k: int, model: Model) -> list[Passage]:
        """Keep all, return the first k."""
        self.found = list(found)
        return self.found[:k]


def _ranked(rag: Rag, question: Question, model: Model) -> list[Passage]:
    """Everything that was found and reranked, best first."""
    everything = _All()
    with meter.stage("retrieval"):
        replace(rag, selector=everything).retrieve(question, model)
    return everything.found


def _chosen(
    rag: Rag, drop: ScoreDrop, ranked: Sequence[Passage], question: Question, model: Model
) -> list[Passage]:
    """The passages above a sharp fall of their scores, widened as ``rag`` does."""
    chosen = drop.select(question.text, ranked, rag.k, model)
    return rag.chunker.widen(chosen, question.documents)
