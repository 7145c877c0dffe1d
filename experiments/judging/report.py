"""What a judge found of a run: per strategy with intervals, the ranking, as tables and files."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossover.errors import StoreError
from crossover.experiments import _tables
from crossover.experiments._markdown import markdown_table
from crossover.experiments.inference.compared import NOT_COMPARED, compared
from crossover.experiments.judging.bradley_terry import Ranking, rank
from crossover.experiments.judging.calls import Judgement, Planned
from crossover.experiments.judging.judged import NOT_ASKED, SCORE, Judged, comparisons_of
from crossover.experiments.statistics import ROUGH_BELOW, clustered_mean
from crossover.judging.calls import UNPARSABLE
from crossover.judging.judge import Judge

if TYPE_CHECKING:
    from pandas import DataFrame, Series

KEYS = ["dataset", "model", "strategy"]
SETTLED = ("judged", "compared")
COSTS = ("calls", "failed_calls", "retried_calls", "input_tokens", "output_tokens", "dollars")


def judge_summary(frame: DataFrame) -> DataFrame:
    """One row per dataset, model and strategy of a judged frame.

    ``score`` is the mean of ``judge.score`` with its 95 % interval clustered by document, all
    answers in the denominator; ``difference`` is paired, against the first strategy; ``if_right``
    is the score if every verdict that failed had been in the answer's favour. ``unparsable`` and
    ``failed`` count verdicts, ``not_asked`` answers that needed none; costs are sums.
    """
    import pandas as pd

    rows = []
    for _, together in frame.groupby(KEYS[:2], sort=False):
        cells = dict(iter(together.groupby("strategy", sort=False)))
        base = next(iter(cells.values()))
        for cell in cells.values():
            against = NOT_COMPARED if cell is base else compared(cell, base, SCORE)
            rows.append({key: cell[key].iloc[0] for key in KEYS} | _row(cell) | against)
    return pd.DataFrame(rows)


def judge_columns(table: DataFrame) -> list[_tables.Column]:
    """The columns of a summary's table; what says nothing in it is left out."""
    column = _tables.Column
    chosen = [
        column("", "model", "model", _tables.name, numeric=False),
        column("", "strategy", "strategy", _tables.name, numeric=False),
        column("", "n", "n", _tables.whole),
        column("judge score", "[95 %]", "score", _tables.applied),
        column("against the first", "[95 %]", "difference", _tables.against),
        column("", "p", "p", _p),
        column("score if all", "unknown were right", "if_right", _tables.applied),
        column("verdicts", "unparsable", "unparsable", _tables.whole),
        column("verdicts", "failed", "failed", _tables.whole),
        column("", "not asked", "not_asked", _tables.whole),
        column("judge", "calls", "calls", _tables.whole),
        column("judge", "tokens in", "input_tokens", _tables.whole),
        column("judge", "tokens out", "output_tokens", _tables.whole),
        column("judge", "$", "dollars", _tables.significant),
        column("judge", "seconds", "seconds", _tables.seconds),
    ]
    return [each for each in chosen if _speaks(table, each.source)]


def judge_text(summary: DataFrame, judge: str, mode: str, bill: Judgement) -> str:
    """A judged run as Markdown: what was asked of whom, a table per dataset, the bill."""
    parts = [f"# Judged by {judge} ({mode})"]
    for dataset, table in _tables.datasets(summary):
        parts += [f"## {_tables.name(dataset)}", markdown_table(table, judge_columns(table))]
        parts += [
            "\n".join(f"- {line}" for line in table["troubles"] if line),
            *_tables.notes(table),
        ]
    return "\n\n".join([*filter(None, parts), bill_line(bill)]) + "\n"


def bill_line(bill: Judgement) -> str:
    """What judging cost, in one line."""
    usage = bill.usage
    counts = [
        f"{_tables.whole(usage.calls)} calls ({bill.retried:,} retried, {bill.failed:,} failed)",
        f"{_count(usage.input_tokens)} tokens in",
        f"{_count(usage.output_tokens)} out",
        "dollars unknown" if usage.dollars is None else f"${_tables.significant(usage.dollars)}",
        f"{_count(bill.seconds, _tables.seconds)} seconds of calls",
    ]
    return f"The judge took {', '.join(counts)}."


def plan_line(plan: Planned) -> str:
    """What judging would take, in one line."""
    dollars = "dollars unknown" if plan.dollars is None else f"${_tables.significant(plan.dollars)}"
    return f"{plan.calls:,} calls to make, {plan.tokens:,} tokens in, at most {dollars}"


def ranking_text(ranking: Ranking, title: str) -> str:
    """A ranking as Markdown."""
    import pandas as pd

    shown = pd.DataFrame(
        [
            {
                "place": f"{each.place} ({each.best}-{each.worst})",
                "strategy": _tables.name(each.strategy),
                "chance to win [95 %]": _interval(each.share, each.low, each.high, _tables.score),
                "strength [95 %]": _interval(
                    each.strength, each.strength_low, each.strength_high, _odds
                ),
                "wins": f"{each.wins:g}",
                "ties": f"{each.ties:g}",
                "losses": f"{each.losses:g}",
                "": each.note,
            }
            for each in ranking.ranked
        ]
    )
    said = [
        f"Chance to win: against the other strategies, on average. Strength: log-odds of winning "
        f"against {ranking.anchor}. Intervals resample {ranking.clusters:,} documents (groups); a "
        "tie counts as half a win.",
        *([_tables.ROUGH_NOTE.replace("the interval", "the intervals")] if ranking.rough else []),
        *ranking.notes,
    ]
    table = shown.to_markdown(index=False, disable_numparse=True)
    return "\n\n".join([f"## {title}", table, *said]) + "\n"


def rankings(judged: Judged, seed: int = 0) -> list[tuple[Mapping[str, str], Ranking]]:
    """A ranking per dataset and model from a run's comparisons.

    The anchor is the strategy without context where there is one, else the grid's first.
    """
    if judged.comparisons is None:
        return []
    found = list[tuple[Mapping[str, str], Ranking]]()
    for (dataset, model), table in judged.comparisons.groupby(KEYS[:2], sort=False):
        compared_here = comparisons_of(table)
        names = dict.fromkeys(name for each in compared_here for name in (each.first, each.second))
        known = [name for name in names if name.partition("(")[0] == "closed_book"]
        anchor = next(iter([*known, *names]))
        found.append(
            ({"dataset": str(dataset), "model": str(model)}, rank(compared_here, anchor, seed=seed))
        )
    return found


def judge_report(judged: Judged, judge: Judge) -> str:
    """All that a judge found of a run, as Markdown."""
    frame = judged.frame
    judge_name, mode = frame.attrs["judge"], frame.attrs["judge_mode"]
    parts = [judge_text(judge_summary(frame), judge_name, mode, judged.bill)]
    if judged.comparisons is not None:
        undecided, count = int(judged.comparisons["undecided"].sum()), len(judged.comparisons)
        parts.append(
            f"{count:,} comparisons, {undecided:,} of them with a verdict that failed or cannot be "
            "read: such a verdict counts as a tie.\n"
        )
    for shared, ranking in rankings(judged, judge.seed):
        title = f"Ranking on {shared['dataset']}, model {shared['model']}"
        parts.append(ranking_text(ranking, title))
    return "\n".join(parts)


def write_judged(judged: Judged, judge: Judge, folder: Path) -> list[Path]:
    """Write ``judged.parquet`` (the frame with ``judge.*``) and ``judged.md`` into a run directory.

    For comparisons also ``comparisons.parquet`` and ``ranking.parquet``. Raises StoreError where
    the folder cannot be written.
    """
    import pandas as pd

    tables = {"judged": judged.frame}
    if judged.comparisons is not None:
        rows = [
            {**shared, "anchor": ranking.anchor, **asdict(each)}
            for shared, ranking in rankings(judged, judge.seed)
            for each in ranking.ranked
        ]
        tables |= {"comparisons": judged.comparisons, "ranking": pd.DataFrame(rows)}
    try:
        for name, table in tables.items():
            table.to_parquet(folder / f"{name}.parquet", engine="pyarrow", index=False)
        (folder / "judged.md").write_text(judge_report(judged, judge), encoding="utf-8")
    except OSError as error:
        raise StoreError(f"verdicts cannot be written to {folder}: {error.strerror}") from error
    return [*(folder / f"{name}.parquet" for name in tables), folder / "judged.md"]


def _row(cell: DataFrame) -> dict[str, Any]:
    outcomes = cell["judge.outcome"].astype(str)
    asked = ~outcomes.str.startswith(NOT_ASKED)
    unparsable = outcomes == UNPARSABLE
    failed = asked & ~unparsable & ~outcomes.isin(SETTLED)
    scores: Series[float] = cell[SCORE].astype(float)
    found = clustered_mean(scores.tolist(), cell["group"].to_numpy(object))
    return {
        "n": len(cell),
        "clusters": found.clusters,
        "score": found.mean,
        "low": found.low,
        "high": found.high,
        "rough": found.clusters < ROUGH_BELOW,
        "if_right": scores.mask(unparsable | failed, 1.0).mean(),
        "unparsable": int(unparsable.sum()),
        "failed": int(failed.sum()),
        "not_asked": int((~asked).sum()),
        "troubles": _troubles(cell[unparsable | failed]),
        **{name: _sum(cell, f"judge.{name}") for name in (*COSTS, "seconds")},
    }


def _troubles(cell: DataFrame) -> str:
    """How verdicts failed: each outcome with its count and what the first one said."""
    if "judge.message" not in cell.columns or cell.empty:
        return ""
    told = [
        f"{len(same)} {outcome} ({_tables.name(same['judge.message'].iloc[0])})"
        for outcome, same in cell.groupby("judge.outcome", sort=False)
    ]
    return f"{_tables.name(cell['strategy'].iloc[0])}: {'; '.join(told)}"


def _sum(cell: DataFrame, column: str) -> float | None:
    """A sum; unknown where one part is. A comparison belongs to two answers: it has no part."""
    if column not in cell.columns:
        return None
    values: Series[Any] = cell[column].astype(float)
    return float(values.sum(skipna=False))


def _speaks(table: DataFrame, source: str) -> bool:
    values = table[source]
    if source == "if_right":
        return bool((values != table["score"]).any())
    if source == "model":
        return bool(values.nunique() > 1)
    silent = source in ("unparsable", "failed", "not_asked") and not values.any()
    return bool(values.notna().any()) and not silent


def _p(value: float) -> str:
    return "" if _tables.unknown(value) else _tables.probability(value)


def _count(value: float | None, show: Any = _tables.whole) -> str:
    return _tables.UNKNOWN if value is None else str(show(value))


def _odds(value: float) -> str:
    if math.isinf(value):
        return "unbounded above" if value > 0 else "unbounded below"
    return f"{value:+.2f}"


def _interval(value: float | None, low: float | None, high: float | None, show: Any) -> str:
    if value is None:
        return _tables.UNKNOWN
    if low is None or high is None:
        return str(show(value))
    return f"{show(value)} [{show(low)}, {show(high)}]"
