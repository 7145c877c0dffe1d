"""Strategies of many calls, to be stopped on their way."""

from dataclasses import dataclass

from crossover import meter
from crossover.limits import Limits
from crossover.measure import measured
from crossover.models.fake import Fake
from crossover.roles import Model, Strategy
from crossover.types import Answer, Passage, Question, Request

ASKED = Question("q", "Who built it?")
KNOWN = Passage("d", 0, 3, "Ada")


@dataclass(frozen=True, slots=True)
class Asking(Strategy):
    """So many calls, in threads or one after the other, the best so far put forward after each."""

    calls: int = 10
    threads: int = 1
    other: Model | None = None

    def answer(self, question, model):
        """Ask."""
        return Answer("all", (KNOWN,)) if self._ask(model) else Answer("none")

    def _ask(self, model):
        def call(number):
            reply = (self.other or model).complete(Request("Do it.", f"part {number}"))
            meter.current().offer(Answer(f"{reply.text} {number}", (KNOWN,)))

        return meter.side_by_side(call, range(self.calls), self.threads)


@dataclass(frozen=True, slots=True)
class Holding(Strategy):
    """Hands the question to others, in a part of their own."""

    strategies: tuple[Strategy, ...] = ()

    def answer(self, question, model):
        """Ask each; the last one's stands."""
        for one in self.strategies:
            with meter.stage("one of several"), meter.part():
                found = one.answer(question, model)
        return found


def limited(strategy, model=None, **limits):
    return measured(strategy, ASKED, model or Fake(), limits=Limits(**limits))
