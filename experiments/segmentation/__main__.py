"""``python -m crossover.experiments.segmentation DATA``: train SAGE's model and report on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from crossover.errors import CrossoverError, DataError

app = typer.Typer(add_completion=False)


@app.command()
def train(
    data: Annotated[Path, typer.Argument(help="Folder that holds reader/ and nq/.")],
    out: Annotated[Path, typer.Option(help="Where the weights go.")] = Path(
        "build/segmentation/sage.safetensors"
    ),
    seed: Annotated[int, typer.Option(help="Another seed, another model.")] = 0,
    threads: Annotated[int, typer.Option(help="CPU threads; 0: all.", min=0)] = 0,
) -> None:
    """Train SAGE's segmentation model and print what it reaches on held-out texts."""
    try:
        _train(data, out, seed, threads)
    except CrossoverError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None


def _train(data: Path, out: Path, seed: int, threads: int) -> None:
    from crossover import precision
    from crossover.experiments.segmentation import pairs, scores
    from crossover.experiments.segmentation.train import Recipe, embedded, samples, save
    from crossover.experiments.segmentation.train import train as learn

    console, recipe = Console(), Recipe(seed=seed)
    precision.set_threads(threads)
    texts = pairs.texts(data)
    parts = {part: pairs.pairs(texts, part, seed) for part in ("train", "tune", "held_out")}
    if not all(parts.values()):
        raise DataError(f"{data}: too few texts to train on some and to report on others")
    vectors = embedded([pair for part in parts.values() for pair in part])
    learnt, tuned, held = (samples(part, vectors) for part in parts.values())
    console.print(", ".join(f"{name}: {len(part):,} pairs" for name, part in parts.items()))
    weights = learn(learnt, tuned, recipe)
    save(weights, out)
    console.print(f"{out}: {out.stat().st_size:,} bytes")
    for row in scores.table(weights, tuned, held, recipe.threshold):
        console.print(
            f"{row.method:16} accuracy {row.accuracy:.3f}  precision {row.precision:.3f}  "
            f"recall {row.recall:.3f}  F1 {row.f1:.3f}"
        )
    for kind, count, share in scores.recall_by_kind(weights, held, recipe.threshold):
        console.print(f"{kind:16} {share:.3f} of {count:,} cut")


if __name__ == "__main__":
    app()
