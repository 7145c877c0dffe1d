"""``python -m crossover.experiments.reader DATA``: train, calibrate, report, one command."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Annotated

import typer
from rich.console import Console

from crossover.errors import CrossoverError

app = typer.Typer(add_completion=False)
CALIBRATED = ("qed", "quoref", "quoref-contrast", "friendsqa", "covid-qa", "selqa")
SAID_EVERY = 20
# sources whose prose is clean enough to ask rough questions about
ASKED_ABOUT = ("nq", "qed", "xquad", "quoref", "quoref-contrast", "selqa")


@app.command()
def train(
    data: Annotated[Path, typer.Argument(help="Folder that holds reader/ and nq/.")],
    out: Annotated[Path, typer.Option(help="Checkpoints and the result.")] = Path("build/reader"),
    seed: Annotated[int, typer.Option(help="Another seed, another reader.")] = 0,
    threads: Annotated[int, typer.Option(help="CPU threads; 0: all.", min=0)] = 0,
) -> None:
    """Train the embedded reader; run again after a stop, it goes on from its last checkpoint."""
    try:
        _train(data, out, seed, threads)
    except CrossoverError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None


def _train(data: Path, out: Path, seed: int, threads: int) -> None:
    from crossover import precision
    from crossover.experiments.reader import calibrate, cloze, invented, items, scores
    from crossover.experiments.reader.train import Recipe, Trainer
    from crossover.experiments.reader.train import train as learn

    precision.set_threads(threads)
    console = Console()
    known = items.load(data)
    real = [item for item in known if not item.held_out]
    texts = list(dict.fromkeys(item.text for item in real if item.source in ASKED_ABOUT))
    made = cloze.questions(texts, Random(seed)) + invented.questions(invented.TRAINED)
    console.print(f"{len(real):,} questions of people, {len(made):,} made by rule")

    def said(trainer: Trainer, losses: dict[str, float]) -> None:
        if trainer.step % SAID_EVERY == 0:
            shown = ", ".join(f"{name} {loss:.2f}" for name, loss in losses.items())
            console.print(f"step {trainer.step:,} of {trainer.steps:,}: {shown}")

    network = learn([*real, *made], Recipe(seed=seed), out, said)
    held = [item for item in known if item.held_out]
    fitted = calibrate.calibrate(network, [i for i in held if i.source in CALIBRATED], seed)
    calibrate.save(network, fitted, out / "reader.safetensors")
    console.print(f"{out / 'reader.safetensors'}: {fitted}")
    for name, value in scores.table(network, fitted, held):
        console.print(f"{name:40} {value:.3f}")


if __name__ == "__main__":
    app()
