"""The information profile of a question: how much its answer needs, how hard that is to find.

Scope and diffusion are the two ways in which a long-context question is hard (Goldman et al.
2024, "Is It Really Long Context if All You Need Is Retrieval?"), information coverage is ETHIC's
measure (Lee et al. 2024). ``profile`` estimates from what a router may see; ``gold_profile``
measures with the gold evidence, for slices alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from crossover.profiles import cues, curve
from crossover.profiles.curve import Curve
from crossover.profiles.gold import GoldProfile, gold_profile
from crossover.types import Passage, Question

__all__ = ["GoldProfile", "InformationProfile", "gold_profile", "profile"]

# how much each sign alone says about scope: they add up as independent signs do
SCOPE = {
    "aggregation": 0.4,
    "superlative": 0.4,
    "comparison": 0.2,
    "several": 0.4,
    "explanation": 0.2,
    "entities": 0.2,
    "spread": 0.6,
}
# shares of the mean that is diffusion
DIFFUSION = {"spread": 0.4, "reading": 0.4, "missing": 0.2}


@dataclass(frozen=True, slots=True)
class InformationProfile:
    """What can be told about a question before it is answered; every number is in 0-1.

    ``scope``: how much of the context is needed; ``diffusion``: how hard that is to find. The
    others are what they are made of, and ``absent`` and ``gap``. Signs in the wording:
    ``aggregation`` (a count, a list, a summary), ``superlative``, ``comparison``, ``several``
    (a plural), ``explanation``, ``entities`` (names asked about). Signs in the context:
    ``spread`` (entropy of the relevance over the passages), ``reading`` (share of the context,
    best passages first, until half of the sharpened relevance has been seen), ``missing`` (share
    of the question's words, rare ones counting more, that the best passage lacks), ``absent``
    (the same for all passages), ``gap`` (how far the fifth score lies below the first).
    """

    scope: float
    diffusion: float
    aggregation: float
    superlative: float
    comparison: float
    several: float
    explanation: float
    entities: float
    spread: float
    reading: float
    missing: float
    absent: float
    gap: float

    def features(self) -> dict[str, float]:
        """Return all numbers by name, in a fixed order."""
        return asdict(self)


def profile(question: Question, passages: Sequence[Passage] | None = None) -> InformationProfile:
    """Estimate a question's profile from its text and documents, without a model or gold.

    Documents are cut into passages of 150 words and searched with BM25; the index is kept for
    the next questions on them. With ``passages`` (scored by any retriever, 20 or more of them),
    these are taken instead and the documents are not read. Cues are English. Raises DataError
    where a document cannot be loaded.
    """
    lies = curve.of_documents(question) if passages is None else curve.given(question, passages)
    signs = {
        "aggregation": cues.aggregates(question),
        "superlative": cues.superlative(question),
        "comparison": cues.compares(question),
        "several": cues.several(question),
        "explanation": cues.explains(question),
        "entities": cues.entities(question),
    } | _measures(lies)
    return InformationProfile(_scope(signs), _diffusion(signs), **signs)


def _measures(lies: Curve) -> dict[str, float]:
    return {
        "spread": lies.spread(),
        "reading": lies.reading(),
        "missing": lies.missing,
        "absent": lies.absent,
        "gap": lies.gap(),
    }


def _scope(signs: dict[str, float]) -> float:
    left = 1.0
    for name, weight in SCOPE.items():
        left *= 1 - weight * signs[name]
    return 1 - left


def _diffusion(signs: dict[str, float]) -> float:
    return sum(weight * signs[name] for name, weight in DIFFUSION.items())
