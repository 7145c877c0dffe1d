"""How measured retrieval reads: one row per configuration, compared with the first one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from crossover.errors import StoreError
from crossover.experiments import _tables
from crossover.experiments._figures import aggregates, official, unscored
from crossover.experiments._markdown import markdown_table
from crossover.experiments._summary import KEYS, tag_columns
from crossover.experiments._tables import Column
from crossover.experiments.inference.compared import NOT_COMPARED, compared
from crossover.experiments.statistics import clustered_mean

if TYPE_CHECKING:
    from pathlib import Path

    from pandas import DataFrame

MEGABYTE = 1e6
COMPARED = "Differences are paired, against `{}`; p flips the signs of whole documents (groups)."


def summarise_retrieval(frame: DataFrame, headline: str, by: Sequence[str] = ()) -> DataFrame:
    """One row per dataset, model, tag values of ``by`` and strategy.

    ``score`` is the headline measure with its interval clustered by document; ``difference`` is
    paired, against the first strategy of the grid on the same questions, with its own interval and
    the exact sign-flip ``p`` over documents. ``official`` is the mean of means that a benchmark's
    own score is. Times are per query in seconds and leave out building
    the index; index time, tokens and size are per document set.
    """
    import pandas as pd

    tags = tag_columns(frame, by)
    first = frame["strategy"].iloc[0]
    rows = []
    for key, table in frame.groupby([*KEYS[:2], *tags], sort=False, dropna=False):
        base = table[table["strategy"] == first]
        for strategy, cell in table.groupby("strategy", sort=False):
            names = dict(zip([*KEYS[:2], *tags], key, strict=True)) | {"strategy": strategy}
            against = NOT_COMPARED if strategy == first else compared(cell, base, headline)
            over = aggregates(frame.attrs).get(str(key[0]), ())
            own = official(cell, headline, over, tags)
            rows.append(names | _row(cell, headline) | own | against)
    return pd.DataFrame(rows)


def _row(cell: DataFrame, headline: str) -> dict[str, Any]:
    score = clustered_mean(cell[headline].to_numpy(float), cell["group"].to_numpy(object))
    timed = cell["seconds"].dropna()
    sets = cell.groupby("group", dropna=False)
    measures = [name for name in cell.columns if name.startswith("recall@")]
    return {
        "n": len(cell),
        "clusters": score.clusters,
        "rough": score.rough,
        "metric": headline,
        "score": score.mean,
        "low": score.low,
        "high": score.high,
        **{name: _mean(cell, name) for name in [*measures, "nDCG@10", "MRR", "token_recall"]},
        "passages": cell["passages"].mean(),
        "seconds_p50": timed.quantile(0.5),
        "seconds_p95": timed.quantile(0.95),
        "input_tokens": cell["input_tokens"].mean(),
        "calls": cell["calls"].mean(),
        "dollars_per_1000": 1000 * cell["dollars"].mean(),
        "indexing_seconds": sets["indexing_seconds"].max().mean(),
        "indexing_dollars": sets["indexing_dollars"].max().mean(),
        "index_megabytes": sets["index_bytes"].max().mean() / MEGABYTE,
        **unscored(cell),
    }


def _mean(cell: DataFrame, name: str) -> float:
    return float(cell[name].astype(float).mean())


def write_retrieval(frame: DataFrame, summary: DataFrame, folder: Path) -> list[Path]:
    """Write ``retrieval.parquet`` (every query), ``retrieval.csv`` and ``retrieval.md``."""
    parts = ["# Retrieval measured alone", *(f"{line}." for line in frame.attrs["left_out"])]
    for dataset, table in _tables.datasets(summary):
        parts += [f"## {dataset}", f"{_tables.setting(table)}.", COMPARED.format(_first(table))]
        parts.append(markdown_table(table, retrieval_columns(table)))
        parts += [*_tables.failed(table, retrieval_columns), *_tables.notes(table)]
    names = ("retrieval.parquet", "retrieval.csv", "retrieval.md")
    queries, table_file, page = (folder / name for name in names)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        frame.to_parquet(queries, engine="pyarrow", index=False)
        summary.to_csv(table_file, index=False)
        page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    except OSError as error:
        raise StoreError(f"the report cannot be written to {folder}: {error.strerror}") from error
    return [queries, table_file, page]


def _first(table: DataFrame) -> str:
    return str(table["strategy"].iloc[0])


def retrieval_columns(table: DataFrame) -> list[Column]:
    """Choose what the table of one dataset shows, cost columns only where there is a cost."""
    headline = str(table["metric"].iloc[0])
    measures = [c for c in table.columns if c.startswith("recall@") and c != headline]
    names = [c for c in table.columns if c.startswith("tag.") or c in ("model", "strategy")]
    shown = [
        *(Column("", c.removeprefix("tag."), c, _tables.name, numeric=False) for c in names),
        Column("", f"{headline} [95 %]", "score", _tables.score),
        Column("official", "aggregate", "official", _tables.score),
        Column("", "difference [95 %]", "difference", _difference),
        Column("", "p", "p", _probability),
        *(Column("", name, name, _tables.score) for name in measures),
        *(Column("", name, name, _tables.score) for name in ("nDCG@10", "MRR")),
        Column("", "token recall", "token_recall", _tables.score),
        Column("query s", "p50", "seconds_p50", _tables.seconds),
        Column("query s", "p95", "seconds_p95", _tables.seconds),
        Column("query", "tokens", "input_tokens", _tables.count),
        Column("query", "calls", "calls", _tables.count),
        Column("query", "$ per 1k", "dollars_per_1000", _tables.significant),
        Column("index", "seconds", "indexing_seconds", _tables.seconds),
        Column("index", "MB", "index_megabytes", _tables.significant),
        Column("index", "$", "indexing_dollars", _tables.significant),
        Column("", "failed", "failed", _tables.whole),
    ]
    applied = ("official", "token_recall")
    silent = ("calls", "dollars_per_1000", "indexing_dollars", "failed")
    return [
        c
        for c in shown
        if not (c.source in silent and (table[c.source] == 0).all())
        and not (c.source in applied and (c.source not in table or table[c.source].isna().all()))
        and not (c.source == "model" and table["model"].nunique() == 1)
    ]


def _difference(value: float) -> str:
    return "baseline" if _tables.unknown(value) else _tables.signed(value)


def _probability(value: float) -> str:
    return "" if _tables.unknown(value) else _tables.probability(value)
