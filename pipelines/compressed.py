"""Prompt compression: the whole documents, shortened before the model reads them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

from annotated_types import Ge, Interval

from crossover.compressors.extractive import Extractive
from crossover.errors import WindowError
from crossover.pipelines._answering import FROM_PASSAGES, ask
from crossover.pipelines._compressing import compressed
from crossover.pipelines._fitting import whole
from crossover.pipelines.full_context import OVERHEAD
from crossover.roles import Compressor, Model, Strategy
from crossover.types import Answer, Question


@dataclass(frozen=True, slots=True)
class Compressed(Strategy):
    """Shorten the documents to a share of their tokens, then answer from what is left.

    ``rate`` is the share kept, in the answering model's tokens (0.25 is 4×); where the model's
    window holds less, the documents are shortened to the window.
    """

    compressor: Compressor = field(
        default=Extractive(), metadata={"help": "how documents are shortened"}
    )
    rate: Annotated[float, Interval(gt=0, le=1)] = field(
        default=0.25, metadata={"help": "share of the tokens to keep"}
    )
    max_tokens: Annotated[int, Ge(1)] = field(
        default=256, metadata={"help": "longest answer, in tokens"}
    )
    version: ClassVar[int] = 1

    def answer(self, question: Question, model: Model) -> Answer:
        """Answer from the shortened documents; raises WindowError where the question fills it."""
        asked = sum(map(model.count, (question.text, *question.choices)))
        room = model.window - self.max_tokens - OVERHEAD - asked
        if room <= 0:
            raise WindowError(f"question and answer leave none of {model.window:,} tokens")
        documents = whole(question.documents)
        kept, done = compressed(self.compressor, question.text, documents, self.rate, model, room)
        answer = ask(question, model, kept, FROM_PASSAGES, self.max_tokens)
        return replace(answer, compression=done)
