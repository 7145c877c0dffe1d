"""Whether a question is sound: answered by its evidence, unknown beforehand, or by nothing."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from crossover.errors import ModelError
from crossover.experiments.making.drafts import Draft, Kept, Loss
from crossover.experiments.making.wordings import Wordings
from crossover.metrics.answer import answer_recall, f1_squad
from crossover.normalise import plain
from crossover.pipelines._answering import FROM_MEMORY, FROM_PASSAGES, ask
from crossover.pipelines.rag import Rag
from crossover.replies import read_as
from crossover.roles import Model
from crossover.types import Answer, Document, Example, Passage, Question, Request

# from here on an answer says what the gold says, whatever a model thinks of it
RECALL, F1 = 0.75, 0.6
MAX_TOKENS = 128


class _Same(BaseModel):
    """A model's verdict on two answers."""

    same: bool


class Checker:
    """Lets a model try every question; what cannot write reads, and is not asked from memory."""

    def __init__(
        self, model: Model, documents: Sequence[Document], words: Wordings, k: int = 6
    ) -> None:
        self.model, self.documents, self.words = model, tuple(documents), words
        self.rag = Rag(k=k, max_tokens=MAX_TOKENS)

    @property
    def writes(self) -> bool:
        """Whether the model judges and remembers, or only reads."""
        return bool(getattr(self.model, "writes", True))

    def check(self, draft: Draft) -> Kept | Loss:
        """Every check that applies, until one fails."""
        try:
            passed = self._unanswerable(draft) if not draft.answers else self._answerable(draft)
        except ModelError as error:
            return Loss(draft.kind, f"check {error.outcome}", str(error), draft)
        return Kept(draft, tuple(passed)) if isinstance(passed, list) else passed

    def _answerable(self, draft: Draft) -> list[str] | Loss:
        if draft.kind != "comparison" and _holds(draft.question, draft.answers):
            return Loss(draft.kind, "answer in the question", draft.answers[0], draft)
        passed = [f"quote {draft.how}" if draft.how in ("exact", "normalised") else "quote exact"]
        wrong = self._read(draft)
        if wrong is not None:
            return Loss(draft.kind, "not answered by its evidence", wrong, draft)
        passed.append("answered by its evidence")
        if self.writes and draft.kind == "multi_hop":
            for passage in draft.evidence:
                if self._agrees(draft, self._ask(draft.question, (passage,))):
                    return Loss(draft.kind, "one passage is enough", passage.text[:200], draft)
            passed.append("needs both passages")
        if self.writes:
            known = self._ask(draft.question, ())
            if self._agrees(draft, known):
                return Loss(draft.kind, "known without documents", known.text, draft)
            passed.append("not known without documents")
        return passed

    def _unanswerable(self, draft: Draft) -> list[str] | Loss:
        question = Question(draft.id, draft.question, self.documents)
        reply = self.rag.answer(question, self.model)
        _raise_failed(reply)
        if reply.outcome != "declined":
            return Loss(draft.kind, "answered all the same", reply.text, draft)
        return [f"declined on the {self.rag.k} best passages"]

    def _read(self, draft: Draft) -> str | None:
        """What was answered instead of the gold, from the evidence alone; None if nothing."""
        if self.writes or not draft.steps:
            reply = self._ask(draft.question, draft.evidence)
            return None if self._agrees(draft, reply) else f"{reply.outcome}: {reply.text}"
        for step in draft.steps:
            # who only reads cannot combine: each part for itself, and the rest follows by rule
            part = Draft("single_hop", step.question, (step.answer,), (step.evidence,), ())
            reply = self._ask(part.question, part.evidence)
            if not self._agrees(part, reply):
                return f"{step.question} {reply.outcome}: {reply.text}"
        return None

    def _ask(self, text: str, passages: tuple[Passage, ...]) -> Answer:
        instructions = FROM_PASSAGES if passages else FROM_MEMORY
        reply = ask(Question("", text), self.model, passages, instructions, MAX_TOKENS)
        _raise_failed(reply)
        return reply

    def _agrees(self, draft: Draft, reply: Answer) -> bool:
        """Whether a reply says what the gold says: by its words, else by the model's verdict."""
        if reply.outcome == "declined":
            return False
        if alike(draft, reply):
            return True
        if not self.writes:
            return False
        words = self.words.say(
            "same",
            question=_material(draft.question),
            gold=_material(" or ".join(draft.answers)),
            answer=_material(reply.text),
        )
        verdict = self.model.complete(Request(words, wants="json", max_tokens=MAX_TOKENS))
        return read_as(_Same, verdict.text).same


def alike(draft: Draft, reply: Answer) -> bool:
    """Whether the words of a reply are those of the gold; of a comparison's, nothing else."""
    example = Example(Question("", draft.question), draft.answers)
    near = (f1_squad(example, reply) or 0.0) >= F1
    if draft.kind == "comparison":
        return near and _holds(reply.text, draft.answers)
    return near or (answer_recall(example, reply) or 0.0) >= RECALL


def _holds(text: str, answers: Sequence[str]) -> bool:
    padded = f" {plain(text)} "
    return any(f" {plain(answer)} " in padded for answer in answers)


def _material(text: str) -> str:
    """A text as it stands between tags: it cannot end them early."""
    return text.replace("<", "&lt;").strip()


def _raise_failed(reply: Answer) -> None:
    """An empty reply is no answer and no refusal: the check did not take place."""
    if reply.outcome.startswith("failed:"):
        error = ModelError(reply.message)
        error.outcome = reply.outcome
        raise error
