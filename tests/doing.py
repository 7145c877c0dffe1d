"""A strategy that does what a test tells it, and calls one after another."""

from crossover.measure import measured
from crossover.models.fake import Fake
from crossover.types import Answer, Question, Request

CALL = Request("Do it.")


class Doing:
    """A strategy that does what it is told with the model."""

    def __init__(self, work):
        self.work = work

    def answer(self, question, model):
        self.work(model)
        return Answer("done")


def answered(work, **options):
    return measured(Doing(work), Question("q", "?"), Fake(latency=0.05, **options))


def chain(model, calls):
    for _ in range(calls):
        model.complete(CALL)
