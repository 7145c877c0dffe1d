"""Compressors at equal rates, as one table and one plot:
``python benchmarks/compression_table.py RUN [RUN …] --plot docs/compression.svg``.

RUN are directories of finished runs of ``experiments/compression.yaml`` (or of parts of it). The
difference is to ``full_context`` on the same questions, its interval over documents.
"""

import argparse
import re
from pathlib import Path

import pandas as pd
from tabulate import tabulate

from crossover.experiments.report import load_frame, summarise

NAMES = re.compile(r"compressor=(\w+)(?:\(keep=(\w+)\))?")
MARKERS = "osD^vPX*h"
EVIDENCE = "mean.evidence_token_recall"


def main(runs: list[Path], plot: Path | None) -> None:
    rows = pd.concat([_rows(run) for run in runs], ignore_index=True)
    for dataset, table in rows.groupby("dataset", sort=False):
        first = table.iloc[0]
        print(f"\n### {dataset}: {first['n']} questions, {first['clusters']} documents\n")
        print(tabulate(_cells(table), headers="keys", tablefmt="github", showindex=False))
    if plot:
        _draw(rows, plot)


def _rows(run: Path) -> pd.DataFrame:
    frame = load_frame(run)
    seconds = frame.groupby(["dataset", "strategy"])["compression_seconds"].median()
    table = summarise(frame)
    table = table[table["strategy"].ne("closed_book")].copy()
    places = zip(table["dataset"], table["strategy"], strict=True)
    table["median_seconds"] = [seconds.get(place) for place in places]
    table["compressor"] = [_name(strategy) for strategy in table["strategy"]]
    table["dataset"] = table["dataset"].str.partition("(")[0]
    return table


def _name(strategy: str) -> str:
    if strategy == "full_context":
        return "nothing (full context)"
    found = NAMES.search(strategy)
    return " ".join(part for part in found.groups() if part) if found else "extractive"


def _cells(table: pd.DataFrame) -> list[dict[str, str]]:
    return [
        {
            "compressor": row["compressor"],
            "kept": "" if pd.isna(row["achieved_rate"]) else f"{row['achieved_rate']:.3f}",
            str(row["metric"]): f"{row['score']:.3f}",
            "difference [95 %]": _interval(row),
            "evidence": _known(row.get(EVIDENCE), ".2f"),
            "tokens read": f"{row['input_tokens']:,.0f}",
            "s to compress": _known(row["median_seconds"], ".1f"),
        }
        for _, row in table.iterrows()
    ]


def _interval(row: "pd.Series") -> str:
    if pd.isna(row["difference"]):
        return ""
    low, high = row["difference_low"], row["difference_high"]
    return f"{row['difference']:+.3f} [{low:+.3f}, {high:+.3f}]"


def _known(value: object, shape: str) -> str:
    return "" if value is None or pd.isna(value) else format(value, shape)


def _draw(rows: pd.DataFrame, path: Path) -> None:
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams |= {"svg.hashsalt": "crossover", "svg.fonttype": "none"}
    from matplotlib import pyplot

    datasets = list(dict.fromkeys(rows["dataset"]))
    size = (4.6 * len(datasets), 7.4)
    figure, axes = pyplot.subplots(2, len(datasets), figsize=size, squeeze=False)
    for upper, lower, dataset in zip(*axes, datasets, strict=True):
        mine = rows[rows["dataset"] == dataset]
        _differences(upper, mine, dataset)
        _evidence(lower, mine)
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncol=5, frameon=False)
    figure.tight_layout(rect=(0, 0.09, 1, 1))
    figure.savefig(path, metadata={"Date": None})


def _differences(axis: "pyplot.Axes", rows: pd.DataFrame, dataset: str) -> None:  # noqa: F821
    """Scores against full context, with the intervals of the paired differences."""
    whole = rows[rows["compressor"].str.startswith("nothing")].iloc[0]
    axis.axhline(0, color="grey", linewidth=1, linestyle="--")
    # a little apart, so that intervals at one rate can be told from each other
    for at, (name, mine) in enumerate(_compressed(rows)):
        score = mine["difference"]
        around = [score - mine["difference_low"], mine["difference_high"] - score]
        places = mine["achieved_rate"] * (1 + 0.025 * (at - 4))
        style = {"marker": MARKERS[at], "linewidth": 1, "elinewidth": 0.6, "markersize": 5}
        axis.errorbar(places, score, yerr=around, label=name, **style)
    _rates(axis)
    axis.set_title(f"{dataset}: full context {whole['score']:.2f}")
    axis.set_ylabel(f"difference in {whole['metric']}")


def _evidence(axis: "pyplot.Axes", rows: pd.DataFrame) -> None:  # noqa: F821
    """The share of the gold evidence's words that is left, where the dataset names evidence."""
    if EVIDENCE not in rows or rows[EVIDENCE].isna().all():
        axis.axis("off")
        return
    for at, (_, mine) in enumerate(_compressed(rows)):
        axis.plot(mine["achieved_rate"], mine[EVIDENCE], marker=MARKERS[at], linewidth=1)
    _rates(axis)
    axis.set_ylabel("share of the evidence kept")
    axis.set_ylim(0, 1)


def _compressed(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    found = rows[rows["achieved_rate"].notna()].groupby("compressor", sort=False)
    return [(str(name), mine) for name, mine in found]


def _rates(axis: "pyplot.Axes") -> None:  # noqa: F821
    axis.set_xscale("log", base=2)
    axis.set_xticks([0.125, 0.25, 0.5], ["8×", "4×", "2×"])
    axis.set_xlabel("achieved compression")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    main(options.runs, options.plot)
