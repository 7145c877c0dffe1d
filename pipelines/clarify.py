"""Ask clarifying questions about the text and answer them from it, then answer the question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

from annotated_types import Ge

from crossover import meter
from crossover.models._rendering import rendered_text
from crossover.pipelines import _prompts
from crossover.pipelines._answering import FROM_PASSAGES, WANTS, named, with_choices
from crossover.pipelines._calling import one
from crossover.pipelines._clarifying import Conversation, joined
from crossover.pipelines._paragraphs import numbered
from crossover.roles import Model, Strategy
from crossover.types import Answer, Passage, Question, Request
from crossover.wrapped import at_once

NAME = "clarify"
# turns in a round at most, and tokens of the longest prompt among them
TURNS, PROMPT = 4, 120


@dataclass(frozen=True, slots=True)
class Clarify(Strategy):
    """Clarify what is unclear in rounds, pointing back to numbered paragraphs, then answer.

    AgenticLU's chain of clarifications (He et al. 2025, arXiv 2502.15920): a round asks one
    clarifying question, names the paragraphs that help, answers it, and checks whether the question
    can now be answered. The text stands in the first turn of one conversation, so that prompt
    caches serve every later turn. With ``branching`` above 1, independent paths begin with
    different questions; the answers that pass their own review are counted. A dry run assumes
    every round.
    """

    depth: Annotated[int, Ge(0)] = field(
        default=3, metadata={"help": "rounds of clarification at most; 0: none"}
    )
    branching: Annotated[int, Ge(1)] = field(
        default=1, metadata={"help": "independent paths, side by side"}
    )
    point_back: bool = field(
        default=True, metadata={"help": "whether helpful paragraphs are named first"}
    )
    paragraph: Annotated[int, Ge(1)] = field(
        default=512, metadata={"help": "the model's tokens in a numbered paragraph"}
    )
    temperature: Annotated[float, Ge(0)] = field(
        default=0.7, metadata={"help": "of the clarifying questions where there are several paths"}
    )
    seed: int = field(default=0, metadata={"help": "of the first path; the next adds 1"})
    turn_tokens: Annotated[int, Ge(1)] = field(
        default=256, metadata={"help": "longest reply before the final answer, in tokens"}
    )
    max_tokens: Annotated[int, Ge(1)] = field(
        default=256, metadata={"help": "longest answer, in tokens"}
    )
    prompts: _prompts.Overrides = field(
        default="", metadata={"help": "prompts that replace its own, by name"}
    )
    needs: ClassVar[str] = "a model that writes text"

    def __post_init__(self) -> None:
        _prompts.check(NAME, self.prompts)

    @property
    def version(self) -> str:
        """Its own version and that of its prompts."""
        return f"1.{_prompts.version(NAME)}"

    def answer(self, question: Question, model: Model) -> Answer:
        """Answer after clarification; raises what the model raises."""
        rounds = TURNS * self.depth + (self.branching > 1)
        reserve = rounds * (self.turn_tokens + PROMPT) + model.count(with_choices(question))
        final = self._final(question)
        paragraphs, cut = numbered(
            question.documents, self.paragraph, final, model, reserve if rounds else 0
        )
        if self.branching == 1:
            return self._path(question, model, paragraphs, cut, 0)[0]
        with meter.stage("paths"):
            paths = meter.side_by_side(
                lambda at: self._path(question, model, paragraphs, cut, at),
                range(self.branching),
                at_once(model),
            )
        return joined(paths, question)

    def _path(
        self, question: Question, model: Model, paragraphs: Sequence[Passage], cut: str, at: int
    ) -> tuple[Answer, bool]:
        """One chain to its answer, and whether that passed its review where there are several."""
        talk = Conversation(model, paragraphs, self.turn_tokens)
        for depth in range(self.depth if paragraphs else 0):
            with meter.stage(f"round {depth + 1}"):
                if not self._clarified(talk, question, depth, self.seed + at):
                    break
        request = replace(self._final(question), passages=tuple(paragraphs), history=talk.history)
        reply = one(model, request, "answer")
        grounds = tuple(paragraphs[number - 1] for number in talk.pointed)
        answer = replace(named(reply, tuple(paragraphs), self.max_tokens, cut), evidence=grounds)
        if self.branching == 1 or not answer.scorable:
            return answer, False
        meter.current().offer(answer)
        said = rendered_text(replace(request, passages=(), history=()))
        talk.history = (*talk.history, (said, answer.text or "I do not know."))
        return answer, talk.agrees(self._prompt("review"), "review")

    def _clarified(self, talk: Conversation, question: Question, depth: int, seed: int) -> bool:
        """Take the turns of one round; whether another is needed."""
        asked = self._prompt("ask_again" if depth else "ask", question=with_choices(question))
        heat = self.temperature if self.branching > 1 else 0.0
        if not talk.say(asked, "clarifying question", heat, seed):
            return False
        where = talk.point_back(self._prompt("point_back")) if self.point_back else "the passages"
        talk.say(self._prompt("clarify", where=where), "clarification")
        last = depth + 1 == self.depth
        return not last and not talk.agrees(self._prompt("check"), "self-check")

    def _final(self, question: Question) -> Request:
        task = FROM_PASSAGES[question.form]
        return Request(
            self._prompt("answer", task=task),
            question.text,
            wants=WANTS[question.form],
            choices=question.choices,
            max_tokens=self.max_tokens,
        )

    def _prompt(self, name: str, **values: str) -> str:
        return _prompts.prompt(NAME, name, self.prompts, **values)
