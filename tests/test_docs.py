"""The examples in README and docs run as they stand."""

import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLES = [
    pytest.param(code, id=f"{page.name}-{number}")
    for page in PAGES
    for number, code in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(), re.S))
]


@pytest.mark.parametrize("code", EXAMPLES)
def test_python_examples_run(code, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "example", "exec"), {"__name__": "example"})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    prose = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)
    for target in re.findall(r"\]\((?!http)([^)#]+)", prose):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_options_that_are_named_exist(page):
    from typer.main import get_command

    from crossover.cli import app

    commands = get_command(app).commands
    for command, rest in re.findall(
        r"^\$? ?(?:\.venv/bin/)?crossover ([\w-]+)(.*)$", page.read_text(), re.M
    ):
        assert command in commands, command
        named = commands[command]
        rest = rest.partition("#")[0]
        if hasattr(named, "commands"):
            below, _, rest = rest.strip().partition(" ")
            assert below in named.commands, below
            named = named.commands[below]
        known = {option for parameter in named.params for option in parameter.opts}
        assert set(re.findall(r"(--[\w-]+)", rest)) <= known, rest


def test_the_strategy_in_the_docs_runs_as_a_file_of_ones_own(tmp_path, monkeypatch):
    text = (ROOT / "docs" / "strategies.md").read_text()
    code = next(c for c in re.findall(r"```python\n(.*?)```", text, re.S) if "class Beginning" in c)
    (tmp_path / "beginning_of_mine.py").write_text(code)
    monkeypatch.syspath_prepend(os.fspath(tmp_path))
    from crossover import catalog
    from crossover.measure import measured
    from crossover.roles import Model, Strategy
    from crossover.types import Document, Question

    strategy = catalog.load(Strategy, "beginning_of_mine.Beginning(characters=5)")
    question = Question("q", "Who?", (Document("d", "Ada built it."),))
    answer = measured(strategy, question, catalog.load(Model, "fake"))
    assert answer.passages[0].text == "Ada b"
    assert len(code.splitlines()) < 60
