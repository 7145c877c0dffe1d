"""The tokens that an early layer of a local model looks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge

from crossover import meter
from crossover.compressors._attention import Attention, last_query_times_keys
from crossover.compressors._attention_tokens import Tokens, spread, widened
from crossover.compressors._keeping import Unit, assembled, fill
from crossover.models._huggingface_network import Dtype
from crossover.roles import Compressor, Model
from crossover.types import Passage

# published for 32 layers
PUBLISHED = 13 / 32


@dataclass(frozen=True, slots=True)
class GemFilter(Compressor):
    """Keep the tokens whose keys fit the last token's query in an early layer (GemFilter).

    After Shi et al. (2024, arXiv 2409.17422) and its code: the layers before ``layer`` run, there
    the last token's query times all keys is summed over heads and averaged over neighbours, and
    the best tokens are kept in their order, as text for any model. What exceeds the local model's
    window is read in pieces of equal length, each with the question, their scores taken as one.
    """

    model: str = field(
        default="meta-llama/Llama-3.1-8B-Instruct",
        metadata={"help": "folder or hub id of the local model whose attention is read"},
    )
    layer: Annotated[int, Ge(0)] | None = field(
        default=None, metadata={"help": "layer that filters, from 0; 13 of 32 in depth if null"}
    )
    kernel: Annotated[int, Ge(1)] = field(
        default=5, metadata={"help": "tokens over which scores are averaged"}
    )
    unit: Literal["token", "word"] = field(
        default="token", metadata={"help": "keep single tokens, as published, or whole words"}
    )
    window: Annotated[int, Ge(16)] | None = field(
        default=None, metadata={"help": "tokens of a piece at most; null: the model's window"}
    )
    dtype: Dtype = field(
        default="auto", metadata={"help": "number format of the weights; auto: as they are stored"}
    )
    version: ClassVar[int] = 1

    def compress(
        self, query: str, passages: Sequence[Passage], budget: int, model: Model
    ) -> list[Passage]:
        """Score every token by an early layer and keep the best within the budget."""
        if not any(passage.text.strip() for passage in passages):
            return []
        attention = Attention(self.model, self.dtype)
        tokens = Tokens.of(passages, attention)
        scores = [score for part in self._scores(query, tokens, attention) for score in part]
        attention.charge("tokens filtered")
        best = dict[tuple[int, int, int], float]()
        for place, score in zip(tokens.places, scores, strict=True):
            if place:
                best[place] = max(score, best.get(place, score))
        units = [Unit(*place, score) for place, score in best.items()]
        units = widened(passages, units) if self.unit == "word" else units
        return _best(passages, units, budget, model)

    def _scores(self, query: str, tokens: Tokens, attention: Attention) -> Iterator[list[float]]:
        import torch

        before, between, asked = attention.framed(query)
        after, room = [*between, *asked], attention.room(before, between, asked)
        depth = round(PUBLISHED * attention.layers) if self.layer is None else self.layer
        for start, end in spread(len(tokens.ids), min(room, self.window or room)):
            meter.working("tokens filtered", start, len(tokens.ids))
            ids = [*before, *tokens.ids[start:end], *after]
            raw = attention.look(ids, depth, last_query_times_keys)
            smooth = torch.nn.functional.avg_pool1d(
                raw[None], self.kernel, stride=1, padding=self.kernel // 2
            )[0]
            yield smooth[len(before) : len(before) + end - start].tolist()


def _best(
    passages: Sequence[Passage], units: Sequence[Unit], budget: int, model: Model
) -> list[Passage]:
    """As many of the best units as fit together, all in their order."""
    ranked = sorted(units, key=lambda unit: (-unit.score, unit.passage, unit.start))
    kept, low, high = list[Passage](), 0, len(ranked)
    while low < high:
        middle = (low + high + 1) // 2
        tried = assembled(passages, ranked[:middle])
        if sum(model.count(passage.text) for passage in tried) <= budget:
            kept, low = tried, middle
        else:
            high = middle - 1
    return kept or fill(passages, ranked[:1], budget, model)
