"""Looking at runs in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def dashboard(
    folders: Annotated[
        list[Path] | None, typer.Argument(help="Runs to look at.", show_default=False)
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 8501,
    workspace: Annotated[
        Path, typer.Option(help="Where runs that are started there are written.")
    ] = Path("runs"),
    data: Annotated[
        list[Path] | None, typer.Option(help="Folder whose files new runs may read; repeatable.")
    ] = None,
    server: Annotated[
        list[str] | None,
        typer.Option(help="Address where new runs may ask models; repeatable. [this machine]"),
    ] = None,
    upload: Annotated[int, typer.Option(min=1, help="Most megabytes of an uploaded file.")] = 20,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Ask, start and upload nothing: for sharing.")
    ] = False,
    headless: Annotated[bool, typer.Option("--headless", help="Open no browser.")] = False,
) -> None:
    """Open the dashboard on this machine's own address."""
    from crossover.app.launch import launch
    from crossover.app.showing.setup import Setup

    setup = Setup(
        tuple(folders or ()), workspace, read_only, upload, tuple(data or ()), tuple(server or ())
    )
    launch(setup, port=port, headless=headless)
