"""What a model is like, from a few of its answers: so that one router serves many models."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean

from crossover.abstention import abstains
from crossover.types import Answer


def trait_features(
    answers: Mapping[str, Sequence[Answer]],
    qualities: Mapping[str, Sequence[float | None]] | None = None,
    window: int | None = None,
) -> dict[str, float]:
    """How often a model declines and fails and how much it says, for each strategy.

    Where the answers are graded, also how good they are, and how much better those of each
    strategy are than those of the first on the same questions; else NaN. ``answers`` and
    ``qualities`` have one entry for each question, in the same order for every strategy.
    """
    found = {"model.log_window": math.log(window) if window else math.nan}
    for strategy, given in answers.items():
        found[f"model.declines.{strategy}"] = _mean([_declined(answer) for answer in given])
        found[f"model.fails.{strategy}"] = _mean([float(not a.scorable) for a in given])
        found[f"model.log_words.{strategy}"] = _mean(
            [math.log1p(len(answer.text.split())) for answer in given]
        )
    return found | _graded(tuple(answers), qualities or {})


def _graded(
    strategies: Sequence[str], qualities: Mapping[str, Sequence[float | None]]
) -> dict[str, float]:
    found = {}
    first = qualities.get(strategies[0], ()) if strategies else ()
    for strategy in strategies:
        grades = qualities.get(strategy, ())
        found[f"model.quality.{strategy}"] = _mean([g for g in grades if g is not None])
        if strategy != strategies[0]:
            gains = [
                mine - its
                for mine, its in zip(grades, first, strict=False)
                if mine is not None and its is not None
            ]
            found[f"model.gain.{strategy}"] = _mean(gains)
    return found


def _declined(answer: Answer) -> float:
    return float(answer.outcome == "declined" or abstains(answer.text))


def _mean(values: Sequence[float]) -> float:
    return fmean(values) if values else math.nan
