"""Any strategy with citations of sentences, checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal, Protocol, runtime_checkable

from annotated_types import Ge, Interval

from crossover import catalog, meter
from crossover.pipelines import _prompts
from crossover.pipelines._answering import FROM_PASSAGES, ask
from crossover.pipelines._calling import many
from crossover.pipelines._citing import (
    Checked,
    Statement,
    claims,
    likely,
    numbered,
    numbers_of,
    read_statements,
    split,
)
from crossover.pipelines.rag import Order, Rag, ordered
from crossover.roles import Model, Retrieving, Strategy
from crossover.types import Answer, Passage, Question, Request, Step

NOTHING = "no passage was shown that could be cited"


@runtime_checkable
class _Showing(Protocol):
    """A strategy that tells what it would show its model, without asking it."""

    def shown(self, question: Question, model: Model) -> list[Passage]:
        """Passages in their order."""


@dataclass(frozen=True, slots=True)
class Cite(Strategy):
    """Have a strategy's answer cite sentences, and check what it cites.

    ``ask``: what the strategy would show its model is shown with every sentence numbered, and the
    answer is to cite by [n]; a strategy that does not retrieve alone is run for it, and billed.
    ``after``: the strategy answers, then one call per statement names the sentences behind it (at
    most ``statements``, which a dry run assumes), as in the post-hoc citing of LongCite (Zhang et
    al., 2024). A model that names its grounds itself is taken by those. The answer's text is
    without citations, its evidence the sentences cited; recall and precision of the citations, as
    far as shared words show them, stand in the trace. Code is left uncited.
    """

    strategy: Strategy = field(default=Rag(), metadata={"help": "whose answer is to cite"})
    mode: Literal["ask", "after"] = field(
        default="ask", metadata={"help": "ask for an answer with citations, or cite it afterwards"}
    )
    support: Annotated[float, Interval(gt=0, le=1)] = field(
        default=0.5, metadata={"help": "share of a statement's words that its citations must hold"}
    )
    statements: Annotated[int, Ge(1)] = field(
        default=8, metadata={"help": "statements cited afterwards at most, a call each"}
    )
    candidates: Annotated[int, Ge(1)] = field(
        default=20,
        metadata={"help": "sentences among which a statement's are looked for afterwards"},
    )
    citing_tokens: Annotated[int, Ge(1)] = field(
        default=32, metadata={"help": "longest reply that cites afterwards, in tokens"}
    )
    max_tokens: Annotated[int, Ge(1)] = field(
        default=256, metadata={"help": "longest answer asked for with citations, in tokens"}
    )
    prompts: _prompts.Overrides = field(
        default="", metadata={"help": "prompts that replace its own, by name"}
    )

    def __post_init__(self) -> None:
        _prompts.check("cite", self.prompts)

    @property
    def version(self) -> str:
        """That of the code and of the prompts."""
        return f"1.{_prompts.version('cite')}"

    def answer(self, question: Question, model: Model) -> Answer:
        """Answer with citations as evidence."""
        if question.form == "code":
            return _uncited(self._own(question, model), "code is not cited")
        if self.mode == "after":
            return self._after(question, model)
        return self._asked(question, model)

    def _own(self, question: Question, model: Model) -> Answer:
        with meter.stage("strategy", catalog.spec(self.strategy)):
            return self.strategy.answer(question, model)

    def _asked(self, question: Question, model: Model) -> Answer:
        passages, own = self._shown(question, model)
        if own and not own.passages:
            return _uncited(own, NOTHING)
        shown, every = numbered(passages)
        task = FROM_PASSAGES[question.form]
        said = {question.form: _prompts.prompt("cite", "ask", self.prompts, task=task)}
        answer = ask(question, model, shown, said, self.max_tokens, own.cut if own else "")
        answer = replace(answer, compression=own.compression if own else None)
        text, stated = read_statements(answer.text)
        if not answer.scorable or answer.outcome == "declined":
            return replace(answer, text=text)
        if not text:
            return replace(
                answer, text="", outcome="failed:empty", message="the reply holds citations alone"
            )
        cited = tuple(dict.fromkeys(n for one in stated for n in one.cited))
        if not cited:
            cited = numbers_of(answer.evidence, every)
            stated = [replace(one, cited=cited) for one in stated]
        if question.choices:
            stated = [Statement(claim, cited) for claim in claims(text, question)]
        return self._checked(replace(answer, text=text), stated, every, question)

    def _shown(self, question: Question, model: Model) -> tuple[Sequence[Passage], Answer | None]:
        """What the strategy shows its model, and its own answer where that had to be asked for."""
        strategy = self.strategy
        with meter.stage("strategy", catalog.spec(strategy)):
            if isinstance(strategy, _Showing):
                return strategy.shown(question, model), None
            if isinstance(strategy, Retrieving) and not getattr(strategy, "compressor", None):
                found = strategy.retrieve(question, model)
                order: Order = getattr(strategy, "order", "score")
                return ordered(found, order, question.documents), None
            answer = strategy.answer(question, model)
        if answer.scorable:
            meter.current().offer(answer)
        return answer.passages, answer

    def _after(self, question: Question, model: Model) -> Answer:
        answer = self._own(question, model)
        if not answer.scorable or answer.outcome == "declined":
            return answer
        every = split(answer.passages, once=True)
        if not every:
            return _uncited(answer, NOTHING)
        meter.current().offer(answer)
        stated = claims(answer.text, question)[: self.statements]
        if meter.current().planning:
            stated = [answer.text] * self.statements
        among = [likely(claim, question, every, self.candidates) for claim in stated]
        requests = [
            self._which(claim, [every[n - 1] for n in numbers], question)
            for claim, numbers in zip(stated, among, strict=True)
        ]
        replies = many(model, requests, "citing")
        found = [
            Statement(
                claim, tuple(n for n in numbers if numbers_of(reply.evidence, [every[n - 1]]))
            )
            for claim, numbers, reply in zip(stated, among, replies, strict=True)
        ]
        return self._checked(answer, found, every, question)

    def _which(self, claim: str, among: Sequence[Passage], question: Question) -> Request:
        return Request(
            _prompts.prompt("cite", "after", self.prompts),
            question=f"{question.text}\nAnswer: {claim}",
            passages=tuple(among),
            wants="evidence",
            max_tokens=self.citing_tokens,
        )

    def _checked(
        self,
        answer: Answer,
        stated: Sequence[Statement],
        every: Sequence[Passage],
        question: Question,
    ) -> Answer:
        checked = Checked(stated, every, question, self.support)
        detail = ", ".join(f"{name} {value:.4g}" for name, value in checked.figures.items())
        meter.current().note(Step("citations checked", None, detail))
        return replace(
            answer,
            evidence=checked.cited,
            stated=checked.stated,
            figures={**answer.figures, **checked.figures},
        )


def _uncited(answer: Answer, why: str) -> Answer:
    meter.current().note(Step("citations checked", None, why))
    return answer
