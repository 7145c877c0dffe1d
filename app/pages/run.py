"""Run: build a grid from forms, see what it would cost, start it, watch it, stop and resume it."""

from __future__ import annotations

import streamlit as st

from crossover.app.showing import building, starting, watching
from crossover.app.showing.setup import Setup
from crossover.errors import ConfigError
from crossover.experiments.viewing import started

TITLE, PLACE, ASKS = "Run", 8, True
PARTS = ("Build", "Watch")


def show(setup: Setup) -> None:
    """Draw the page."""
    if setup.read_only:
        raise ConfigError("a dashboard that is read-only starts no run")
    st.title(TITLE)
    part = st.segmented_control(
        "What to do",
        PARTS,
        key="run.part",
        default=PARTS[0],
        label_visibility="collapsed",
        bind="query-params",
    )
    watching.say_problem()
    if part == "Watch":
        _watch(setup)
    else:
        _build(setup)


def _build(setup: Setup) -> None:
    text = starting.edited(building.built(starting.folders(setup)))
    cost = starting.priced(text, setup)
    if text is not None and cost is not None:
        starting.start(text, cost, setup)


def _watch(setup: Setup) -> None:
    runs = {run.name: run for run in started.all_of(setup.workspace)}
    if not runs:
        st.text("No run was started here yet. Build one: it is written into the workspace.")
        return
    name = st.selectbox("Run", list(runs), key="run.watched", bind="query-params")
    watching.watched(runs[name], setup)
