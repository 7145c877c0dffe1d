"""Compare two runs and judge the conditions that a build is to fail on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from crossover.errors import ConfigError, DataError, UnknownName
from crossover.experiments.comparing import notes
from crossover.experiments.comparing.changes import (
    ONE_SIDED,
    Change,
    mean_change,
    quantile_change,
)
from crossover.experiments.comparing.conditions import Condition, condition, mapping
from crossover.experiments.comparing.measures import Measure, find, metrics_of, values
from crossover.experiments.comparing.pairing import Key, Pair, names_of, paired, resolved
from crossover.experiments.inference.flipping import holm
from crossover.experiments.report import load_frame

if TYPE_CHECKING:
    from pandas import DataFrame

Status = Literal["fails", "fine", "not settled"]
# what a table shows without being asked: absolute, then as a share of the first run's
ABSOLUTE = ("failures",)
RELATIVE = ("cost", "tokens", "seconds_p50", "seconds_p95")


@dataclass(frozen=True, slots=True)
class Row:
    """The change of one measure of one dataset, model and strategy."""

    names: Key
    measure: str
    change: Change


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a condition: its one-sided ``p``, and ``p_holm`` adjusted for all conditions.

    ``fails`` makes the build fail; ``fine`` is shown not to lie beyond the limit, or shown to
    where that is what was asked for; all else is ``not settled``.
    """

    condition: Condition
    row: Row
    status: Status
    p: float | None
    p_holm: float | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """Two runs, compared: ``failed`` where a build is to fail."""

    before: str
    after: str
    rows: tuple[Row, ...]
    verdicts: tuple[Verdict, ...]
    notes: tuple[str, ...]

    @property
    def failed(self) -> bool:
        """Whether a condition says so."""
        return any(verdict.status == "fails" for verdict in self.verdicts)


def compare_runs(
    before: str | Path,
    after: str | Path,
    *,
    fail_if: Sequence[str] = (),
    unless_shown: Sequence[str] = (),
    maps: Sequence[str] = (),
    seed: int = 0,
) -> Compared:
    """Compare two runs' directories on the questions that both have.

    A condition of ``fail_if`` fails where the change is established to lie beyond its limit:
    one-sided p of at most 2.5 %, by Holm over all of them. One of ``unless_shown`` fails unless
    the change is shown to lie beyond its limit: all of them have to be, so that nothing is to be
    adjusted. Raises ConfigError for a condition that cannot be read, DataError for runs that
    cannot be compared or do not hold what a condition asks about.
    """
    read = [condition(text) for text in fail_if]
    read += [condition(text, must_be_shown=True) for text in unless_shown]
    first, second = load_frame(before), load_frame(after)
    found = paired(first, second, [mapping(text) for text in maps])
    verdicts = [
        verdict
        for one in read
        for verdict in _judged(_resolved(one, first, second), found.pairs, first, second, seed)
    ]
    told = list(found.notes) + list(notes.settings(first, second))
    told += notes.contents(found.pairs, Path(before), Path(after))
    for pair in found.pairs:
        told += [*notes.scoring(pair, first, second), *notes.grounds(pair)]
    rows = [row for pair in found.pairs for row in _overview(pair, first, second, seed)]
    return Compared(
        str(before), str(after), tuple(rows), _adjusted(verdicts), tuple(dict.fromkeys(told))
    )


def _resolved(one: Condition, first: DataFrame, second: DataFrame) -> Condition:
    if not one.scope:
        return one
    known = [*names_of(first), *names_of(second)]
    return replace(one, scope=resolved(one.scope, list(dict.fromkeys(known)), "these runs"))


def _overview(pair: Pair, first: DataFrame, second: DataFrame, seed: int) -> Iterator[Row]:
    metrics = metrics_of(first, second, pair.key[0], pair.other[0])
    for names, relative in (([*metrics, *ABSOLUTE], False), (RELATIVE, True)):
        for name in names:
            measure = find(name, first, second, pair.key[0], pair.other[0])
            change = _change(pair, measure, relative, seed)
            if change.n and (change.before or change.after or not relative):
                yield Row(pair.shown, name, change)


def _change(pair: Pair, measure: Measure, relative: bool, seed: int) -> Change:
    import numpy as np
    import pandas as pd

    table = pd.DataFrame({"a": values(pair.before, measure), "b": values(pair.after, measure)})
    if measure.whole and table.isna().any(axis=None):
        return Change(relative=relative)
    table = table.dropna()
    groups = pair.before.groupby("example")["group"].first().loc[table.index].astype(str).tolist()
    before, after = table["a"].to_numpy(np.float64), table["b"].to_numpy(np.float64)
    if measure.quantile is not None:
        at = measure.quantile
        return quantile_change(before, after, groups, at, relative=relative, seed=seed)
    return mean_change(before, after, groups, share=measure.share, relative=relative)


def _judged(
    one: Condition, pairs: Sequence[Pair], first: DataFrame, second: DataFrame, seed: int
) -> list[Verdict]:
    """The condition's verdicts, one for each pair that it is about and that has the measure."""
    found, unknown = [], list[UnknownName]()
    for pair in pairs:
        if one.scope and not pair.concerns(one.scope):
            continue
        try:
            measure = find(one.measure, first, second, pair.key[0], pair.other[0])
        except UnknownName as error:
            unknown.append(error)
            continue
        change = _change(pair, measure, one.relative, seed)
        found.append(_verdict(one, pair, Row(pair.shown, one.measure, change), measure))
    if not found and unknown:
        raise ConfigError(f"the condition {one.text!r}: {unknown[0]}")
    if not any(verdict.row.change.n for verdict in found):
        why = (
            "nothing that both runs have" if not found else "known for no question, or not for all"
        )
        raise DataError(f"the condition {one.text!r} cannot be judged: {one.measure} is {why}")
    return found


def _verdict(one: Condition, pair: Pair, row: Row, measure: Measure) -> Verdict:
    change = row.change
    beyond = change.beyond(one.limit, one.above)
    if change.change == 0 and measure.share and notes.same_answers(pair):
        return _of_no_change(one, row)
    if beyond is None:
        why = "not known" if not change.n else "one document has no interval"
        return Verdict(one, row, _status(one, None, None), None, None, why)
    within = change.beyond(one.limit, not one.above)
    return Verdict(one, row, _status(one, beyond, within), beyond, None)


def _of_no_change(one: Condition, row: Row) -> Verdict:
    """The same words get the same score, whatever the documents: there is nothing to infer."""
    holds = one.limit < 0 if one.above else one.limit > 0
    status: Status = "fails" if holds != one.must_be_shown else "fine"
    return Verdict(one, row, status, None, None, "the same answers in both")


def _status(one: Condition, beyond: float | None, within: float | None) -> Status:
    established = beyond is not None and beyond <= ONE_SIDED
    if one.must_be_shown:
        return "fine" if established else "fails"
    if established:
        return "fails"
    return "fine" if within is not None and within <= ONE_SIDED else "not settled"


def _adjusted(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """With Holm's adjustment over what may fail by itself."""
    import numpy as np

    several = [v for v in verdicts if v.p is not None and not v.condition.must_be_shown]
    adjusted = holm(np.array([v.p for v in several], dtype=float))
    found = dict(zip(map(id, several), adjusted.tolist(), strict=True))
    return tuple(_with_holm(v, found.get(id(v))) for v in verdicts)


def _with_holm(verdict: Verdict, p_holm: float | None) -> Verdict:
    if p_holm is None:
        return verdict
    if verdict.status == "fails" and p_holm > ONE_SIDED:
        why = "beyond the limit, but not among so many conditions"
        return replace(verdict, p_holm=p_holm, status="not settled", why=why)
    return replace(verdict, p_holm=p_holm)
