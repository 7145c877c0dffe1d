"""A second run beside the first: what changed on the questions that both have."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from crossover.app.showing.choosing import labels, run_of
from crossover.app.showing.setup import Setup
from crossover.app.showing.tables import downloads
from crossover.experiments import _tables
from crossover.experiments.comparing.runs import Compared, compare_runs
from crossover.experiments.comparing.showing import tables
from crossover.experiments.viewing.opened import Opened


def two_runs(setup: Setup, run: Opened) -> None:
    """Let a second run be chosen and show how it differs from the first one, whole runs both."""
    others = {name: path for name, path in labels(setup).items() if path != run.folder}
    if not others:
        st.text("There is no second run: start with two, crossover dashboard RUN RUN.")
        return
    name = st.selectbox(
        "Second run",
        list(others),
        key="compare.second",
        format_func=_tables.name,
        bind="query-params",
    )
    second = run_of(others[name])
    found = _compared(str(run.folder), run.changed, str(second.folder), second.changed)
    st.text(f"A: {_tables.name(run.name)}\nB: {_tables.name(second.name)}, from {name}")
    st.text("Whole runs are compared, whatever the filters are; a change is B minus A.")
    for heads, rows in tables(found):
        _table(heads, rows)
    if found.notes:
        st.text("\n".join(_tables.passage(note, 1000) for note in found.notes))


def _table(heads: list[str], rows: list[list[str]]) -> None:
    import pandas as pd

    table = pd.DataFrame(rows, columns=heads).map(_tables.name)
    st.dataframe(table, hide_index=True, width="stretch")
    downloads(table, "runs")


@st.cache_resource(max_entries=8, show_spinner="Comparing the runs")
def _compared(first: str, changed: int, second: str, then: int) -> Compared:  # noqa: ARG001
    return compare_runs(Path(first), Path(second))
