"""Structure first: a model draws the outline of the text, then answers from its sentences in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from annotated_types import Ge

from crossover import meter
from crossover.compressors._writing import shown_by
from crossover.compressors.outline import Outline
from crossover.pipelines import _prompts
from crossover.pipelines._answering import FROM_PASSAGES, WANTS, ask
from crossover.pipelines._calling import room_for
from crossover.pipelines._fitting import whole
from crossover.roles import Model, Strategy
from crossover.types import Answer, Passage, Question, Request

NAME = "structured"


@dataclass(frozen=True, slots=True)
class Structured(Strategy):
    """Answer from all sentences of the text under the headings of a model's outline.

    StruXGPT's structurization (Liu et al. 2024, arXiv 2407.16434), by the compressor ``outline``
    with room for everything; sentences are dropped, the least relevant first, where text and
    headings exceed the window. Where a reply holds no outline, its sentences stand as they are.
    """

    piece: Annotated[int, Ge(0)] = field(
        default=0, metadata={"help": "the model's tokens outlined at once; 0: as many as fit"}
    )
    outline_tokens: Annotated[int, Ge(1)] = field(
        default=1024, metadata={"help": "longest outline of a piece, in tokens"}
    )
    max_tokens: Annotated[int, Ge(1)] = field(
        default=256, metadata={"help": "longest answer, in tokens"}
    )
    prompts: _prompts.Overrides = field(
        default="", metadata={"help": "prompts that replace its own, by name"}
    )
    needs: ClassVar[str] = "a model that writes JSON"

    def __post_init__(self) -> None:
        _prompts.check(NAME, self.prompts)

    @property
    def version(self) -> str:
        """Its own version and that of its prompts."""
        return f"1.{_prompts.version(NAME)}"

    def answer(self, question: Question, model: Model) -> Answer:
        """Answer from the structured text; raises what the model raises."""
        task = FROM_PASSAGES[question.form]
        instruction = _prompts.prompt(NAME, "answer", self.prompts, task=task)
        asked = Request(
            instruction,
            question.text,
            wants=WANTS[question.form],
            choices=question.choices,
            max_tokens=self.max_tokens,
        )
        documents = whole(question.documents)
        # an outline's passage needs a frame; each document makes two: what it outlines and the rest
        frame = shown_by(model)(Passage("", 0, 0, ""))
        budget = room_for(asked, model) - 2 * frame * len(documents)
        with meter.stage("outline"):
            outline = Outline(piece=self.piece, max_tokens=self.outline_tokens)
            shown = outline.compress(question.text, documents, max(1, budget), model)
        with meter.stage("answer"):
            return ask(question, model, shown, {question.form: instruction}, self.max_tokens)
