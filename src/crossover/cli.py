"""The command line: each command a thin call. Everything heavy is imported when it is needed."""

from __future__ import annotations

import signal
import sys
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossover.commands.attack import attack
from crossover.commands.attribute import attribute
from crossover.commands.compare import compare
from crossover.commands.contamination import contamination, guided_completion
from crossover.commands.dashboard import dashboard
from crossover.commands.export import export
from crossover.commands.judge import judge, judge_agreement
from crossover.commands.make_dataset import make_dataset
from crossover.commands.router import router_app
from crossover.commands.score import score
from crossover.commands.serve import serve
from crossover.commands.subset import subset
from crossover.errors import CrossoverError

if TYPE_CHECKING:
    from pandas import DataFrame
    from rich.console import Console

    from crossover.experiments.grid import Grid

WIDE = 160
# the exit code that typer gives an interrupt from the keyboard
INTERRUPTED = 130
# a budget ended the run before all was asked
STOPPED = 3

app = typer.Typer(
    name="crossover",
    help="RAG or long context? Measure it on your own questions: accuracy, cost and latency.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


class Kind(StrEnum):
    """What `crossover list` can list."""

    datasets = "datasets"
    strategies = "strategies"
    retrievers = "retrievers"
    chunkers = "chunkers"
    rerankers = "rerankers"
    selectors = "selectors"
    compressors = "compressors"
    models = "models"
    policies = "policies"
    engines = "engines"
    metrics = "metrics"


Folder = Annotated[Path, typer.Argument(help="A run's directory.", show_default=False)]
Rebuild = Annotated[
    bool, typer.Option("--rebuild-indexes", help="Build kept indexes anew where damaged.")
]


@app.command()
def run(
    grid: Annotated[Path, typer.Argument(help="Grid in YAML.", show_default=False)],
    out: Annotated[Path | None, typer.Option(help="Directory of the run [runs/NAME].")] = None,
    limit: Annotated[int | None, typer.Option(help="Questions per dataset, sampled.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the sample and the models.")] = None,
    price_as: Annotated[str | None, typer.Option(help="Show this model's price too.")] = None,
    by: Annotated[str, typer.Option(help="Slice the report by tags: length,task.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Plan only; ask nothing.")] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Ask again what failed before.")
    ] = False,
    rebuild: Rebuild = False,
    store: Annotated[
        str, typer.Option(envvar="CROSSOVER_STORE", help="postgresql://user@host/db for answers.")
    ] = "",
    engine: Annotated[str, typer.Option(help="local(workers=4) or ray(address=…).")] = "",
) -> None:
    """Compare strategies on the same questions.

    Run the same command again to go on after a stop: nothing that is answered is asked again.
    """
    from crossover.experiments.grid import check_tags, load_grid
    from crossover.experiments.progress import LiveProgress
    from crossover.experiments.run import folder_of, run_grid

    _allow_components_beside(grid)
    plan = load_grid(
        grid, limit=limit, seed=seed, price_as=price_as, store=store, engine=engine or None
    )
    check_tags(plan, _tags(by))
    if dry_run:
        _print_plan(plan)
        return
    folder = folder_of(plan, out)
    with _rebuilding(rebuild), LiveProgress(_console(stderr=True)) as progress:
        frame = run_grid(plan, folder, retry_failed=retry_failed, progress=progress)
    _print_comparison(frame, by)
    typer.echo(f"report and every answer: {folder}")
    if frame.attrs.get("unasked"):
        raise typer.Exit(STOPPED)


@app.command()
def report(
    folder: Folder,
    by: Annotated[str, typer.Option(help="Slice by tags, separated by commas.")] = "",
) -> None:
    """Show a run's comparison again and write it as Markdown, CSV, Parquet and HTML."""
    from crossover.experiments.report import load_frame, write_report

    frame = load_frame(folder)
    _print_comparison(frame, by)
    for path in write_report(frame, folder, _tags(by)):
        typer.echo(str(path))


@app.command()
def retrieval(
    grid: Annotated[Path, typer.Argument(help="Grid in YAML.", show_default=False)],
    out: Annotated[Path | None, typer.Option(help="Directory of the report [runs/NAME].")] = None,
    limit: Annotated[int | None, typer.Option(help="Questions per dataset, sampled.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the sample and the models.")] = None,
    by: Annotated[str, typer.Option(help="Slice by tags: category,hops.")] = "",
    measure: Annotated[str, typer.Option(help="What intervals and p are on.")] = "recall@5",
    rebuild: Rebuild = False,
) -> None:
    """Measure retrieval alone: the grid's strategies that retrieve, against gold evidence."""
    from crossover.experiments.grid import check_tags, load_grid
    from crossover.experiments.progress import LiveProgress
    from crossover.experiments.report import render_terminal
    from crossover.experiments.retrieval.measuring import check_measure, measure_retrieval
    from crossover.experiments.retrieval.table import (
        retrieval_columns,
        summarise_retrieval,
        write_retrieval,
    )
    from crossover.experiments.run import folder_of

    _allow_components_beside(grid)
    check_measure(measure)
    plan = load_grid(grid, limit=limit, seed=seed, asks=False)
    check_measure(measure, plan)
    check_tags(plan, _tags(by))
    with _rebuilding(rebuild), LiveProgress(_console(stderr=True)) as progress:
        frame = measure_retrieval(plan, progress)
    for line in frame.attrs["left_out"]:
        typer.echo(line, err=True)
    summary = summarise_retrieval(frame, measure, _tags(by))
    _console().print(render_terminal(summary, retrieval_columns))
    for path in write_retrieval(frame, summary, folder_of(plan, out)):
        typer.echo(str(path))


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="What to ask.", show_default=False)],
    files: Annotated[
        list[str], typer.Argument(help="txt, md, html, pdf or docx.", show_default=False)
    ],
    strategy: Annotated[str, typer.Option(help="How to answer.")] = "rag",
    model: Annotated[str, typer.Option(help="Who answers.")] = "reader",
    trace: Annotated[bool, typer.Option("--trace", help="Show the tree of calls.")] = False,
    max_calls: Annotated[int | None, typer.Option(help="Stop before more calls.")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Stop before more tokens.")] = None,
    max_dollars: Annotated[float | None, typer.Option(help="Stop before more dollars.")] = None,
    max_seconds: Annotated[float | None, typer.Option(help="Stop after so many seconds.")] = None,
    rebuild: Rebuild = False,
) -> None:
    """Answer one question from your own files, with the passages that the answer rests on."""
    from crossover.asking import ask_files, show_answer, show_trace
    from crossover.limits import Limits

    limits = Limits(max_calls, max_tokens, max_dollars, max_seconds)
    with _rebuilding(rebuild):
        answer = ask_files(question, files, strategy, model, limits)
    show_answer(answer, _console())
    if trace:
        show_trace(answer, _console())
    if not answer.scorable:
        raise typer.Exit(1)


@app.command()
def compress(
    file: Annotated[Path, typer.Argument(help="txt, md, html, pdf or docx.", show_default=False)],
    question: Annotated[str, typer.Option(help="What it is compressed for.")] = "",
    method: Annotated[str, typer.Option(help="How: a compressor.")] = "extractive",
    rate: Annotated[float, typer.Option(help="Share of the tokens to keep.")] = 0.25,
    model: Annotated[str, typer.Option(help="Whose tokens count.")] = "reader",
    html: Annotated[Path | None, typer.Option(help="Also a page of both, side by side.")] = None,
) -> None:
    """Compress one file and print what is left; times, tokens and cost go to stderr."""
    from crossover.compressing import compress_file, write_page

    found = compress_file(file, question.strip(), method, rate, model)
    typer.echo(found.text)
    typer.echo(found.line, err=True)
    if html:
        write_page(found, question.strip(), method, html)
        typer.echo(str(html), err=True)


@app.command("list")
def list_(
    kind: Annotated[Kind, typer.Argument(help="What to list.", show_default=False)],
    name: Annotated[str, typer.Argument(help="One of them, in full.")] = "",
) -> None:
    """Show what there is, one line each; with a name, that one with its options."""
    from crossover import listing

    shown = listing.one(kind.value, name) if name else listing.all_of(kind.value)
    _console().print(shown)


app.command()(attack)
app.command()(attribute)
app.command()(compare)
app.command()(export)
app.command()(contamination)
app.command()(dashboard)
app.add_typer(router_app, name="router")
app.command("guided-completion")(guided_completion)
app.command()(judge)
app.command("judge-agreement")(judge_agreement)
app.command("make-dataset")(make_dataset)
app.command()(score)
app.command()(serve)
app.command()(subset)


def main() -> None:
    """Run the command line; a mistake of the user's is one line and exit code 2."""
    # what schedulers and containers send to stop a process ends it as Ctrl-C does
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code = app(standalone_mode=False)
    except CrossoverError as error:
        _fail(str(error))
    except typer.TyperException as error:
        _fail(getattr(error, "format_message", error.__str__)())
    if code == INTERRUPTED:
        typer.echo("stopped; what is answered is kept: the same command goes on", err=True)
    sys.exit(code or 0)


def _fail(message: str) -> None:
    typer.echo(f"error: {' '.join(message.split())}", err=True)
    sys.exit(2)


def _console(stderr: bool = False) -> Console:
    from rich.console import Console

    console = Console(stderr=stderr)
    if not console.is_terminal:
        # a pipe or a log has no width to fit: let tables have what they need
        console.width = max(console.width, WIDE)
    return console


def _rebuilding(wanted: bool) -> AbstractContextManager[None]:
    if not wanted:
        return nullcontext()
    from crossover.retrievers._shelf import rebuilding

    return rebuilding()


def _tags(text: str) -> tuple[str, ...]:
    return tuple(tag.strip() for tag in text.split(",") if tag.strip())


def _allow_components_beside(grid: Path) -> None:
    """A grid may name its user's own components by dotted path, in files that lie beside it."""
    folder = str(grid.resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)


def _print_comparison(frame: DataFrame, by: str) -> None:
    from crossover.experiments.report import (
        answer_first,
        left_out,
        render_terminal,
        summarise,
    )

    for line in left_out(frame):
        typer.echo(line, err=True)
    summary = summarise(frame, _tags(by))
    for line in answer_first(frame, summarise(frame) if by else summary):
        _console().print(line, markup=False, highlight=False)
    _console().print(render_terminal(summary))


def _print_plan(plan: Grid) -> None:
    from crossover.experiments.plan import plan as planned
    from crossover.experiments.plan import show_plan

    _console().print(show_plan(planned(plan), plan.price_as))
