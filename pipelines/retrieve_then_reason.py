"""Quote the evidence first, check that it stands in the text, then answer from the quotes alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from annotated_types import Ge, Interval

from crossover import meter
from crossover.compressors._writing import grouped, shown_by
from crossover.pipelines import _prompts
from crossover.pipelines._answering import FROM_PASSAGES, ask, final_request, named, with_choices
from crossover.pipelines._calling import many, packed, room_for
from crossover.pipelines._quotes import Checked, quotes
from crossover.pipelines.full_context import FullContext
from crossover.pipelines.rag import ordered
from crossover.roles import Model, Strategy
from crossover.types import Answer, Completion, Passage, Question, Request, Step

NAME = "retrieve_then_reason"


@dataclass(frozen=True, slots=True)
class RetrieveThenReason(Strategy):
    """Have supporting sentences quoted from the whole text, then reason over the quotes.

    ALR² (Li et al. 2024, arXiv 2410.03227) without its fine-tuning. Ours, not the paper's: every
    quote is looked up in the text, which shows its own words in its place; invented quotes are
    dropped and counted in the step "quotes checked". A text beyond the window is quoted from in
    parts, side by side. A dry run assumes the fallback, if there is one.
    """

    similarity: Annotated[float, Interval(gt=0, le=1)] = field(
        default=0.9, metadata={"help": "edit similarity to the text that makes a quote genuine"}
    )
    fallback: Literal["full_context", "decline"] = field(
        default="full_context", metadata={"help": "what to do where no quote is genuine"}
    )
    part: Annotated[int, Ge(1)] | None = field(
        default=None, metadata={"help": "tokens quoted from at once [as many as the window holds]"}
    )
    quote_tokens: Annotated[int, Ge(1)] = field(
        default=512, metadata={"help": "most tokens of quotes from one part"}
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
        """Its own version and that of its prompts."""
        return f"1.{_prompts.version(NAME)}"

    def answer(self, question: Question, model: Model) -> Answer:
        """Answer from quotes that stand in the text; raises what the model raises."""
        instruction = _prompts.prompt(NAME, "quote", self.prompts)
        asked = Request(
            instruction, with_choices(question), wants="evidence", max_tokens=self.quote_tokens
        )
        room = min(room_for(asked, model), self.part or model.window)
        parts = packed(question.documents, room, model)
        requests = [replace(asked, passages=tuple(part)) for part in parts]
        replies = many(model, requests, "quotes")
        if meter.current().planning:
            return self._planned(question, model, parts)
        checked = _checked(replies, parts, self.similarity)
        if checked.passages:
            answer = self._reasoned(question, model, checked.passages)
        else:
            answer = self._without_quotes(question, model)
        return replace(answer, figures={**answer.figures, "invented_evidence": checked.rate})

    def _reasoned(self, question: Question, model: Model, found: Sequence[Passage]) -> Answer:
        task = FROM_PASSAGES[question.form]
        instruction = _prompts.prompt(NAME, "reason", self.prompts, task=task)
        asked = final_request(question, instruction, self.max_tokens)
        found = ordered(found, "document", question.documents)
        fitting, *left = grouped(found, room_for(asked, model), shown_by(model)) or [[]]
        cut = f"{len(fitting)} of {len(found)} quotes fit into the window" if left else ""
        with meter.stage("answer from quotes"):
            instructions = {question.form: instruction}
            return ask(question, model, fitting, instructions, self.max_tokens, cut)

    def _without_quotes(self, question: Question, model: Model) -> Answer:
        if self.fallback == "decline":
            return named(Completion("", declined=True), (), self.max_tokens)
        with meter.stage("full context", "no quote stands in the text"):
            return FullContext(max_tokens=self.max_tokens).answer(question, model)

    def _planned(
        self, question: Question, model: Model, parts: Sequence[Sequence[Passage]]
    ) -> Answer:
        if self.fallback == "full_context" or not parts:
            return self._without_quotes(question, model)
        # about as many characters as quotes of that many tokens have
        return self._reasoned(question, model, [p[0].cut(0, 4 * self.quote_tokens) for p in parts])


def _checked(
    replies: Sequence[Completion], parts: Sequence[Sequence[Passage]], similarity: float
) -> Checked:
    """Look up the quotes of every part, and say what came of it."""
    pairs = zip(replies, parts, strict=True)
    found = [quote for reply, part in pairs for quote in quotes(reply, part, similarity)]
    checked = Checked(tuple(found))
    meter.current().note(Step("quotes checked", None, checked.said))
    return checked
