"""Functions of source code that bear on the question, then the best blocks of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

from annotated_types import Ge, Interval

from crossover.compressors import _code_packing, _code_perplexity, _code_structure
from crossover.compressors._code_languages import Language
from crossover.compressors._code_sources import divided, sources
from crossover.compressors._code_structure import Chunk
from crossover.compressors._relevance import evenly, relevance
from crossover.errors import ConfigError
from crossover.roles import Compressor, Model, Reranker
from crossover.types import Passage


@dataclass(frozen=True, slots=True)
class Code(Compressor):
    """Keep the functions that bear on the question, then blocks of them, signatures with them.

    LongCodeZip (Shi et al. 2025, arXiv 2510.00446) over tree-sitter's functions: the best go into
    ``1 / fine_ratio`` budgets, each gets a share by its score (``beta``), a knapsack picks its
    blocks, and a comment marks every gap; what room remains goes to the next best blocks. Ranked
    by BM25 over identifiers and their parts, any ``ranker``, or, as published, by how much a
    causal ``model`` is less surprised at the question after the code; blocks end at blank lines
    and indentation, with ``model`` where a line's perplexity spikes. Text without functions is
    paragraphs of sentences.
    """

    ranker: Reranker | None = field(
        default=None, metadata={"help": "what ranks functions and blocks [BM25]"}
    )
    model: str = field(
        default="",
        metadata={"help": "causal language model that ranks instead: hub id, folder or `packaged`"},
    )
    language: Language = field(
        default="auto", metadata={"help": "auto: by the file's ending, else by its text"}
    )
    rank_only: bool = field(
        default=False, metadata={"help": "whole functions alone (the paper's ablation)"}
    )
    fine_ratio: Annotated[float, Interval(gt=0, le=1)] = field(
        default=0.5, metadata={"help": "share of the functions taken up that their blocks keep"}
    )
    beta: Annotated[float, Interval(ge=0, le=1)] = field(
        default=0.5, metadata={"help": "how much a function's score counts for its share"}
    )
    small: Annotated[int, Ge(0)] = field(
        default=5, metadata={"help": "functions of fewer lines are kept whole"}
    )
    threads: Annotated[int, Ge(0)] = field(
        default=0, metadata={"help": "CPU threads; 0: all", "operational": True}
    )
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if self.ranker and self.model:
            raise ConfigError("code: give either a ranker or a model that ranks, not both")

    def compress(
        self, query: str, passages: Sequence[Passage], budget: int, model: Model
    ) -> list[Passage]:
        """Rank the functions and keep the best of their blocks within the budget."""
        found, parts = sources(passages, self.language)
        if not parts:
            return []
        packing = _code_packing.Packing(found, model)
        scores = self._scores(query, [part.text for part in parts], model)
        scored = [replace(part, score=score) for part, score in zip(parts, scores, strict=True)]
        best = sorted(scored, key=lambda part: -part.score)
        if self.rank_only:
            return packing.packed([block for part in best for block in part.blocks], budget)
        taken = packing.coarse(best, int(budget / self.fine_ratio))
        near = [divided(found, best[at], self._blocks) for at in taken]
        blocks = [block for part in near for block in part.blocks]
        values = self._scores(query, [packing.text(block) for block in blocks], model)
        worth = dict(zip(blocks, values, strict=True))
        first = packing.chosen(near, worth, budget, self.beta, self.small)
        # what room the knapsacks leave goes to what they left out, then to the other functions
        second = [b for part in near for b in sorted(part.blocks, key=lambda b: -worth[b])]
        rest = [part for at, part in enumerate(best) if at not in {*taken}]
        third = [b for part in rest for b in divided(found, part, _code_structure.blocks).blocks]
        return packing.packed([*dict.fromkeys([*first, *second, *third])], budget)

    def _scores(self, query: str, texts: Sequence[str], model: Model) -> list[float]:
        if self.model:
            return evenly(_code_perplexity.gains(query, texts, self.model, self.threads))
        return relevance(query, texts, self.ranker, "code", model)

    def _blocks(self, chunk: Chunk, lines: Sequence[str]) -> list[tuple[int, int]]:
        if self.model:
            return _code_perplexity.by_spikes(chunk, lines, self.model, self.threads)
        return _code_structure.blocks(chunk, lines)
