"""`crossover subset`: the few questions of past runs that rank systems as all of them do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossover.errors import ConfigError

if TYPE_CHECKING:
    from pandas import DataFrame


def subset(
    folders: Annotated[list[Path], typer.Argument(help="Past runs.", show_default=False)],
    n: Annotated[int, typer.Option("--n", min=2, help="Questions to keep per dataset.")] = 50,
    out: Annotated[Path, typer.Option(help="File of question ids and weights.")] = Path(
        "subset.jsonl"
    ),
    seed: Annotated[int, typer.Option(help="Seed of the clustering.")] = 0,
) -> None:
    """Choose the most informative questions of past runs and say how well they rank systems.

    A grid asks them alone with `only: subset.jsonl`.
    """
    from crossover.experiments.report import load_frame
    from crossover.experiments.subsets.choosing import past_scores

    rows: list[dict[str, Any]] = []
    for dataset, table in past_scores([load_frame(folder) for folder in folders]):
        rows += _chosen(dataset, table, n, seed)
    try:
        out.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    except OSError as error:
        raise ConfigError(f"{out}: cannot be written: {error.strerror}") from None
    typer.echo(str(out))


def _chosen(dataset: str, table: DataFrame, n: int, seed: int) -> list[dict[str, Any]]:
    from crossover.experiments.subsets.choosing import LEAST_SYSTEMS, choose, held_out

    scores = table.to_numpy(float)
    found = choose(scores, n, seed=seed)
    line = f"{dataset}: {n} of {len(scores)} questions, {scores.shape[1]} systems"
    if scores.shape[1] >= LEAST_SYSTEMS:
        told = held_out(scores, n, seed=seed)
        line += (
            f"; held-out systems: rank correlation {told.rank_correlation:.3f}"
            f" (random {told.random_rank_correlation:.3f}),"
            f" mean error {told.error:.3f} (random {told.random_error:.3f})"
        )
    else:
        line += f"; no rank correlation with fewer than {LEAST_SYSTEMS}"
    typer.echo(line)
    return [
        {"dataset": dataset, "question": str(table.index[place]), "weight": round(weight, 8)}
        for place, weight in zip(found.places, found.weights, strict=True)
    ]
