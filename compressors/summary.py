"""Summaries that a model writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge

from crossover.compressors._summarising import Summariser
from crossover.roles import Compressor, Model
from crossover.types import Passage


@dataclass(frozen=True, slots=True)
class Summary(Compressor):
    """Replace passages by a summary: of what bears on the question, or of everything.

    RECOMP's abstractive side (Xu et al. 2023, arXiv 2310.04408) with any model, and the abstractive
    families of Zhang et al. 2024 (arXiv 2407.08892). What exceeds the writer's window, or ``piece``
    or ``longest``, is summarised piece by piece, and the summaries again until they fit. The model
    is told the budget in words; what exceeds it is cut after a sentence, and a step says so.

    A summary stands where its first passage does; a model that quotes keeps the places. Where the
    writer says of every piece that nothing bears on the question, nothing is kept; replies that
    are all empty raise ProviderError (``failed:empty``).
    """

    focus: Literal["question", "everything"] = field(
        default="question", metadata={"help": "what the summary is about"}
    )
    writer: Model | None = field(
        default=None, metadata={"help": "the model that writes [the answering model]"}
    )
    piece: Annotated[int, Ge(0)] = field(
        default=0, metadata={"help": "the writer's tokens read at once; 0: as many as fit"}
    )
    longest: Annotated[int, Ge(1)] = field(
        default=1000, metadata={"help": "tokens of one summary; more are written in pieces"}
    )
    least: Annotated[int, Ge(1)] = field(
        default=100, metadata={"help": "tokens of a piece's summary, before they are joined"}
    )
    version: ClassVar[int] = 1
    asks_model: ClassVar[bool] = True

    def compress(
        self, query: str, passages: Sequence[Passage], budget: int, model: Model
    ) -> list[Passage]:
        """Have the passages summarised; raises what the writer raises, and ProviderError."""
        shown = [passage for passage in passages if passage.text.strip()]
        if not shown:
            return []
        about = query if self.focus == "question" else ""
        writer = self.writer or model
        options = (self.least, self.piece, self.longest)
        return Summariser(about, model, writer, *options).condensed(shown, budget)
