"""Structure before reading: the text's own sentences under an outline that a model draws."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from annotated_types import Ge

from crossover import meter
from crossover.compressors import _outlined, _outlines, _writing
from crossover.compressors._keeping import Unit
from crossover.compressors._outlined import Drawn
from crossover.compressors._relevance import relevance
from crossover.roles import Compressor, Model, Reranker
from crossover.sentences import sentences
from crossover.types import Passage, Request, Step

INSTRUCTION = (
    "The sentences above are numbered. Draw the outline of their text: its scope in one sentence, "
    "and its aspects in order, each with a short name and the numbers of the sentences that treat "
    "it. An aspect may have aspects of its own. Do not repeat the sentences. Reply in the form "
    '{"scope": "…", "aspects": [{"name": "…", "sentences": "1-4", "aspects": []}]}'
)

# tokens around the text in a request
FRAME = 30


@dataclass(frozen=True, slots=True)
class Outline(Compressor):
    """Show the sentences of the aspects that bear on the question, under a model's outline.

    StruXGPT's structurization (Liu et al. 2024, arXiv 2407.16434): sentences are numbered, one call
    names the scope and the aspects with their ranges, and the original sentences are shown under
    these headings; of what exceeds the budget, the most relevant aspects and in the last of them
    the most relevant sentences stay. Sentences that no aspect names stand under "Other". Text that
    exceeds the model's window is outlined in pieces. Where a reply holds no outline, its sentences
    are kept by relevance without headings, and a step says so.
    """

    ranker: Reranker | None = field(
        default=None, metadata={"help": "what judges relevance [BM25 over the words]"}
    )
    piece: Annotated[int, Ge(0)] = field(
        default=0, metadata={"help": "the model's tokens outlined at once; 0: as many as fit"}
    )
    max_tokens: Annotated[int, Ge(1)] = field(
        default=1024, metadata={"help": "longest outline of a piece, in tokens"}
    )
    version: ClassVar[int] = 1
    asks_model: ClassVar[bool] = True

    def compress(
        self, query: str, passages: Sequence[Passage], budget: int, model: Model
    ) -> list[Passage]:
        """Have the passages outlined; raises what the model raises."""
        drawn = self._drawn(passages, model)
        # a dry run ranks by words: nothing may be read for it
        ranker = None if meter.current().planning else self.ranker
        ranked = _outlined.by_relevance(
            drawn, passages, lambda texts: relevance(query, texts, ranker, "english", model)
        )
        return _outlined.fitted(ranked, drawn, passages, budget, model)

    def _drawn(self, passages: Sequence[Passage], model: Model) -> list[Drawn]:
        units = [
            Unit(at, start, end, 0.0)
            for at, passage in enumerate(passages)
            for start, end in sentences(passage.text)
        ]
        if not units:
            return []
        ask = Request(INSTRUCTION, wants="json", max_tokens=self.max_tokens)
        room = min(_writing.room_for(ask, model), self.piece or model.window)
        pieces = list(_numbered(units, passages, room, model))
        requests = [
            Request(INSTRUCTION, "", (shown,), "json", max_tokens=self.max_tokens)
            for _, shown in pieces
        ]
        replies = _writing.replies(requests, model, other=False)
        return [_read(part, reply.text) for (part, _), reply in zip(pieces, replies, strict=True)]


def _read(part: Sequence[Unit], reply: str) -> Drawn:
    """The outline of a reply, or none, which a step says."""
    structure = _outlines.read(reply, len(part))
    if structure is None and not meter.current().planning:
        detail = f"of {len(part)} sentences: the model replied {' '.join(reply.split())[:100]!r}"
        meter.current().note(Step("no outline", None, detail))
    return Drawn(part, structure or _outlines.Structure())


def _numbered(
    units: Sequence[Unit], passages: Sequence[Passage], room: int, model: Model
) -> Iterator[tuple[list[Unit], Passage]]:
    """Sentences as one request shows them, each with its number, and what they are."""
    part, lines, left = list[Unit](), list[str](), room - FRAME
    for unit in units:
        line = f"[{len(part) + 1}] {' '.join(_outlined.said(unit, passages).split())}"
        needed = model.count(line) + 1
        if part and needed > left:
            yield part, _as_passage(part, lines, passages)
            part, lines, left = [], [], room - FRAME
            line = f"[1] {line.partition(' ')[2]}"
        part.append(unit)
        lines.append(line)
        left -= needed
    yield part, _as_passage(part, lines, passages)


def _as_passage(part: Sequence[Unit], lines: Sequence[str], passages: Sequence[Passage]) -> Passage:
    first = passages[part[0].passage]
    return Passage(first.document, first.start, first.start, "\n".join(lines))
