"""Show how to answer on questions that a model writes from the text's own paragraphs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

from annotated_types import Ge

from crossover import meter
from crossover.pipelines import _paragraphs, _prompts, _recycling
from crossover.pipelines._answering import FROM_PASSAGES, named, with_choices
from crossover.pipelines._recycling import Demonstration
from crossover.roles import Model, Strategy
from crossover.types import Answer, Completion, Passage, Question, Request

NAME = "recycled_demos"
PASSAGES = re.compile(r"^\W*passages?\W*?:(.*)$", re.IGNORECASE | re.MULTILINE)
ANSWER = re.compile(r"^\W*answer\W*?:\s*", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class RecycledDemos(Strategy):
    """Answer from numbered paragraphs, after a few demonstrations on the same text.

    DoubleDipper (Cattan et al. 2024, arXiv 2406.13632): from ``k`` paragraphs drawn by chance a
    model writes a question with its answer each; shown after the text, which stands there once,
    they demonstrate to name the relevant paragraphs before the answer. They depend on the text and
    the seed alone, so they are written once per process and billed to every answer.
    """

    k: Annotated[int, Ge(0)] = field(default=3, metadata={"help": "demonstrations; 0: none"})
    name_passages: bool = field(
        default=True, metadata={"help": "whether relevant paragraphs are named before the answer"}
    )
    paragraph: Annotated[int, Ge(1)] = field(
        default=200, metadata={"help": "the model's tokens in a numbered paragraph"}
    )
    writer: Model | None = field(
        default=None, metadata={"help": "what writes the demonstrations [the answering model]"}
    )
    demo_tokens: Annotated[int, Ge(1)] = field(
        default=128, metadata={"help": "longest demonstration, in tokens"}
    )
    seed: int = field(default=0, metadata={"help": "of the draw of paragraphs"})
    max_tokens: Annotated[int, Ge(1)] = field(
        default=256, metadata={"help": "longest answer with the numbers before it, in tokens"}
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
        """Answer as demonstrated; raises UnreadableReply where no demonstration was written."""
        final = self._request(question, ())
        reserve = self.k * (self.demo_tokens + 30)
        paragraphs, cut = _paragraphs.numbered(
            question.documents, self.paragraph, final, model, reserve
        )
        shown = tuple(paragraphs)
        request = replace(
            self._request(question, self._demonstrations(paragraphs, model)), passages=shown
        )
        with meter.stage("answer"):
            reply = model.complete(request)
        return named(self._read(reply, shown), shown, self.max_tokens, cut)

    def _demonstrations(
        self, paragraphs: Sequence[Passage], model: Model
    ) -> Sequence[Demonstration]:
        asked = Request(_prompts.prompt(NAME, "write", self.prompts), max_tokens=self.demo_tokens)
        return _recycling.demonstrations(
            paragraphs, asked, self.k, self.seed, self.writer or model, self.writer is not None
        )

    def _request(self, question: Question, shown: Sequence[Demonstration]) -> Request:
        """The final request; choices stand in the question, as the reply is more than a label."""
        parts = [_prompts.prompt(NAME, "heading", self.prompts), *map(self._shown, shown)]
        instruction = _prompts.prompt(
            NAME,
            "answer" if self.name_passages else "answer_unnamed",
            self.prompts,
            task=FROM_PASSAGES[question.form],
            demonstrations="\n\n".join(parts) if shown else "",
        )
        return Request(
            instruction, with_choices(question), wants="text", max_tokens=self.max_tokens
        )

    def _shown(self, one: Demonstration) -> str:
        named_first = f"Passages: [{one.number}]\n" if self.name_passages else ""
        return f"Question: {one.question.strip()}\n{named_first}Answer: {one.answer.strip()}"

    def _read(self, reply: Completion, paragraphs: Sequence[Passage]) -> Completion:
        """The answer of a reply with the paragraphs that it names; all of it without labels."""
        label = ANSWER.search(reply.text)
        before = reply.text[: label.start()] if label else reply.text
        line = PASSAGES.search(before)
        known, _ = _paragraphs.named(line.group(1) if line else "", len(paragraphs))
        text = reply.text[label.end() :] if label else PASSAGES.sub("", reply.text)
        evidence = tuple(paragraphs[number - 1] for number in known)
        return replace(reply, text=text, evidence=evidence)
