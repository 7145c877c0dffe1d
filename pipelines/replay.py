"""Published answers, scored and billed as if their strategy had run here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal, Protocol, runtime_checkable

from crossover import meter
from crossover.abstention import abstains
from crossover.errors import UnsupportedRequest
from crossover.roles import Model, Strategy
from crossover.types import Answer, Document, Question, Step, Usage

# LaRA's method: the document cut in the middle at 127k, or five chunks of 600 tokens
FULL_WINDOW = 127_000
CHUNKS, CHUNK_TOKENS = 5, 600
# what the instruction around question and document takes, roughly
INSTRUCTION_TOKENS = 100

_counted: dict[str, int] = {}


@runtime_checkable
class _Published(Protocol):
    """What a released model can do, bound to its dataset."""

    def prediction(self, question_id: str, arm: str) -> str:
        """Return the published answer."""


@dataclass(frozen=True, slots=True)
class Replay(Strategy):
    """Play a released model's published answers: from the full document or from RAG.

    Tokens are those that the original method (LaRA's) would have used, dollars today's list price;
    time is unknown. A call that failed then is the outcome ``failed:empty``.
    """

    arm: Literal["full", "rag"] = field(
        default="full", metadata={"help": "answers from the full document, or from RAG"}
    )
    version: ClassVar[int] = 1
    needs: ClassVar[str] = "a model of published answers"

    def answer(self, question: Question, model: Model) -> Answer:
        """Look the answer up; raises UnsupportedRequest for a model that is not a released one."""
        if not isinstance(model, _Published):
            raise UnsupportedRequest("replay plays published answers: take a model released:NAME")
        text = model.prediction(question.id, self.arm).strip()
        held = sum(_tokens(document, model) for document in question.documents)
        _charge(model, self._read(held) + model.count(question.text), model.count(text), self.arm)
        if not text:
            return Answer("", outcome="failed:empty", message="the published answer is empty")
        cut = self.arm == "full" and held > FULL_WINDOW
        said = (
            f"{held:,} tokens exceed the {FULL_WINDOW:,} that fit: cut at the middle" if cut else ""
        )
        outcome = "declined" if abstains(text) else "truncated" if cut else "answered"
        return Answer(text, outcome=outcome, message=said, cut=said)

    def _read(self, held: int) -> int:
        most = FULL_WINDOW if self.arm == "full" else CHUNKS * CHUNK_TOKENS
        return min(held, most) + INSTRUCTION_TOKENS


def _charge(model: Model, read: int, written: int, arm: str) -> None:
    from crossover.prices import price

    usage = Usage(input_tokens=read, output_tokens=written, calls=1, dollars=None)
    usage = replace(usage, dollars=price(str(getattr(model, "name", "")), usage))
    current = meter.current()
    current.charge(usage, Step("published answer", detail=arm))
    current.mark_stored_reply()


def _tokens(document: Document, model: Model) -> int:
    """Count a document once; one whose text is absent gives its nominal count."""
    nominal = document.metadata.get("tokens")
    if nominal is not None:
        return int(nominal)
    if document.digest not in _counted:
        _counted[document.digest] = model.count(document.text)
    return _counted[document.digest]
