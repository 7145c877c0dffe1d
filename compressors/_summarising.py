"""One round of summaries: what each piece of the text becomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from crossover import meter
from crossover.compressors import _writing
from crossover.compressors._keeping import fill
from crossover.errors import ProviderError
from crossover.roles import Model
from crossover.types import Completion, Passage, Request, Step

ABOUT = (
    "Summarise what the passages say that helps to answer the question below, in at most {words} "
    "words. Keep names, numbers, dates and negations as they stand. Use nothing but the passages; "
    "do not answer the question itself. If nothing in them bears on it, reply: nothing relevant."
)
ALL = (
    "Summarise the passages in at most {words} words. Keep names, numbers, dates and negations as "
    "they stand. Use nothing but the passages."
)
NOTHING = "nothing relevant"


@dataclass(frozen=True, slots=True)
class Summariser:
    """Who writes the summaries, about what (nothing: about all), for whose tokens."""

    query: str
    model: Model
    writer: Model
    least: int
    piece: int
    longest: int

    def condensed(self, passages: Sequence[Passage], budget: int) -> list[Passage]:
        """Summaries of at most ``budget`` tokens, of as many rounds as that takes."""
        before = self._tokens(passages)
        while True:
            pieces = self._pieces(passages, before, budget)
            kept = self._round(pieces, self._shares(pieces, budget))
            after = self._tokens(kept)
            if after <= budget:
                return kept
            if after >= before:
                return self._cut(kept, budget)
            passages, before = kept, after

    def _pieces(self, passages: Sequence[Passage], size: int, budget: int) -> list[list[Passage]]:
        """What one request reads: no more than fits, and than its reply can do justice to."""
        ratio = self._ratio(passages)
        reply = min(budget, self.longest)
        room = _writing.room_for(self._request((), reply, ceil(reply * ratio)), self.writer)
        if budget > self.longest:
            room = min(room, ceil(size * ratio * self.longest / budget))
        room = min(room, self.piece) if self.piece else room
        return _writing.grouped(passages, room, _writing.shown_by(self.writer))

    def _shares(self, pieces: Sequence[Sequence[Passage]], budget: int) -> list[int]:
        if len(pieces) == 1:
            return [budget]
        sizes = [self._tokens(piece) for piece in pieces]
        shares = [budget * size // max(1, sum(sizes)) for size in sizes]
        # a summary of a few words says nothing: rather one more round
        return [
            max(one, min(self.least, ceil(n / 2))) for one, n in zip(shares, sizes, strict=True)
        ]

    def _round(self, pieces: Sequence[list[Passage]], shares: Sequence[int]) -> list[Passage]:
        requests = [
            self._request(piece, share, max(1, ceil(share * self._ratio(piece))))
            for piece, share in zip(pieces, shares, strict=True)
        ]
        found = _writing.replies(requests, self.writer, self.writer is not self.model)
        kept = list[Passage]()
        for at, (piece, share, reply) in enumerate(zip(pieces, shares, found, strict=True), 1):
            said = self._said(piece, share, reply)
            kept += said
            if not said:
                detail = f"piece {at} of {len(pieces)} contributes nothing: {_why(reply)}"
                meter.current().note(Step("no summary", None, detail))
        if not kept and not any(map(_says_nothing, found)):
            raise ProviderError("empty", f"no summary of any of {len(pieces)} pieces was written")
        return kept

    def _said(self, piece: Sequence[Passage], share: int, reply: Completion) -> list[Passage]:
        if _says_nothing(reply) or not reply.text.strip():
            return []
        if units := _writing.quoted(reply, piece):
            return fill(piece, units, share, self.model)
        text = _writing.shortened(reply.text, share, self.model, reply.finish == "length")
        if text != reply.text.strip():
            detail = f"of {self.model.count(reply.text)} tokens to {self.model.count(text)}"
            meter.current().note(Step("summary cut", None, detail))
        first = piece[0]
        return [Passage(first.document, first.start, first.start, text, first.score)] * bool(text)

    def _cut(self, kept: Sequence[Passage], budget: int) -> list[Passage]:
        """The first of the summaries that fit: another round would not shorten them."""
        found = list[Passage]()
        for passage in kept:
            text = _writing.shortened(passage.text, budget - self._tokens(found), self.model)
            found += [passage.cut(0, len(text), passage.score)] * bool(text)
        detail = f"no round shortens {len(kept)} summaries any more: {len(found)} are kept"
        meter.current().note(Step("summary cut", None, detail))
        return found

    def _request(self, piece: Sequence[Passage], share: int, longest: int) -> Request:
        text = " ".join(passage.text for passage in piece)
        words = max(1, round(share * len(text.split()) / max(1, self._tokens(piece)) or share))
        instruction = (ABOUT if self.query else ALL).format(words=words)
        return Request(instruction, self.query, tuple(piece), "summary", max_tokens=longest)

    def _ratio(self, passages: Sequence[Passage]) -> float:
        """The writer's tokens for one of the answering model's."""
        if self.writer is self.model:
            return 1.0
        own = sum(self.writer.count(passage.text) for passage in passages)
        return own / max(1, self._tokens(passages))

    def _tokens(self, passages: Sequence[Passage]) -> int:
        return sum(self.model.count(passage.text) for passage in passages)


def _says_nothing(reply: Completion) -> bool:
    return reply.declined or reply.text.strip(" .\n*\"'").lower() == NOTHING


def _why(reply: Completion) -> str:
    return "the model found nothing that bears on it" if _says_nothing(reply) else "an empty reply"
