"""Scoring one answer by a benchmark's metric."""

import functools

from crossover import catalog
from crossover.types import Answer, Example, Question

built = functools.cache(catalog.metric)


def score(metric, answer, *golds, question="", choices=(), **tags):
    example = Example(Question("q", question, choices=tuple(choices)), golds, tags=tags)
    answer = answer if isinstance(answer, Answer) else Answer(answer)
    return built(metric)(example, answer)
