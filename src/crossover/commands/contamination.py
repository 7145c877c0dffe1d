"""What a model may know of a benchmark beforehand."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pandas import DataFrame

    from crossover.experiments.contamination.guided import Guided

WIDE = 160


class Of(StrEnum):
    """What is completed."""

    question = "question"
    document = "document"


def contamination(
    folder: Annotated[Path, typer.Argument(help="A run's directory.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option(help="Directory of the tagged run [FOLDER-known].")
    ] = None,
    threshold: Annotated[
        float, typer.Option(help="Score without context from which a question is known.")
    ] = 0.5,
    drop: Annotated[
        bool, typer.Option("--drop", help="Leave known questions out instead of tagging them.")
    ] = False,
) -> None:
    """Tag or drop the questions that a model answers without context, and compare again.

    The run must hold the strategy closed_book; nothing is asked.
    """
    from rich.console import Console

    from crossover.experiments.contamination.known import known_shares, mark_known, without_known
    from crossover.experiments.report import load_frame, render_terminal, summarise, write_report
    from crossover.experiments.reporting.details import copy_details

    marked = mark_known(load_frame(folder), threshold)
    _print_shares(known_shares(marked))
    kept, by = (without_known(marked), ()) if drop else (marked, ("known",))
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, WIDE)
    console.print(render_terminal(summarise(kept, by)))
    tagged = out or folder.with_name(f"{folder.name}-known")
    copy_details(folder, tagged)
    for path in write_report(kept, tagged, by):
        typer.echo(str(path))


def guided_completion(
    dataset: Annotated[str, typer.Argument(help="A dataset.", show_default=False)],
    model: Annotated[str, typer.Option(help="Who completes.", show_default=False)],
    of: Annotated[Of, typer.Option(help="What is completed.")] = Of.question,
    name: Annotated[str, typer.Option(help="What the dataset is called in public.")] = "",
    split: Annotated[str, typer.Option(help="Which part of it this is.")] = "test split",
    limit: Annotated[int, typer.Option(min=2, help="Texts, spread over documents.")] = 20,
    seed: Annotated[int, typer.Option(help="Seed of the sample and the cuts.")] = 0,
    out: Annotated[Path, typer.Option(help="Directory of the replies.")] = Path("runs/guided"),
) -> None:
    """Test whether a model has a dataset by heart: whether naming it brings its texts closer."""
    from crossover import catalog
    from crossover.experiments.contamination import guided
    from crossover.roles import Dataset, Model

    found = guided.guided_completion(
        catalog.load(Dataset, dataset),
        catalog.load(Model, model),
        out,
        of=of.value,
        name=name,
        split=split,
        limit=limit,
        seed=seed,
    )
    _print_guided(found)
    path = out / "completions.csv"
    found.rows.to_csv(path, index=False)
    typer.echo(str(path))


def _print_shares(shares: DataFrame) -> None:
    for row in shares.to_dict("records"):
        interval = "" if row["low"] is None else f" [{row['low']:.3f}, {row['high']:.3f}]"
        rough = f"; {row['documents']} documents: rough" if row["rough"] else ""
        typer.echo(
            f"{row['dataset']}, {row['model']}: {row['known']} of {row['questions']} questions "
            f"known without context, {row['share']:.3f}{interval}{rough}"
        )


def _print_guided(found: Guided) -> None:
    rows = found.rows
    told = rows["guided"].notna() & rows["general"].notna()
    typer.echo(f"{told.sum()} of {len(rows)} texts completed both ways{_failures(rows)}")
    if not told.any():
        raise typer.Exit(1)
    apart = found.difference
    interval = "" if apart.low is None else f" [{apart.low:+.3f}, {apart.high:+.3f}]"
    typer.echo(
        f"ROUGE-L with the true rest: {rows.loc[told, 'guided'].mean():.3f} guided, "
        f"{rows.loc[told, 'general'].mean():.3f} not; {apart.mean:+.3f}{interval}, "
        f"p {found.p:.3f} (one-sided)"
    )
    typer.echo(f"{rows['exact'].sum()} replicated, {rows['near'].sum()} nearly (guided)")
    signs = [
        *(["naming the dataset brings its texts closer"] if found.by_overlap else []),
        *(["texts are replicated"] if found.by_replication else []),
    ]
    typer.echo(f"suspicious: {' and '.join(signs)}" if signs else "no sign of contamination")
    bill = found.bill
    dollars = "unknown" if bill.dollars is None else f"{bill.dollars:.4f}"
    typer.echo(f"{bill.calls} calls, {bill.input_tokens} tokens in, ${dollars}")


def _failures(rows: DataFrame) -> str:
    outcomes = [*rows["guided_outcome"], *rows["general_outcome"]]
    counted = {one: outcomes.count(one) for one in dict.fromkeys(outcomes) if one != "answered"}
    return "".join(f"; {count} {name}" for name, count in counted.items())
