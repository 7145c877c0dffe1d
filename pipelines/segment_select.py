"""Ask every segment of a text, and answer from those that the model is most certain of."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from annotated_types import Ge, Interval

from crossover import meter
from crossover.compressors._writing import shown_by
from crossover.pipelines import _certainty, _prompts
from crossover.pipelines._answering import FROM_PASSAGES, WANTS, ask
from crossover.pipelines._calling import packed, room_for
from crossover.retrievers.rerankers.reader import ReaderReranker
from crossover.roles import Model, Reranker, Strategy
from crossover.types import Answer, Completion, Passage, Question, Request

NAME = "segment_select"


@dataclass(frozen=True, slots=True)
class SegmentSelect(Strategy):
    """Splice the segments on which the question can be answered most certainly, and answer.

    XL3M (Wang et al. 2024, arXiv 2405.17755) keeps the segments whose next token has the lowest
    entropy. Here certainty is the geometric mean probability of the tokens of a short reply
    (``logprobs``), 0 where the reply declines; or the probability that the segment answers, as
    ``judge`` sees it (``answerability``); or chance (``random``). ``auto`` asks the first segment
    alone and, where its reply has no logprobs, the judge. Size and k are ours, not the paper's.
    """

    certainty: Literal["auto", "logprobs", "answerability", "random"] = field(
        default="auto", metadata={"help": "what segments are kept by"}
    )
    size: Annotated[int, Ge(1)] = field(
        default=512, metadata={"help": "the model's tokens in a segment of whole sentences"}
    )
    k: Annotated[int, Ge(1)] = field(default=4, metadata={"help": "segments that are kept"})
    threshold: Annotated[float, Interval(ge=0, le=1)] | None = field(
        default=None, metadata={"help": "keep all of this certainty, at least one, not k of them"}
    )
    judge: Reranker = field(
        default=ReaderReranker(weight=1), metadata={"help": "what judges answerability"}
    )
    reply_tokens: Annotated[int, Ge(1)] = field(
        default=32, metadata={"help": "longest reply to a segment, in tokens"}
    )
    seed: int = field(default=0, metadata={"help": "of certainty=random"})
    max_tokens: Annotated[int, Ge(1)] = field(
        default=256, metadata={"help": "longest answer, in tokens"}
    )
    prompts: _prompts.Overrides = field(
        default="", metadata={"help": "prompts that replace its own, by name"}
    )

    def __post_init__(self) -> None:
        _prompts.check(NAME, self.prompts)

    @property
    def version(self) -> str:
        """Its own version and that of its prompts."""
        return f"1.{_prompts.version(NAME)}"

    def answer(self, question: Question, model: Model) -> Answer:
        """Answer from the segments that are kept, in the order of the text."""
        asked = self._request(question, "segment", self.reply_tokens)
        final = self._request(question, "answer", self.max_tokens)
        room = min(room_for(asked, model), room_for(final, model))
        segments = packed(question.documents, min(self.size, room), model)
        sizes = [sum(map(shown_by(model), segment)) for segment in segments]
        if self.threshold is not None or len(segments) > self.k or sum(sizes) > room:
            scores = self._certainties(question, model, segments, asked)
            segments = self._kept(segments, sizes, scores, room)
        passages = [passage for segment in segments for passage in segment]
        with meter.stage("answer"):
            instructions = {question.form: final.instruction}
            return ask(question, model, passages, instructions, self.max_tokens)

    def _request(self, question: Question, prompt: str, max_tokens: int) -> Request:
        task = FROM_PASSAGES[question.form]
        return Request(
            _prompts.prompt(NAME, prompt, self.prompts, task=task),
            question.text,
            wants=WANTS[question.form],
            choices=question.choices,
            max_tokens=max_tokens,
            logprobs=prompt == "segment",
        )

    def _certainties(
        self,
        question: Question,
        model: Model,
        segments: Sequence[Sequence[Passage]],
        asked: Request,
    ) -> list[float]:
        if self.certainty == "random":
            chance = random.Random(f"{self.seed} {question.id}")
            return [chance.random() for _ in segments]
        requests = [replace(asked, passages=tuple(segment)) for segment in segments]
        replies: list[Completion] | None = None
        if self.certainty == "logprobs":
            replies = _certainty.replies(requests, model)
        elif self.certainty == "auto" and requests:
            replies = _certainty.replies_if_known(requests, model)
        if replies is None:
            return _certainty.answerability(segments, question.text, self.judge, model)
        scores = list(map(_certainty.of_reply, replies))
        _offer_best(replies, segments, scores)
        return scores

    def _kept(
        self,
        segments: Sequence[list[Passage]],
        sizes: Sequence[int],
        scores: Sequence[float],
        room: int,
    ) -> list[list[Passage]]:
        """The most certain segments that the window holds, in order, scored by their certainty."""
        best = sorted(range(len(segments)), key=lambda at: -scores[at])
        sure = [at for at in best if self.threshold is None or scores[at] >= self.threshold]
        kept = list[int]()
        for at in (sure or best[:1])[: self.k if self.threshold is None else None]:
            room -= sizes[at]
            if room < 0 and kept:
                break
            kept.append(at)
        return [[replace(p, score=scores[at]) for p in segments[at]] for at in sorted(kept)]


def _offer_best(
    replies: Sequence[Completion], segments: Sequence[Sequence[Passage]], scores: Sequence[float]
) -> None:
    """Put forward the reply that is most certain, should a limit stop the question."""
    at = max(range(len(scores)), key=scores.__getitem__, default=0)
    if scores and scores[at] > 0:
        meter.current().offer(Answer(replies[at].text.strip(), tuple(segments[at])))
