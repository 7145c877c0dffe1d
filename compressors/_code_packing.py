"""Which blocks of code are kept within a budget: LongCodeZip's allocation and knapsack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crossover.compressors._code_sources import Block, Part, Source
from crossover.compressors._code_structure import Shell
from crossover.compressors._keeping import Unit, fill
from crossover.roles import Model
from crossover.types import Passage

# cells of a knapsack's table in one direction: larger budgets are counted in larger units
CELLS = 4096
# how often what was dropped or left is tried again
ROUNDS = 3
# what a block is worth that says nothing of the question: more of a function beats less
LEAST = 0.01


def budgets(
    sizes: Sequence[int], scores: Sequence[float], small: Sequence[bool], budget: int, beta: float
) -> list[int]:
    """Tokens for each function: small ones are kept whole, others the more the better they score.

    A function's rate is the common one times 1 + beta (2 score - 1), scores scaled to 0 to 1.
    """
    left = budget - sum(size for size, whole in zip(sizes, small, strict=True) if whole)
    large = sum(size for size, whole in zip(sizes, small, strict=True) if not whole)
    rate = min(1.0, max(0.0, left / large)) if large else 1.0
    low, high = min(scores, default=0.0), max(scores, default=0.0)
    scaled = [(score - low) / (high - low) if high > low else 0.5 for score in scores]
    biased = [rate * (1 + beta * (2 * score - 1)) for score in scaled]
    kept = sum(r * s for r, s, whole in zip(biased, sizes, small, strict=True) if not whole)
    factor = rate * large / kept if kept else 1.0
    return [
        size if whole else int(size * min(1.0, one * factor))
        for one, size, whole in zip(biased, sizes, small, strict=True)
    ]


def knapsack(values: Sequence[float], weights: Sequence[int], capacity: int) -> list[int]:
    """Which items are worth most together within the capacity; in order."""
    import numpy as np

    step = max(1, -(-capacity // CELLS))
    room, heavy = capacity // step, [max(1, -(-weight // step)) for weight in weights]
    if room < 1:
        return []
    best = np.zeros(room + 1)
    taken = np.zeros((len(values), room + 1), dtype=bool)
    for at, (value, weight) in enumerate(zip(values, heavy, strict=True)):
        if weight <= room:
            with_it = best[: room + 1 - weight] + value
            taken[at, weight:] = with_it > best[weight:]
            best[weight:] = np.maximum(with_it, best[weight:])
    kept = list[int]()
    for at in reversed(range(len(values))):
        if taken[at, room]:
            kept.append(at)
            room -= heavy[at]
    return kept[::-1]


class Packing:
    """Fills a budget of a model's tokens with blocks and the signatures around them."""

    def __init__(self, sources: Sequence[Source], model: Model) -> None:
        self.sources, self.model = sources, model
        self._sizes = dict[str, int]()

    def text(self, block: Block) -> str:
        """What a block says."""
        return self.sources[block.passage].passage.text[block.start : block.end]

    def size(self, text: str) -> int:
        """Tokens of a text, each counted once."""
        if text not in self._sizes:
            self._sizes[text] = self.model.count(text)
        return self._sizes[text]

    def coarse(self, ranked: Sequence[Part], budget: int) -> list[int]:
        """Which of the parts fit, best first; the best in any case."""
        taken = list[int]()
        for at, part in enumerate(ranked):
            size = self.size(part.text)
            if not taken or size <= budget:
                taken.append(at)
                budget -= size
        return taken

    def chosen(
        self,
        parts: Sequence[Part],
        values: Mapping[Block, float],
        budget: int,
        beta: float,
        small: int,
    ) -> list[Block]:
        """Blocks of these parts, by one knapsack for each."""
        weights = [[self.size(self.text(block)) for block in part.blocks] for part in parts]
        sizes, scores = [sum(each) for each in weights], [part.score for part in parts]
        whole = [part.length < small for part in parts]
        shares = budgets(sizes, scores, whole, budget, beta)
        kept = list[Block]()
        for part, own, share in zip(parts, weights, shares, strict=True):
            worth = [values[block] + LEAST for block in part.blocks]
            kept += [part.blocks[at] for at in knapsack(worth, own, share)]
        return kept

    def packed(self, ranked: Sequence[Block], budget: int) -> list[Passage]:
        """Keep the first of these blocks that fit, passing over those that don't."""
        kept, room = list[Block](), budget
        for _ in range(ROUNDS):
            known, shown = {*kept}, {(b.passage, s) for b in kept for s in b.shells}
            for block in ranked:
                new = [s for s in block.shells if (block.passage, s) not in shown]
                needed = self.size(self.text(block)) + sum(
                    self._shell(block.passage, s) for s in new
                )
                if block not in known and needed <= room:
                    kept.append(block)
                    shown.update((block.passage, s) for s in new)
                    room -= needed
            room = self._trimmed(kept, budget)
        if kept or not ranked:
            return self._shown(kept)
        best = [Unit(b.passage, b.start, b.end, -at) for at, b in enumerate(ranked)]
        return fill([source.passage for source in self.sources], best, budget, self.model)

    def _trimmed(self, kept: list[Block], budget: int) -> int:
        """Drop what came last until all fits; return the tokens that are left."""
        while True:
            used = sum(self.model.count(passage.text) for passage in self._shown(kept))
            if used <= budget or not kept:
                return budget - used
            while used > budget and kept:
                used -= max(1, self.size(self.text(kept.pop())))

    def _shown(self, kept: Sequence[Block]) -> list[Passage]:
        of = dict[int, list[Block]]()
        for block in kept:
            of.setdefault(block.passage, []).append(block)
        return [self.sources[at].shown(of[at]) for at in sorted(of)]

    def _shell(self, passage: int, shell: Shell) -> int:
        source = self.sources[passage]
        texts = (source.passage.text[a:b] for a, b in source.around(shell))
        return sum(map(self.size, texts))
