"""Runs of one strategy to compare with each other."""

import numpy as np
from frames import frame, row


def results(scores, documents=20, **columns):
    """A run of one strategy; questions go round the documents."""
    rows = [
        row(
            score=float(score),
            group=f"document {at % documents}",
            example=f"q{at}",
            answer=f"answer {at} {score}",
            **{name: values[at] if np.ndim(values) else values for name, values in columns.items()},
        )
        for at, score in enumerate(scores)
    ]
    return frame(rows)


def scores(seed, size=80, mean=0.6):
    return np.random.default_rng(seed).beta(4 * mean, 4 * (1 - mean), size)


def lower(values, by):
    return np.clip(values - by, 0, 1)


def statuses(found):
    return [verdict.status for verdict in found.verdicts]
