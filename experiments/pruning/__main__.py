"""``python -m crossover.experiments.pruning DATA``: train both models and report on them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from crossover.errors import CrossoverError

app = typer.Typer(add_completion=False)
SAID_EVERY = 20
STEPS = 840


@app.command()
def train(
    data: Annotated[Path, typer.Argument(help="Folder that holds reader/ and nq/.")],
    out: Annotated[Path, typer.Option(help="Weights and Hugging Face folders.")] = Path(
        "build/pruning"
    ),
    steps: Annotated[int, typer.Option(help="Steps of the language model.", min=1)] = STEPS,
    seed: Annotated[int, typer.Option(help="Another seed, other models.")] = 0,
    threads: Annotated[int, typer.Option(help="CPU threads; 0: all.", min=0)] = 1,
) -> None:
    """Train a small language model and a keep/drop classifier; print what they reach."""
    try:
        _train(data, out, steps, seed, threads)
    except CrossoverError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None


def _train(data: Path, out: Path, steps: int, seed: int, threads: int) -> None:
    from crossover import meter, precision
    from crossover.compressors import _causal
    from crossover.compressors._packaged import CLASSIFIER, _weights
    from crossover.experiments.pruning import causal, classifier, saving, scores, texts

    precision.set_threads(threads)
    saving.folder(out)
    trained, held = texts.read(data)
    console = Console()
    console.print(f"{len(trained):,} texts to train on, {len(held):,} to report on")

    def say(what: str, done: int, total: int) -> None:
        if done % SAID_EVERY == 0 or done == total:
            console.print(f"{what}: {done:,} of {total:,}")

    recipe = causal.Recipe(seed=seed, steps=steps)
    spoken = [asked.text for asked in trained]
    with meter.watched(say):
        cut = causal.tokenizer(spoken, recipe)
        saving.causal(causal.train(spoken, cut, recipe)[0], cut, out)
        windows = classifier.windows(trained)
        weights, _ = classifier.train(windows, classifier.Recipe(seed=seed))
        saving.classifier(weights, out)
    for place in saving.hugging_face(out):
        console.print(f"{place}")
    language = _causal.load(str(out / "causal"))
    token, word = scores.perplexity(language, held)
    console.print(f"perplexity per token {token:.1f}, per word {word:.0f}")
    for row in scores.table(language, _weights.load(out / CLASSIFIER), held, seed):
        survive = ", ".join(f"{share:.3f} at {rate}" for rate, share in row.survive.items())
        console.print(f"{row.method:20} average precision {row.precision:.3f}, answers {survive}")


if __name__ == "__main__":
    app()
