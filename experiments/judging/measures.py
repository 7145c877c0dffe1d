"""What is measured of a judge against labels, each with its interval."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from crossover.experiments.judging.calls import Judgement
from crossover.experiments.judging.judged import combined
from crossover.experiments.judging.numbers import (
    Measure,
    kappa_of,
    mean_of,
    measure,
    resampled,
    spearman_of,
)
from crossover.judging.calls import UNPARSABLE
from crossover.judging.judge import LAYOUTS, Judge
from crossover.judging.labelled import Labelled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

    Floats = NDArray[np.float64]

NO_VERDICT = "no verdict"
PER_CALL = "of all calls"


def of_single_answers(
    records: Sequence[Labelled], found: Sequence[Judgement], groups: Sequence[str], judge: Judge
) -> Iterator[Measure]:
    """Agreement of grades with labels; a failed verdict agrees with none.

    For points, kappa has quadratic weights, and like Spearman's correlation it is over the
    verdicts that there are.
    """
    import numpy as np

    labels = np.array([each.grade(judge.points) or 0 for each in records], dtype=float)
    values = np.array([_value(each.verdicts[0].value) for each in found]) * judge.points
    levels = np.floor(values + 0.5)
    there, place = ~np.isnan(values), np.asarray(groups, dtype=object)
    yield mean_of("accuracy", levels == labels, place, "share of verdicts that equal the label")
    if judge.points == 1:
        named = np.where(there, levels, 2.0)
        kappa = resampled(lambda w: kappa_of(labels, named, w, None), place)
        yield measure("Cohen's kappa", kappa, len(labels), "agreement beyond chance")
    else:
        kept, graded = labels[there], levels[there]
        kappa = resampled(lambda w: kappa_of(kept, graded, w, "quadratic"), place[there])
        yield measure("weighted kappa", kappa, len(kept), "quadratic weights, failed left out")
    yield from _graded(labels, values, there, place, judge)
    yield mean_of(
        "leniency", ((values - labels) / judge.points)[there], place[there],
        "mean verdict minus mean label, in 0-1", share=False,
    )  # fmt: skip
    lengths = np.array([len(each.texts[0]) for each in records], dtype=float)
    yield _length(values[there] / judge.points, labels[there], lengths[there], place[there])
    yield from _troubles(found, place)


def of_pairs(
    records: Sequence[Labelled], found: Sequence[Judgement], groups: Sequence[str]
) -> Iterator[Measure]:
    """Agreement of comparisons with labels, and what order, symbol and length do to them."""
    import numpy as np

    labels = np.array([each.winner() for each in records], dtype=float)
    calls = np.array([[_value(v.value) for v in each.verdicts] for each in found], dtype=float)
    place = np.asarray(groups, dtype=object)
    results, undecided = _results(found)
    every = np.repeat(place, calls.shape[1])
    hits = (calls == labels[:, None]).ravel()
    yield mean_of("accuracy of one call", hits, every, PER_CALL)
    yield mean_of(
        "accuracy", (np.sign(results - 0.5) == np.sign(labels - 0.5)) & ~undecided, place,
        "orders and symbols combined: where orders disagree, a tie",
    )  # fmt: skip
    named = np.where(undecided, 9.0, np.sign(results - 0.5))
    wanted = np.sign(labels - 0.5)
    kappa = resampled(lambda w: kappa_of(wanted, named, w, None), place)
    yield measure("Cohen's kappa", kappa, len(labels), "combined verdicts, beyond chance")
    yield from _position(calls, place)
    yield from _symbol(calls, place)
    yield _prefers_longer(records, calls, labels, place)
    yield mean_of("ties", (results == 0.5) & ~undecided, place, "share of combined verdicts")
    yield from _troubles(found, place)


def confusion(records: Sequence[Labelled], found: Sequence[Judgement], judge: Judge) -> DataFrame:
    """Labels against verdicts; verdicts that failed have a column of their own."""
    import pandas as pd

    if judge.pairs:
        names = {1.0: "a", 0.5: "tie", 0.0: "b"}
        labels = [names[each.winner() or 0.0] for each in records]
        results, undecided = _results(found)
        said = [
            NO_VERDICT if open_ else ("a" if r > 0.5 else "b" if r < 0.5 else "tie")
            for r, open_ in zip(results, undecided, strict=True)
        ]
    else:
        labels = [str(each.grade(judge.points)) for each in records]
        values = [each.verdicts[0].value for each in found]
        said = [
            NO_VERDICT if v is None else f"{math.floor(v * judge.points + 0.5)}" for v in values
        ]
    return pd.crosstab(
        pd.Series(labels, name="label"), pd.Series(said, name="verdict"), dropna=False
    )


def _graded(
    labels: Floats, values: Floats, there: Any, place: Any, judge: Judge
) -> Iterator[Measure]:
    if judge.points == 1 and judge.mode != "checklist":
        return
    kept, given = labels[there], values[there]
    found = resampled(lambda w: spearman_of(kept, given, w), place[there])
    yield measure("Spearman", found, len(kept), "rank correlation, failed verdicts left out")


def _results(found: Sequence[Judgement]) -> tuple[Floats, NDArray[np.bool_]]:
    import numpy as np

    both = [combined(each.verdicts) for each in found]
    return np.array([result for result, _ in both]), np.array([undecided for _, undecided in both])


def _position(calls: Floats, place: Any) -> Iterator[Measure]:
    import numpy as np

    swapped = np.array([layout.swapped for layout in LAYOUTS])
    first = np.where(swapped, 1 - calls, calls)
    yield _flips("flips with order", calls, [(0, 1), (2, 3)], place)
    yield _choice("picks what stands first", first, place)


def _symbol(calls: Floats, place: Any) -> Iterator[Measure]:
    import numpy as np

    low_is_a = np.array([layout.low_is_first != layout.swapped for layout in LAYOUTS])
    low = np.where(low_is_a, calls, 1 - calls)
    yield _flips("flips with symbols", calls, [(0, 2), (1, 3)], place)
    yield _choice("picks the symbol A or 1", low, place)


def _flips(name: str, calls: Floats, pairs: Sequence[tuple[int, int]], place: Any) -> Measure:
    """The share of pairs of verdicts on the same answers that differ."""
    import numpy as np

    both = np.stack([calls[:, list(pair)] for pair in pairs], axis=1).reshape(-1, 2)
    groups = np.repeat(place, len(pairs))
    there = ~np.isnan(both).any(axis=1)
    differ = both[there, 0] != both[there, 1]
    return mean_of(name, differ, groups[there], "0: never, all else equal")


def _choice(name: str, picked: Floats, place: Any) -> Measure:
    """How often a verdict that isn't a tie goes to one side; half the time without a bias."""
    import numpy as np

    groups = np.repeat(place, picked.shape[1])
    flat = picked.ravel()
    decided = ~np.isnan(flat) & (flat != 0.5)
    return mean_of(name, flat[decided], groups[decided], "0.5: no bias; ties left out")


def _prefers_longer(
    records: Sequence[Labelled], calls: Floats, labels: Floats, place: Any
) -> Measure:
    import numpy as np

    lengths = np.array([[len(text) for text in each.texts] for each in records])
    sign = np.sign(lengths[:, 0] - lengths[:, 1])
    # how much more the longer answer gets than its label gives it
    excess = ((calls - labels[:, None]) * sign[:, None]).ravel()
    counts = ~np.isnan(excess) & np.repeat(sign != 0, calls.shape[1])
    groups = np.repeat(place, calls.shape[1])
    meaning = "how often the longer wins, minus how often labels say so"
    return mean_of("length bias", excess[counts], groups[counts], meaning, share=False)


def _length(values: Floats, labels: Floats, lengths: Floats, place: Any) -> Measure:
    """What longer answers get beyond shorter ones with the same label."""
    import numpy as np

    longer = np.zeros(len(lengths), dtype=bool)
    for label in np.unique(labels):
        same = labels == label
        longer[same] = lengths[same] > np.median(lengths[same])
    found = resampled(lambda w: _within(values, labels, longer, w), place)
    meaning = "mean verdict of the longer half minus the shorter, at the same label"
    return measure("length bias", found, len(values), meaning)


def _within(values: Floats, labels: Floats, longer: Any, weights: Floats) -> float:
    """Difference between halves within each label, weighted as by Mantel and Haenszel."""
    import numpy as np

    total = weight = 0.0
    for label in np.unique(labels):
        long, short = ((labels == label) & half for half in (longer, ~longer))
        one, other = weights[long].sum(), weights[short].sum()
        if one and other:
            apart = np.average(values[long], weights=weights[long])
            apart -= np.average(values[short], weights=weights[short])
            counted = one * other / (one + other)
            total, weight = total + counted * apart, weight + counted
    return total / weight if weight else math.nan


def _troubles(found: Sequence[Judgement], place: Any) -> Iterator[Measure]:
    import numpy as np

    outcomes = [[v.outcome for v in each.verdicts] for each in found]
    groups = np.repeat(place, [len(each) for each in outcomes])
    flat = np.array([one for each in outcomes for one in each])
    yield mean_of(UNPARSABLE, flat == UNPARSABLE, groups, PER_CALL)
    yield mean_of("failed calls", (flat != UNPARSABLE) & (flat != "judged"), groups, PER_CALL)


def _value(value: float | None) -> float:
    return math.nan if value is None else value
