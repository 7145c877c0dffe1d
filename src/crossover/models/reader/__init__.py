"""The embedded reader: a real model without a key, a network or a GPU."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Interval

from crossover import meter, tokens
from crossover.errors import UnsupportedRequest
from crossover.models._rendering import prompt_digest
from crossover.models.reader import _found, _weights, _windows
from crossover.models.reader._found import Found
from crossover.roles import Model
from crossover.sentences import sentences
from crossover.types import DO_THEY_ANSWER, Completion, Passage, Request, Step, Usage

__all__ = ["Found", "Reader"]

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Reader(Model):
    """An extractive reader of 22M parameters, trained from all-MiniLM-L6-v2; see its model card.

    It reads every passage, whatever their number, in windows of whole sentences, and replies with
    the likeliest span, the best sentences or the letter of a choice, or declines. ``evidence`` and
    ``summary`` are its most relevant sentences within the limit; a ``verdict`` it gives on
    ``DO_THEY_ANSWER`` alone. It cannot write or reason: all else raises UnsupportedRequest.
    """

    reply: Literal["span", "sentences"] = field(
        default="span", metadata={"help": "answer with the words found or with whole sentences"}
    )
    sentences: Annotated[int, Ge(1)] = field(
        default=2, metadata={"help": "sentences in an answer at most, where it replies so"}
    )
    decline_below: Annotated[float, Interval(ge=0, le=1)] = field(
        default=0.5, metadata={"help": "probability of an answer below which it has none"}
    )
    threads: Annotated[int, Ge(0)] = field(
        default=0, metadata={"help": "CPU threads; 0: all", "operational": True}
    )
    version: ClassVar[int] = 2
    concurrency: ClassVar[int] = 1
    writes: ClassVar[bool] = False

    @property
    def window(self) -> int:
        """No bound: passages are read window by window."""
        return 10_000_000

    def check(self) -> None:
        """Load everything before the first question, so that no answer waits for it."""
        sentences("Loaded.")
        _weights.load()
        self.read([("Loaded?", [Passage("", 0, 7, "Loaded.")])])

    def count(self, text: str) -> int:
        """Count word pieces."""
        return self.count_many([text])[0]

    def count_many(self, texts: Sequence[str]) -> list[int]:
        """Count the word pieces of each text, in one go."""
        parts = [tokens.pieces(text) for text in texts]
        encode = _windows.tokenizer().encode_batch
        found = iter(
            encode([part for pieces in parts for part in pieces], add_special_tokens=False)
        )
        return [sum(len(next(found)) for _ in pieces) for pieces in parts]

    def complete(self, request: Request) -> Completion:
        """Reply with what was found, or decline; raises UnsupportedRequest."""
        return self.complete_many([request])[0]

    def complete_many(self, requests: Sequence[Request]) -> list[Completion]:
        """Read for all requests in common batches."""
        for request in requests:
            _check(request)
        asked = [
            (request.question or request.instruction, request.passages) for request in requests
        ]
        found = self.read(asked)
        replies = [self._reply(*pair) for pair in zip(requests, found, strict=True)]
        meter.current().mark_first_token()
        return replies

    def stream(self, request: Request) -> Iterator[str]:
        """Reply in one piece."""
        yield self.complete(request).text

    def read(
        self, asked: Sequence[tuple[str, Sequence[Passage]]], *, spans: bool = True
    ) -> list[Found]:
        """Read passages for every question: spans, sentences, passages and answerability at once.

        One pass serves all of it: ``Found`` reranks passages, picks sentences and says how
        probable it is that they answer. The work is charged to the open meter. Without ``spans``
        there are none, and each sentence is read once: a tenth faster.
        """
        with meter.wait():
            _weights.load()
        clock = meter.Meter()
        found = _found.read(asked, self.threads, spans)
        seconds = clock.elapsed()
        total = sum(one.tokens for one in found) or 1
        return [
            _charged(pair, one, seconds * one.tokens / total)
            for pair, one in zip(asked, found, strict=True)
        ]

    def _reply(self, request: Request, found: Found) -> Completion:
        sure = found.answerable >= self.decline_below and bool(found.spans)
        if request.wants == "verdict":
            return self._completion(found, "yes" if sure else "no", ())
        if request.wants in ("evidence", "summary"):
            best = found.within(request.max_tokens)
            return self._completion(found, _joined(best, request.passages), best)
        if request.choices and request.passages:
            return self._choice(request, found)
        if not sure:
            return self._completion(found, "", (), declined=True)
        if self.reply == "sentences":
            best = found.within(request.max_tokens, self.sentences)
            return self._completion(found, _joined(best, request.passages), best)
        short = (span for span in found.spans if self.count(span.text) <= request.max_tokens)
        span = next(short, found.spans[0])
        return self._completion(found, " ".join(span.text.split()), (found.around(span),))

    def _completion(
        self, found: Found, text: str, evidence: tuple[Passage, ...], declined: bool = False
    ) -> Completion:
        written = Usage(output_tokens=self.count(text))
        meter.current().charge(written)
        usage, figures = found.usage + written, {"answerable": found.answerable}
        return Completion(text, usage, declined=declined, evidence=evidence, figures=figures)

    def _choice(self, request: Request, found: Found) -> Completion:
        """The letter of the choice that the best sentences answer most surely."""
        best = found.within(_windows.LENGTH // 2)
        tried = self.read([(f"{request.question} {choice}", best) for choice in request.choices])
        scores = [one.support for one in tried]
        letter = LETTERS[scores.index(max(scores))]
        usage = sum((one.usage for one in tried), found.usage)
        return self._completion(replace(found, usage=usage), letter, best)


def _charged(asked: tuple[str, Sequence[Passage]], found: Found, seconds: float) -> Found:
    """Bill what one question took of a common reading."""
    usage = Usage(found.tokens, 0, calls=1, compute_seconds=seconds)
    detail = f"{found.tokens:,} tokens; P(answer) {found.answerable:.2f}"
    prompt = prompt_digest(Request("", asked[0], tuple(asked[1])))
    meter.current().charge(usage, Step("passages read", seconds, detail, prompt=prompt))
    return replace(found, usage=usage)


def _check(request: Request) -> None:
    if request.wants in ("answer", "evidence", "summary"):
        return
    if request.wants == "verdict" and request.instruction == DO_THEY_ANSWER:
        return
    raise UnsupportedRequest(
        f"the embedded reader quotes passages and says whether they answer a question; it cannot "
        f"serve this request for {request.wants}"
    )


def _joined(best: Sequence[Passage], passages: Sequence[Passage]) -> str:
    """Sentences in the order of the text; one found twice, in overlapping passages, once."""
    order = {
        document: at for at, document in enumerate(dict.fromkeys(p.document for p in passages))
    }
    places = {(order[s.document], s.start): " ".join(s.text.split()) for s in best}
    return " ".join(dict.fromkeys(text for _, text in sorted(places.items())))
