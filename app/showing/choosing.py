"""Which runs and which of their rows are looked at: the same on every page, and in its address."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from crossover.app.showing.setup import Setup
from crossover.errors import ConfigError
from crossover.experiments import _tables
from crossover.experiments.report import RESULTS
from crossover.experiments.reporting.facts import Facts
from crossover.experiments.viewing.opened import Filter, Opened

# a tag with more values than this is no kind of question
MOST_VALUES = 60


@st.cache_resource(max_entries=16, show_spinner="Reading the run")
def _opened(folder: str, changed: int) -> Opened:
    found = Opened(Path(folder), changed)
    # what cannot be read fails here, once
    _ = found.frame
    return found


def run_of(folder: Path) -> Opened:
    """A run, read once until its results change; raises DataError."""
    now = Opened.of(folder)
    return _opened(str(now.folder), now.changed)


def labels(setup: Setup) -> dict[str, Path]:
    """The runs by names that tell them apart: an address must not hold paths.

    Those that were named, then finished ones of the workspace.
    """
    there = sorted(setup.workspace.glob(f"*/{RESULTS}")) if not setup.read_only else []
    folders = dict.fromkeys([*setup.runs, *(one.parent for one in there)])
    found: dict[str, Path] = {}
    for folder in folders:
        name = folder.name or str(folder)
        while name in found:
            name += "'"
        found[name] = folder
    return found


def chosen_run(setup: Setup) -> Opened:
    """The run that the sidebar's first box names; raises DataError where it cannot be read."""
    known = labels(setup)
    if not known:
        raise ConfigError("there is no run to look at: name one, crossover dashboard RUN")
    name = next(iter(known))
    if len(known) > 1:
        name = st.sidebar.selectbox(
            "Run", list(known), key="run", format_func=_tables.name, bind="query-params"
        )
    return run_of(known[name])


def chosen_rows(run: Opened) -> Filter:
    """The rows that the sidebar's boxes leave."""
    wanted = {}
    options = {name: run.values(name) for name in ("dataset", "model", "strategy")} | run.tags
    for name, values in options.items():
        if 1 < len(values) <= MOST_VALUES:
            wanted[name] = tuple(
                st.sidebar.multiselect(
                    _tables.name(name).capitalize(),
                    values,
                    key=f"only.{name}",
                    format_func=_tables.name,
                    placeholder="all",
                    bind="query-params",
                )
            )
    return Filter(wanted)


# a run by its folder and when it changed, and the values that its rows are cut to
Key = tuple[str, int, tuple[tuple[str, tuple[str, ...]], ...]]


def key_of(run: Opened, chosen: Filter) -> Key:
    """What tells the chosen rows of a run from others, to keep what is computed of them."""
    wanted = sorted((name, values) for name, values in chosen.wanted.items() if values)
    return str(run.folder), run.changed, tuple(wanted)


@st.cache_resource(max_entries=32, show_spinner="Computing")
def facts_of(key: Key, by: tuple[str, ...] = ()) -> Facts:
    """What the chosen rows come to, computed once until the results change; raises DataError."""
    folder, changed, wanted = key
    run: Opened = _opened(folder, changed)
    return run.facts(Filter(dict(wanted)), by)


def chosen_dataset(names: Sequence[str], key: str) -> str:
    """The dataset that a page's box names: scores compare only within one."""
    if len(names) == 1:
        return names[0]
    return st.selectbox("Dataset", names, key=key, format_func=_tables.name, bind="query-params")
