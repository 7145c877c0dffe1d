"""Start the dashboard on this machine, for nobody else to reach."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from crossover.errors import ConfigError, MissingExtra
from crossover.experiments.report import load_frame

ADDRESS = "127.0.0.1"


def launch(folders: Sequence[str | Path], *, port: int = 8501, headless: bool = False) -> None:
    """Serve the dashboard of these run directories until it is interrupted.

    ``headless`` opens no browser. Raises DataError for a directory without results, MissingExtra
    without Streamlit and ConfigError where the server cannot start, for instance on a port in
    use.
    """
    for package in ("streamlit", "altair"):
        if find_spec(package) is None:
            raise MissingExtra(package, "dashboard", "the dashboard")
    for folder in folders:
        load_frame(folder)
    from streamlit.web.cli import main

    try:
        main(arguments(folders, port, headless), standalone_mode=False)
    except SystemExit as ended:
        if ended.code:
            raise ConfigError(f"the dashboard could not be served on port {port}") from ended


def arguments(folders: Sequence[str | Path], port: int, headless: bool) -> list[str]:
    """Spell out how Streamlit is started: on this machine alone, reporting to nobody."""
    settings = {
        "server.address": ADDRESS,
        "server.port": str(port),
        "server.headless": str(headless).lower(),
        "browser.gatherUsageStats": "false",
        "server.showEmailPrompt": "false",
        "client.toolbarMode": "minimal",
    }
    options = [f"--{name}={value}" for name, value in settings.items()]
    script = Path(__file__).with_name("dashboard.py")
    return ["run", str(script), *options, "--", *(str(Path(f).resolve()) for f in folders)]
