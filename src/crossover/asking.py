"""One question about one's own files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from crossover import catalog, meter, tracing
from crossover.blobs import Place
from crossover.errors import ConfigError
from crossover.files import read_documents
from crossover.limits import Limits, check_prices
from crossover.measure import measured
from crossover.roles import Model, Strategy
from crossover.types import Answer, Question

if TYPE_CHECKING:
    from rich.console import Console
    from rich.tree import Tree

# characters of a passage that are shown
SHOWN = 400


def ask_files(
    question: str,
    files: Sequence[str | Place],
    strategy: str,
    model: str,
    limits: Limits | None = None,
) -> Answer:
    """Answer a question from files; raises ConfigError or DataError before anything is asked."""
    if not question.strip():
        raise ConfigError("the question has no text; ask something in quotes")
    chosen, answering = catalog.load(Strategy, strategy), catalog.load(Model, model)
    check = getattr(answering, "check", None)
    if check:
        check()
    check_prices(limits or Limits(), chosen, answering)
    documents = read_documents(files)
    for document in documents:
        # a file that cannot be read is the user's to mend, not a failed answer
        _ = document.text
    with bar() as watcher, meter.watched(watcher):
        asked = Question("ask", question.strip(), documents)
        return measured(chosen, asked, answering, limits=limits)


@contextmanager
def bar() -> Iterator[meter.Watcher]:
    """Draw how far long reading has come, on a terminal alone."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None, visible=False)
        yield lambda what, done, total: bar.update(
            task, description=what, completed=done, total=total, visible=True
        )


def show_answer(answer: Answer, console: Console) -> None:
    """Print the answer, the passages that it rests on, and what it cost."""
    from rich.text import Text

    said = answer.text or ("no answer found in these files" if answer.outcome == "declined" else "")
    console.print(Text(said, style="bold"), Text(f"[{answer.outcome}] {answer.message}".rstrip()))
    shown = answer.evidence or answer.passages
    console.print()
    for number, passage in enumerate(shown, 1):
        place = f"{number}. {passage.document}, characters {passage.start:,}–{passage.end:,}"
        console.print(Text(place, style="cyan"))
        text = " ".join(passage.text.split())
        console.print(Text(text if len(text) <= SHOWN else f"{text[:SHOWN]} …"))
    console.print(Text(f"\n{cost_line(answer)}", style="dim"))


def show_trace(answer: Answer, console: Console) -> None:
    """Print the tree of calls, each with what it took, and the totals."""
    from rich.text import Text
    from rich.tree import Tree

    drawn = Tree(Text("what was done", style="bold"), guide_style="dim")
    _grow(drawn, tracing.tree(answer.trace))
    console.print(drawn)
    console.print(Text(f"{tracing.total_line(answer)}\n", style="dim"))


def _grow(drawn: Tree, nodes: Sequence[tracing.Node]) -> None:
    from rich.text import Text

    for node in nodes:
        _grow(drawn.add(Text(node.line)), node.under)


def cost_line(answer: Answer) -> str:
    """Tokens, dollars and seconds in one line."""
    usage, parts = answer.usage, []
    for name, count in (("input", usage.input_tokens), ("output", usage.output_tokens)):
        parts.append(f"{'unknown' if count is None else f'{count:,}'} {name} tokens")
    parts.append("dollars unknown" if usage.dollars is None else f"${usage.dollars:.6f}")
    parts.append("time unknown" if answer.seconds is None else f"{answer.seconds:.2f} s")
    if answer.indexing.compute_seconds:
        parts.append(f"indexing once: {answer.indexing.compute_seconds:.2f} s")
    return "; ".join(parts)
