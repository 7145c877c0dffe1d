"""What else differs between two runs, so that a change may not be what it seems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from crossover.experiments.comparing.measures import metrics_of
from crossover.experiments.comparing.pairing import Pair
from crossover.experiments.exporting.stored import job_keys
from crossover.experiments.statistics import ROUGH_BELOW, ROUNDING

if TYPE_CHECKING:
    from pandas import DataFrame

SETTINGS = ("seed", "limit", "limits", "price_as")
SAME_WORK = ["outcome", "answer", "input_tokens", "output_tokens", "cached_tokens", "calls"]


def settings(before: DataFrame, after: DataFrame) -> Iterator[str]:
    """Settings of the grids that differ."""
    first, second = (_config(frame) for frame in (before, after))
    for name in SETTINGS:
        if first.get(name) != second.get(name):
            yield f"{name} differs: {first.get(name, 'none')} in A, {second.get(name, 'none')} in B"


def contents(pairs: Sequence[Pair], before: Path, after: Path) -> Iterator[str]:
    """Where the same names were asked something else: each answer is kept under its content.

    Renamed ones are left out, whose keys differ as a matter of course.
    """
    first, second = job_keys(before), job_keys(after)
    for pair in pairs:
        if pair.key != pair.other:
            continue
        names = {(example, pair.key[2], pair.key[1]) for example in pair.before["example"]}
        both = [(first[n], second[n]) for n in names if n in first and n in second]
        changed = sum(not mine & theirs for mine, theirs in both)
        if changed:
            yield (
                f"{_name(pair)}: {changed:,} of {len(both):,} questions were not asked the same:"
                " the question, its documents, or the version of strategy or model differs"
            )


def scoring(pair: Pair, before: DataFrame, after: DataFrame) -> Iterator[str]:
    """Metrics that one run lacks, and equal work that is scored or priced differently."""
    theirs, ours = (
        list(frame.attrs["metrics"][key[0]])
        for frame, key in ((after, pair.other), (before, pair.key))
    )
    for run, names, others in (("A", ours, theirs), ("B", theirs, ours)):
        if missing := [str(name) for name in names if name not in others]:
            yield f"{pair.shown[0]}: only {run} is scored by {', '.join(missing)}"
    if ours[:1] != theirs[:1]:
        yield f"{pair.shown[0]}: the headline metric is {ours[0]} in A and {theirs[0]} in B"
    same = _same_work(pair)
    for metric in metrics_of(before, after, pair.key[0], pair.other[0]):
        if count := _apart(same, metric):
            yield (
                f"{_name(pair)}: {count:,} equal answers have another {metric}: the metric, its"
                " judge or the reference answers differ"
            )
    if count := _apart(same, "dollars"):
        yield f"{_name(pair)}: {count:,} answers of equal tokens cost otherwise: prices differ"


def grounds(pair: Pair) -> Iterator[str]:
    """How few documents or timed answers there are, and questions that changed their document."""
    groups = [cell.groupby("example")["group"].first() for cell in (pair.before, pair.after)]
    documents = groups[0].nunique()
    if documents < ROUGH_BELOW:
        noun = "document" if documents == 1 else "documents"
        yield f"{pair.shown[0]}: {documents} {noun} only; intervals are rough below {ROUGH_BELOW}"
    if moved := int((groups[0] != groups[1].reindex(groups[0].index)).sum()):
        yield f"{pair.shown[0]}: {moved:,} questions are on another document (group) in B"
    timed = [set(c.loc[c["seconds"].notna(), "example"]) for c in (pair.before, pair.after)]
    number, asked = len(timed[0] & timed[1]), len(groups[0])
    if number < asked:
        yield (
            f"{_name(pair)}: latency was measured on {number:,} of {asked:,} questions in both;"
            " kept replies and replays have none"
        )


def same_answers(pair: Pair) -> bool:
    """Whether both runs say word for word the same to every question."""
    if "answer" not in pair.before or "answer" not in pair.after:
        return False
    said = [
        cell.sort_values(["example", "outcome", "answer"])[["example", "outcome", "answer"]]
        for cell in (pair.before, pair.after)
    ]
    return bool(said[0].to_numpy().tolist() == said[1].to_numpy().tolist())


def _same_work(pair: Pair) -> DataFrame:
    """Questions answered alike in both runs, once each, with the columns of both."""
    cells = [c.drop_duplicates("example", keep=False) for c in (pair.before, pair.after)]
    keys = ["example", *(name for name in SAME_WORK if all(name in cell for cell in cells))]
    if "answer" not in keys:
        return cells[0].iloc[:0]
    return cells[0].merge(cells[1], on=keys, suffixes=(" in A", " in B"))


def _apart(same: DataFrame, column: str) -> int:
    if f"{column} in A" not in same:
        return 0
    gap = same[f"{column} in A"].astype(float) - same[f"{column} in B"].astype(float)
    return int((gap.abs() > ROUNDING).sum())


def _config(frame: DataFrame) -> Mapping[str, Any]:
    found = yaml.safe_load(str(frame.attrs.get("config") or ""))
    return found if isinstance(found, dict) else {}


def _name(pair: Pair) -> str:
    dataset, model, strategy = pair.shown
    return f"{strategy} with {model} on {dataset}"
