"""What a fit is worth, as tables: agreement with the judges, ablation, sensitivity, constants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tabulate import tabulate

from crossover.experiments.correctness.agreement import (
    FULL,
    RAG,
    Agreement,
    agreement,
    gaps,
    interval,
    resampled,
)
from crossover.experiments.correctness.cells import Answers
from crossover.experiments.correctness.fit import fit, left_out, usable

Array = Any
PENALTIES = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)
FIGURES: dict[str, Callable[[Agreement], float]] = {
    "gaps": lambda one: one.gaps,
    "same sign": lambda one: one.signs,
    "comp": lambda one: one.within["comp"],
    "hallu": lambda one: one.within["hallu"],
    "location": lambda one: one.within["location"],
    "reasoning": lambda one: one.within["reasoning"],
    "full": lambda one: one.levels[FULL],
    "rag": lambda one: one.levels[RAG],
    "level error": lambda one: one.level_error,
    "gap error": lambda one: one.gap_error,
}


def main(answers: Answers, signals: Array, names: Sequence[str], penalty: float, times: int) -> str:
    """The agreement of scores from weights fitted without their model, with intervals."""
    scores, _ = left_out(answers, signals, penalty)
    found, drawn = agreement(answers, scores), resampled(answers, scores, times)
    rows = [
        (name, figure(found), *(interval([figure(one) for one in drawn]) if drawn else ()))
        for name, figure in FIGURES.items()
    ]
    title = f"Each model left out: {', '.join(names)}; Spearman, shares, errors in points"
    headers = ["", "value", "95 % from", "to"][: 4 if drawn else 2]
    return f"\n{title}\n{tabulate(rows, headers, floatfmt='.3f')}"


def cells(answers: Answers, signals: Array, penalty: float) -> str:
    """The gap of every cell beside the judged one."""
    scores, _ = left_out(answers, signals, penalty)
    rows = [(*cell, *pair) for cell, pair in gaps(answers, scores).items()]
    return tabulate(rows, ["model", "length", "task", "measured", "judged"], floatfmt=".1f")


def ablation(answers: Answers, signals: Array, names: Sequence[str], penalty: float) -> str:
    """The same without each signal, and with each signal alone."""
    every = list(range(len(names)))
    sets = {"all": every}
    sets |= {f"without {names[at]}": [other for other in every if other != at] for at in every}
    sets |= {f"{names[at]} alone": [at] for at in every}
    return _table(
        "signals",
        [(n, left_out(answers, signals[:, s], penalty)[0]) for n, s in sets.items()],
        answers,
    )


def sensitivity(answers: Answers, signals: Array) -> str:
    """The same at other penalties."""
    rows = [(f"{penalty:g}", left_out(answers, signals, penalty)[0]) for penalty in PENALTIES]
    return _table("penalty", rows, answers)


def constants(answers: Answers, signals: Array, names: Sequence[str], penalty: float) -> str:
    """The weights fitted to all models, and to all but each."""
    whole = fit(answers, signals, usable(answers), penalty)
    fits = {"all models": whole} | {
        f"without {model}": one
        for model, one in left_out(answers, signals, penalty)[1].items()
        if any(cell[0] == model for cell in answers.judged)
    }
    rows = [(name, one.bias, *one.weights) for name, one in fits.items()]
    return "\n" + tabulate(rows, ["fitted to", "bias", *names], floatfmt=".3f")


def _table(what: str, scored: Sequence[tuple[str, Array]], answers: Answers) -> str:
    rows = [
        (name, *(figure(found) for figure in FIGURES.values()))
        for name, scores in scored
        for found in [agreement(answers, scores)]
    ]
    return "\n" + tabulate(rows, [what, *FIGURES], floatfmt=".3f")
