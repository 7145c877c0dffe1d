"""Graded runs with a planted structure, for routers to learn from."""

import numpy as np
import pandas as pd

from crossover.experiments.routing.outcomes import Outcomes
from crossover.types import Answer

CHEAP, DEAR = "rag", "full_context"


def planted(rows=600, documents=30, seed=0, signal=0.8, models=("m",), strategies=(CHEAP, DEAR)):
    """Outcomes in which a feature of the question says which strategy is right.

    ``hard`` questions are answered by the dear strategy alone; the cheap answer to such a question
    often declines. With ``signal=0`` nothing tells them apart.
    """
    chance = np.random.default_rng(seed)
    hard = chance.random(rows) < 0.4
    seen = np.where(chance.random(rows) < signal, hard, chance.random(rows) < 0.4)
    declines = np.where(chance.random(rows) < signal, hard, chance.random(rows) < 0.4)
    quality = np.stack(
        [np.where(hard, chance.random(rows) < 0.2, chance.random(rows) < 0.9)]
        + [chance.random(rows) < 0.75] * (len(strategies) - 1),
        axis=1,
    ).astype(float)
    tokens = chance.integers(20_000, 100_000, rows).astype(float)
    whole = np.stack([np.full(rows, 3000.0)] + [tokens] * (len(strategies) - 1), axis=1)
    labels = pd.DataFrame(
        {
            "dataset": "planted",
            "example": [f"q{n}" for n in range(rows)],
            "group": [f"d{n % documents}" for n in range(rows)],
            "model": [models[n % len(models)] for n in range(rows)],
            "tag.kind": np.where(hard, "hard", "easy"),
        }
    )
    asked = [
        {"question.cue": float(s), "question.noise": float(chance.normal())}
        | {"documents.log_tokens": float(np.log(t)), "retrieval.windows": 5.0}
        for s, t in zip(seen, tokens, strict=True)
    ]
    answered = [{"reply.declines": float(d), "reply.log_words": 2.0} for d in declines]
    cheap = [Answer("no idea" if d else "Ada", outcome="answered") for d in declines]
    answers = {strategies[0]: cheap} | {name: [Answer("Ada")] * rows for name in strategies[1:]}
    return Outcomes(
        tuple(strategies),
        "headline",
        labels,
        asked,
        answered,
        quality,
        {"tokens": whole, "dollars": whole * 1e-6},
        tokens,
        np.asarray(declines, dtype=bool),
        answers,
        [f"who sold mill {n}?" for n in range(rows)],
        [f"text {n % documents}" for n in range(rows)],
    )
