"""Weights from judged accuracies of whole cells: nobody published a verdict on single answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crossover.experiments.correctness.cells import Answers

Array = Any
# penalty on the squares of the weights of standardised signals
PENALTY = 0.001


@dataclass(frozen=True, slots=True)
class Fit:
    """Log-odds of being right: ``bias`` plus ``weights`` times the signals as they come."""

    bias: float
    weights: Array

    def scores(self, signals: Array) -> Array:
        """Return the probability that each answer is right."""
        import numpy as np

        return 1 / (1 + np.exp(-(self.bias + signals @ self.weights)))


def fit(answers: Answers, signals: Array, cells: Array, penalty: float = PENALTY) -> Fit:
    """Find the weights whose mean scores come closest to the judged accuracies of some cells.

    Least squares over cells of the mean score of a cell's answers against its judged accuracy,
    plus ``penalty`` times the squared weights of the standardised signals; the answers whose score
    is known count with that. A signal may only count in favour, so no weight is negative. ``cells``
    says which cells are used (a mask).
    """
    import numpy as np
    from scipy.optimize import minimize

    rows = cells[answers.cell]
    cell, known = answers.cell[rows], answers.known[rows]
    open_ = np.isnan(known)
    middle, spread = signals[rows][open_].mean(0), signals[rows][open_].std(0) + 1e-9
    standard = (signals[rows][open_] - middle) / spread
    sizes = np.maximum(np.bincount(cell, minlength=len(cells)), 1)
    fixed = np.bincount(cell[~open_], known[~open_], minlength=len(cells))
    target = np.where(cells, answers.target, 0)

    def loss(point: Array) -> tuple[float, Array]:
        scores = 1 / (1 + np.exp(-(point[0] + standard @ point[1:])))
        means = (fixed + np.bincount(cell[open_], scores, minlength=len(cells))) / sizes
        errors = np.where(cells, means - target, 0)
        slopes = 2 * (errors / sizes)[cell[open_]] * scores * (1 - scores)
        gradient = np.concatenate(([slopes.sum()], standard.T @ slopes))
        gradient[1:] += 2 * penalty * point[1:]
        return float((errors**2).sum() + penalty * (point[1:] ** 2).sum()), gradient

    bounds = [(None, None)] + [(0, None)] * signals.shape[1]
    start = np.zeros(signals.shape[1] + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    weights = found[1:] / spread
    return Fit(float(found[0] - weights @ middle), weights)


def usable(answers: Answers) -> Array:
    """The cells that a fit may use: judged ones whose scores are not all known beforehand."""
    import numpy as np

    undecided = np.bincount(answers.cell[np.isnan(answers.known)], minlength=len(answers.cells)) > 0
    return undecided & ~np.isnan(answers.target)


def left_out(
    answers: Answers, signals: Array, penalty: float = PENALTY
) -> tuple[Array, dict[str, Fit]]:
    """Score each model's answers with weights that were fitted without that model."""
    import numpy as np

    models = np.array([cell[0] for cell in answers.cells])
    scores, fits = answers.known.copy(), {}
    for model in sorted(set(models)):
        fits[model] = fit(answers, signals, usable(answers) & (models != model), penalty)
        rows = (models == model)[answers.cell] & np.isnan(answers.known)
        scores[rows] = fits[model].scores(signals[rows])
    return scores, fits
