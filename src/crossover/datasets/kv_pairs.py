"""A JSON object of keys and values that mean nothing, in the manner of "lost in the middle"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from crossover.datasets._generated import Placed, Sample
from crossover.datasets._haystack import Written
from crossover.datasets._lengths import Counter
from crossover.datasets._pairs import identifiers, others, places, written


@dataclass(frozen=True, slots=True)
class KvPairs(Placed):
    """Key-value retrieval (Liu et al. 2024, arXiv 2307.03172): the value of one key among many.

    Keys and values are random UUIDs in one JSON object; ``depth`` is the place of the pair that is
    asked for, which is the evidence. Reading examples raises ConfigError where a text is too short.
    """

    scores: ClassVar[tuple[str, ...]] = ("substring_match", "exact_match")

    def kinds(self) -> Sequence[str]:
        """One task."""
        return ("kv_retrieval",)

    def written(self, sample: Sample, counter: Counter) -> Written:
        """Write the object and ask for one of its values."""
        random = Random(sample.seed)
        pairs = others(identifiers(random), (), sample.tokens, counter)
        last = len(pairs) - 1
        at = random.randint(0, last) if sample.depth is None else round(sample.depth * last)
        key, value = pairs[at]
        question = f'What is the value of the key "{key}"?'
        return Written(written(pairs), question, (value,), places(pairs, [at]))
