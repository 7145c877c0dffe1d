"""A model reads what the documents are and decides before anything is retrieved."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from annotated_types import Ge

from crossover.decisions import Budget, Decision, Profile
from crossover.errors import DataError, ModelError
from crossover.roles import Model, Policy
from crossover.types import Answer, Passage, Question, Request

INSTRUCTION = """\
You decide how a question about long documents is answered. Below are the beginning of the \
documents, how long they are, and the question. There are two ways:
PARTS: a search finds the few passages that fit the question best, and only these are read. \
It is cheap, and enough where the answer stands in one or a few places that share words with \
the question.
WHOLE: the documents are read from beginning to end. It is dear, and needed where the answer has \
to be gathered from many places, compared, counted or understood from the whole.
First say in one short line each: what kind of documents these are; what the question asks for; \
how much of the documents it needs. Then write on a last line of its own PARTS or WHOLE."""
CHOICE = re.compile(r"^\W*(PARTS|WHOLE)\W*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PreRoute(Policy):
    """Ask a model which way to go, from metadata alone: kind, length, first lines and question.

    In the manner of Pre-Route (arXiv 2605.10235), whose prompt is not public: the words are ours.
    The call is billed with the answer. Where its reply cannot be read or it fails, ``parts`` is
    asked and the reason says so.
    """

    version: ClassVar[int] = 1

    model: Model = field(metadata={"help": "who decides; a small model will do"})
    parts: str = field(default="rag", metadata={"help": "asked where passages will do"})
    whole: str = field(default="full_context", metadata={"help": "asked where all is needed"})
    snippet: Annotated[int, Ge(0)] = field(
        default=1200, metadata={"help": "characters of the documents' beginning that it sees"}
    )

    @property
    def strategies(self) -> tuple[str, ...]:
        """Parts first: it is the cheaper."""
        return (self.parts, self.whole)

    def decide(
        self,
        question: Question,
        profile: Profile,
        budget: Budget,
        answers_so_far: Sequence[Answer] = (),
    ) -> Decision:
        """Ask once."""
        try:
            said = self.model.complete(self._request(question, profile)).text
        except ModelError as error:
            return Decision(self.parts, reasons=(f"deciding failed: {error.outcome}",))
        found = CHOICE.findall(said)
        if not found:
            return Decision(self.parts, reasons=("the deciding model's reply cannot be read",))
        chosen = self.whole if found[-1] == "WHOLE" else self.parts
        return Decision(chosen, reasons=(f"the deciding model says {found[-1]}",))

    def _request(self, question: Question, profile: Profile) -> Request:
        count = profile.documents or len(question.documents)
        held = f"{profile.tokens:,} tokens" if profile.tokens else "unknown length"
        instruction = f"{INSTRUCTION}\n\nDocuments: {count or 'unknown'}, {held} in all."
        return Request(
            instruction, question.text, self._beginning(question, profile), "text", max_tokens=200
        )

    def _beginning(self, question: Question, profile: Profile) -> tuple[Passage, ...]:
        try:
            text = question.documents[0].text if question.documents else ""
        except DataError:
            text = ""
        if text:
            name = question.documents[0].id
            return (Passage(name, 0, min(len(text), self.snippet), text[: self.snippet]),)
        return tuple(passage.cut(0, self.snippet) for passage in profile.passages[:1])
