"""The embedded reader: a real model without a key, a network or a GPU."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from annotated_types import Ge, Interval

from crossover import meter
from crossover.errors import UnsupportedRequest
from crossover.models.reader import _encoder
from crossover.roles import Model
from crossover.sentences import sentences
from crossover.types import Completion, Passage, Request, Step, Usage

# how many sentences are scored before their vectors are let go
STRIDE = 512


@dataclass(frozen=True, slots=True)
class Reader(Model):
    """An extractive reader on the packaged all-MiniLM-L6-v2 (22M parameters).

    It reads every sentence of every passage, whatever their number, and replies with those
    nearest to the question by cosine, in document order, or declines where none is near enough.
    It cannot write, reason or know anything: other requests raise UnsupportedRequest.
    """

    sentences: Annotated[int, Ge(1)] = field(
        default=2, metadata={"help": "sentences in an answer at most"}
    )
    decline_below: Annotated[float, Interval(ge=-1, le=1)] = field(
        default=0.4, metadata={"help": "cosine below which it has no answer"}
    )
    threads: Annotated[int, Ge(0)] = field(
        default=0, metadata={"help": "CPU threads; 0: all", "operational": True}
    )
    version: ClassVar[int] = 1
    concurrency: ClassVar[int] = 1

    @property
    def window(self) -> int:
        """No bound: passages are read sentence by sentence."""
        return 10_000_000

    def check(self) -> None:
        """Load everything before the first question, so that no answer waits for it."""
        sentences("Loaded.")
        _encoder.similarities("", [""], STRIDE, self.threads)

    def count(self, text: str) -> int:
        """Count word pieces, as MiniLM reads them."""
        return _encoder.count(text)

    def complete(self, request: Request) -> Completion:
        """Reply with the best sentences, the letter of the best choice, or decline."""
        if request.wants not in ("answer", "evidence"):
            raise UnsupportedRequest(
                f"the embedded reader quotes sentences; it cannot serve a request for "
                f"{request.wants}"
            )
        with meter.wait():
            _encoder.encoder()
        clock = meter.Meter()
        best = self._best(request)
        near = [sentence for sentence in best if sentence.score >= self.decline_below]
        text = self._reply(request, near) if near else ""
        usage = Usage(
            input_tokens=sum(
                map(self.count, (request.question, *(p.text for p in request.passages)))
            ),
            output_tokens=self.count(text),
            calls=1,
            compute_seconds=clock.elapsed(),
        )
        detail = f"best cosine {best[0].score:.3f}" if best else "nothing to read"
        meter.current().mark_first_token()
        meter.current().charge(usage, Step("passages read", clock.elapsed(), detail))
        return Completion(text, usage, declined=not near, evidence=tuple(near))

    def complete_many(self, requests: Sequence[Request]) -> list[Completion]:
        """Answer one after the other: the encoder already uses every core."""
        return [self.complete(request) for request in requests]

    def stream(self, request: Request) -> Iterator[str]:
        """Reply in one piece."""
        yield self.complete(request).text

    def _best(self, request: Request) -> list[Passage]:
        """The nearest sentences, best first."""
        found = [
            Passage(p.document, p.start + start, p.start + end, p.text[start:end])
            for p in request.passages
            for start, end in sentences(p.text)
        ]
        scores = _encoder.similarities(
            request.question, [s.text for s in found], STRIDE, self.threads
        )
        order = sorted(range(len(found)), key=lambda at: (-scores[at], at))[: self.sentences]
        return [
            Passage(found[at].document, found[at].start, found[at].end, found[at].text, scores[at])
            for at in order
        ]

    def _reply(self, request: Request, best: Sequence[Passage]) -> str:
        if request.choices:
            return self._choice(request, best)
        room, kept = request.max_tokens, list[Passage]()
        for sentence in best:
            room -= self.count(sentence.text)
            if room < 0 and kept:
                break
            kept.append(sentence)
        # a sentence found twice, in overlapping passages, is said once
        places = {(s.document, s.start): " ".join(s.text.split()) for s in kept}
        return " ".join(dict.fromkeys(text for _, text in sorted(places.items())))

    def _choice(self, request: Request, best: Sequence[Passage]) -> str:
        """The letter of the choice whose wording is nearest to what was found."""
        evidence = " ".join(sentence.text for sentence in best)
        asked = [f"{request.question} {choice}" for choice in request.choices]
        scores = _encoder.similarities(evidence, asked, STRIDE, self.threads)
        return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[scores.index(max(scores))]
