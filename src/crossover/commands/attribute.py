"""Which passages an answer rests on, from the command line."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from crossover.faithfulness import Attributed
    from crossover.types import Answer

# characters of a passage that are shown
SHOWN = 400
WIDE = 160


class How(StrEnum):
    """The methods of attribution."""

    search = "search"
    attention = "attention"
    reader = "reader"


def attribute(
    question: Annotated[str, typer.Argument(help="What to ask.", show_default=False)],
    files: Annotated[
        list[Path], typer.Argument(help="txt, md, html, pdf or docx.", show_default=False)
    ],
    strategy: Annotated[str, typer.Option(help="How to answer.")] = "rag",
    model: Annotated[str, typer.Option(help="Who answers.")] = "reader",
    method: Annotated[How, typer.Option(help="How the answer is attributed.")] = How.search,
    k: Annotated[int, typer.Option("-k", min=1, help="Passages to name.")] = 5,
    words: Annotated[int, typer.Option(min=0, help="Words of a passage; 0: as shown.")] = 100,
    permutations: Annotated[int, typer.Option(min=1, help="Random orders of a search.")] = 20,
    max_calls: Annotated[
        int | None, typer.Option(min=1, help="Sets of passages tried at most.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Answer one question from your own files and say which passages the answer rests on."""
    from rich.console import Console

    from crossover.asking import ask_files
    from crossover.faithfulness import Attention, ByReader, Method, Search, attributed, ready

    methods: dict[How, Method] = {
        How.search: Search(permutations=permutations),
        How.attention: Attention(),
        How.reader: ByReader(),
    }
    chosen, answering = ready(methods[method], model)
    answer = ask_files(question, files, strategy, model)
    found = attributed(answer, question, answering, chosen, k, words=words, max_calls=max_calls)
    if as_json:
        typer.echo(_json(answer, found))
    else:
        console = Console()
        console.width = console.width if console.is_terminal else max(console.width, WIDE)
        _show(answer, found, console)
    if not found.attributions:
        raise typer.Exit(1)


def _json(answer: Answer, found: Attributed) -> str:
    import json
    from dataclasses import asdict

    return json.dumps({"answer": answer.text, **asdict(found)}, ensure_ascii=False, indent=2)


def _show(answer: Answer, found: Attributed, console: Console) -> None:
    from rich.text import Text

    said = answer.text or "no answer found in these files"
    console.print(Text(said, style="bold"), Text(f"[{answer.outcome}] {answer.message}".rstrip()))
    console.print()
    for number, one in enumerate(found.attributions, 1):
        passage = one.passage
        place = f"{passage.document}, characters {passage.start:,}–{passage.end:,}"
        console.print(Text(f"{number}. {one.score:.3f}  {place}", style="cyan"))
        text = " ".join(passage.text.split())
        console.print(Text(text if len(text) <= SHOWN else f"{text[:SHOWN]} …"))
    console.print(Text(f"\n{_cost(found)}", style="dim"))


def _cost(found: Attributed) -> str:
    """What the attribution took, and what became of it, in one line."""
    usage, tokens = found.usage, "unknown"
    if usage.input_tokens is not None and usage.output_tokens is not None:
        tokens = f"{usage.input_tokens + usage.output_tokens:,}"
    dollars = "dollars unknown" if usage.dollars is None else f"${usage.dollars:.6f}"
    why = f" ({found.message})" if found.message else ""
    return (
        f"{found.outcome}{why}: {found.considered} passages, {found.tried} sets of them tried, "
        f"{usage.calls} calls, {tokens} tokens, {dollars}, {found.seconds:.2f} s"
    )
