"""The baseline of every comparison: keep one end or both, or sentences at random."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from crossover.compressors._keeping import assembled, fill
from crossover.compressors._selecting import units
from crossover.compressors._truncating import first_that_fit, tokens, words
from crossover.roles import Compressor, Model
from crossover.types import Passage


@dataclass(frozen=True, slots=True)
class Truncation(Compressor):
    """Keep the head, the tail or both ends of all passages together, or sentences at random.

    Whole words are kept, up to the budget; nothing is read and no model asked. What a method adds
    is what it gains over these.
    """

    keep: Literal["head", "tail", "ends", "random"] = field(
        default="head", metadata={"help": "what stays; ends: the middle is cut"}
    )
    seed: int = field(default=0, metadata={"help": "seed of the random sentences"})
    version: ClassVar[int] = 1
    ignores_question: ClassVar[bool] = True

    def compress(
        self, query: str, passages: Sequence[Passage], budget: int, model: Model
    ) -> list[Passage]:
        """Keep what is to stay, as far as the budget goes."""
        if self.keep == "random":
            drawn = random.Random(self.seed)
            found = [replace(u, score=drawn.random()) for u in units(passages, "sentence")]
            return fill(passages, found, budget, model)
        found = words(passages)
        share = {"head": budget, "tail": 0, "ends": budget - budget // 2}[self.keep]
        head = first_that_fit(found, passages, share, model)
        room = budget - tokens(head, passages, model) if self.keep != "head" else 0
        tail = first_that_fit(found[len(head) :][::-1], passages, room, model)
        # where both ends meet in a passage, what stands between them is a token too
        while head and tail and tokens(head + tail, passages, model) > budget:
            tail.pop()
        if not head and not tail:
            return fill(passages, found[:1] if self.keep == "head" else found[-1:], budget, model)
        return assembled(passages, head + tail)
