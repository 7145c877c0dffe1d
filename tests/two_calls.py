"""A strategy of two calls: a run killed between them must not pay for the first one again."""

from dataclasses import dataclass

from crossover.roles import Model, Strategy
from crossover.types import Answer, Question, Request


@dataclass(frozen=True, slots=True)
class TwoCalls(Strategy):
    """Ask for notes, then for the answer from the notes."""

    def answer(self, question: Question, model: Model) -> Answer:
        """Make two calls, one after the other."""
        notes = model.complete(Request("Take notes.", f"notes: {question.text}"))
        final = model.complete(Request("Answer.", f"answer: {question.text} from {notes.text}"))
        return Answer(final.text)
