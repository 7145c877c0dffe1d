"""How certain a model is of its answer from each part of a text."""

from __future__ import annotations

import math
from collections.abc import Sequence

from crossover import meter
from crossover.abstention import abstains
from crossover.errors import UnsupportedRequest
from crossover.pipelines._calling import many, one
from crossover.roles import Model, Reranker
from crossover.types import Completion, Passage, Request, Step


def of_reply(reply: Completion) -> float:
    """The geometric mean of the probabilities of a reply's tokens; 0 where it has no answer.

    An estimate: providers tell what was written, not the whole distribution that an entropy needs.
    """
    if not reply.logprobs or reply.declined or abstains(reply.text):
        return 0.0
    return math.exp(sum(logprob for _, logprob in reply.logprobs) / len(reply.logprobs))


def replies(requests: Sequence[Request], model: Model) -> list[Completion]:
    """Ask about all parts side by side; raises UnsupportedRequest for a model without logprobs."""
    found = many(model, requests, "segments")
    if not meter.current().planning and any(r.text.strip() and not r.logprobs for r in found):
        raise UnsupportedRequest("the model gives no logprobs: certainty=answerability needs none")
    return found


def replies_if_known(requests: Sequence[Request], model: Model) -> list[Completion] | None:
    """Ask about the first part, and about the others if the model gives logprobs; None if not."""
    try:
        first = one(model, requests[0], "first segment")
    except UnsupportedRequest as error:
        _say_unknown(str(error))
        return None
    if not first.logprobs and not meter.current().planning:
        _say_unknown("the reply to the first segment holds none")
        return None
    return [first, *replies(requests[1:], model)] if requests[1:] else [first]


def _say_unknown(why: str) -> None:
    meter.current().note(Step("no logprobs", None, f"{why}; answerability is judged instead"))


def answerability(
    segments: Sequence[Sequence[Passage]], query: str, judge: Reranker, model: Model
) -> list[float]:
    """The best score that a judge gives to any passage of each segment; a dry run asks nobody."""
    if meter.current().planning:
        return [0.0] * len(segments)
    with meter.stage("segments judged"):
        ranked = judge.rerank(query, [p for segment in segments for p in segment], model)
    scores = {(p.document, p.start, p.end): p.score for p in ranked}
    return [max(scores[p.document, p.start, p.end] for p in segment) for segment in segments]
