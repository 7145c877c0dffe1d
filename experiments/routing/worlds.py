"""Planted worlds, in which it is known which strategy is likely right: what a month is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from crossover.experiments.routing.choosing import cost_of, quality_of
from crossover.experiments.routing.outcomes import Outcomes
from crossover.experiments.routing.refitting import worth
from crossover.router.artefact import Artefact
from crossover.types import Answer

Numbers = NDArray[np.float64]
Change = Literal["none", "longer", "kinds", "worse", "all"]
CHEAP, DEAR = "rag", "full_context"
IDLE = 16
# how often a right and a wrong answer of the cheap strategy decline
DECLINES = (0.08, 0.5)


@dataclass(frozen=True)
class World:
    """What a question is like and which strategy answers it.

    ``shift`` moves the log of the documents' length, ``hard`` is the share of questions that
    retrieval alone fails on, ``lost`` what the dear strategy loses on long documents.
    """

    shift: float = 0.0
    hard: float = 0.35
    lost: float = 0.0

    @classmethod
    def after(cls, change: Change) -> World:
        """The world after a change."""
        return {
            "none": cls(),
            "longer": cls(shift=0.8),
            "kinds": cls(hard=0.7),
            "worse": cls(lost=0.5),
            "all": cls(shift=0.8, hard=0.7, lost=0.5),
        }[change]


def questions(world: World, rows: int, chance: np.random.Generator, name: str = "d") -> Outcomes:
    """So many questions with the outcomes of both strategies, about five on one document."""
    import pandas as pd

    place = np.sort(chance.integers(0, max(2, rows // 5), rows))
    length = (10.0 + world.shift + chance.normal(0, 0.6, place.max() + 1))[place]
    hard = chance.random(rows) < world.hard
    right = _right(world, hard, length)
    quality = (chance.random(right.shape) < right).astype(float)
    declines = chance.random(rows) < np.where(quality[:, 0] > 0, *DECLINES)
    tokens = np.exp(length)
    costs = np.stack([np.full(rows, 3_000.0), tokens], axis=1)
    seen = {
        "question.explains": hard ^ (chance.random(rows) < 0.15),
        "question.compares": chance.random(rows) < np.where(hard, 0.5, 0.1),
        "question.words": 8 + 4 * hard + chance.normal(0, 2, rows),
        "documents.log_tokens": length,
        "retrieval.best": chance.normal(1 - 0.5 * hard, 0.3),
        "retrieval.windows": length - 5,
        **{f"question.idle_{n}": chance.normal(0, 1, rows) for n in range(IDLE)},
    }
    said = {"reply.declines": declines, "reply.log_words": 2 + chance.normal(0, 0.3, rows)}
    labels = {
        "dataset": "month",
        "example": [f"{name}{n}" for n in range(rows)],
        "group": [f"{name}{n}" for n in place],
        "model": "m",
        # a label, never a feature
        "tag.hard": hard,
    }
    outcome = ["declined" if d else "answered" for d in declines]
    return Outcomes(
        (CHEAP, DEAR),
        "headline",
        pd.DataFrame(labels),
        _rows(seen),
        _rows(said),
        quality,
        {"tokens": costs},
        tokens,
        declines,
        {CHEAP: [Answer("Ada", outcome=one) for one in outcome], DEAR: [Answer("Ada")] * rows},
        [""] * rows,
        [f"{name}{n}" for n in place],
    )


def loss(artefact: Artefact, world: World, seed: int = 0, rows: int = 6_000) -> float:
    """What a router is worth less, in quality less tokens, than knowing what is likely right."""
    found = questions(world, rows, np.random.default_rng([seed, 3]), "x")
    return float((_oracle(world, found, artefact) - worth(artefact, found)).mean())


def _oracle(world: World, rows: Outcomes, artefact: Artefact) -> Numbers:
    """The choice of one who knows which questions are hard and reads the first answer too."""
    right = _right(world, rows.labels["tag.hard"].to_numpy(), np.log(rows.tokens))
    price, declined = artefact.prices.get("tokens", 0.0), rows.declines
    said, unsaid = (np.where(declined, one, 1 - one) for one in DECLINES)
    right[:, 0] = right[:, 0] * said / (right[:, 0] * said + (1 - right[:, 0]) * unsaid)
    chosen = (right[:, 1] - price * rows.costs["tokens"][:, 1] > right[:, 0]).astype(np.intp)
    return np.asarray(quality_of(rows, chosen) - price * cost_of(rows, chosen, "tokens", True))


def _right(world: World, hard: NDArray[np.bool_], length: Numbers) -> Numbers:
    """How likely each strategy is right."""
    whole = 0.8 - 0.05 * (length - 10) - world.lost * (length > 10)
    found: Numbers = np.clip(np.stack([np.where(hard, 0.25, 0.85), whole], 1), 0.02, 0.98)
    return found


def _rows(columns: Mapping[str, Any]) -> list[dict[str, float]]:
    values = zip(*(np.asarray(one, dtype=float).tolist() for one in columns.values()), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in values]
