"""`crossover make-dataset`: questions on one's own documents, checked one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def make_dataset(
    folder: Annotated[Path, typer.Argument(help="Folder of documents.", show_default=False)],
    model: Annotated[
        str, typer.Option(help="Who writes and checks [none: by rule, checked by reader].")
    ] = "",
    checker: Annotated[str, typer.Option(help="Who checks [the model that writes].")] = "",
    by_rule: Annotated[
        bool, typer.Option("--by-rule", help="By rule from sentences; the model only checks.")
    ] = False,
    questions: Annotated[int, typer.Option(min=1, help="How many, over all kinds.")] = 40,
    kinds: Annotated[
        str, typer.Option(help="Which, separated by commas.")
    ] = "single_hop,multi_hop,comparison,unanswerable",
    per_document: Annotated[
        int | None, typer.Option(min=1, help="Most of a kind on one document.")
    ] = None,
    everywhere: Annotated[
        bool, typer.Option("--everywhere", help="Ask on all documents, not on a question's own.")
    ] = False,
    texts: Annotated[
        Path | None, typer.Option(help="YAML of prompts or templates to replace by name.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of what is chosen.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Directory of the questions [runs/FOLDER-questions].")
    ] = None,
    review: Annotated[
        Path | None, typer.Option(help="A review.csv gone through: keep what it keeps.")
    ] = None,
) -> None:
    """Make a question set from documents: each question checked, every loss named.

    Writes questions.jsonl and review.csv. The same command again asks nothing twice.
    """
    from crossover import meter
    from crossover.asking import bar
    from crossover.experiments.making import order as orders

    target = out or Path("runs") / f"{folder.resolve().name}-questions"
    if review:
        kept = orders.reviewed(folder, review, target, everywhere)
        typer.echo(f"{kept} questions kept")
    else:
        order = orders.Order(
            folder=folder,
            kinds=tuple(kinds.split(",")),
            questions=questions,
            model=model,
            checker=checker,
            by_rule=by_rule,
            per_document=per_document,
            everywhere=everywhere,
            texts=texts,
            seed=seed,
        )
        with bar() as watcher, meter.watched(watcher):
            found = orders.deliver(order, target)
        for line in orders.told(found, order):
            typer.echo(line)
    for path in sorted(target.glob("*.*")):
        if path.suffix in (".jsonl", ".csv", ".json"):
            typer.echo(str(path))
    typer.echo(f"as a dataset: folder({folder}, questions={target / 'questions.jsonl'})")
