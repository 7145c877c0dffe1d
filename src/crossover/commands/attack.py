"""`crossover attack`: what planted instructions do to the strategies of a grid."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

WIDE = 160


class Method(StrEnum):
    """How an answer is attributed."""

    search = "search"
    attention = "attention"
    reader = "reader"


def attack(
    grid: Annotated[Path, typer.Argument(help="Grid in YAML.", show_default=False)],
    out: Annotated[Path | None, typer.Option(help="Directory of the run [runs/NAME].")] = None,
    limit: Annotated[int | None, typer.Option(help="Questions per dataset, sampled.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the sample and the models.")] = None,
    by: Annotated[str, typer.Option(help="Slice the table: attack,attack_depth.")] = "",
    detect: Annotated[bool, typer.Option(help="Attribute answers and look for plants.")] = True,
    method: Annotated[
        Method, typer.Option(help="How the detector attributes an answer.")
    ] = Method.search,
    k: Annotated[int, typer.Option(min=1, help="Pieces the detector reads per answer.")] = 5,
    max_calls: Annotated[
        int | None, typer.Option(min=1, help="Calls to attribute one answer, at most.")
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Ask again what failed before.")
    ] = False,
) -> None:
    """Measure planted instructions: what is shown, obeyed, lost and detected.

    The grid names attacked(…) datasets and their originals; the same command again goes on.
    """
    from rich.console import Console

    from crossover.experiments.grid import load_grid
    from crossover.experiments.injection.detector import Detector
    from crossover.experiments.injection.measuring import measure_injection
    from crossover.experiments.injection.table import (
        check_slices,
        injection_columns,
        summarise_injection,
        write_injection,
    )
    from crossover.experiments.progress import LiveProgress
    from crossover.experiments.report import render_terminal
    from crossover.experiments.run import folder_of

    # a grid may name its user's own components, in files that lie beside it
    sys.path.append(str(grid.resolve().parent))
    slices = [name.strip() for name in by.split(",") if name.strip()]
    check_slices(slices)
    plan = load_grid(grid, limit=limit, seed=seed)
    folder = folder_of(plan, out)
    detector = Detector(method.value, k, max_calls) if detect else None
    with LiveProgress(Console(stderr=True)) as progress:
        frame = measure_injection(
            plan, folder, detector=detector, retry_failed=retry_failed, progress=progress
        )
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, WIDE)
    console.print(render_terminal(summarise_injection(frame, slices), injection_columns))
    for path in write_injection(frame, folder):
        typer.echo(str(path))
