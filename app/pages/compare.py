"""Compare: every strategy's score beside its cost, and what speaks for the difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from crossover.app.showing.charts import accuracy_cost
from crossover.app.showing.choosing import chosen_rows, chosen_run
from crossover.app.showing.setup import Setup
from crossover.app.showing.tables import styled
from crossover.experiments import _tables
from crossover.experiments.reporting.plot import drawn

if TYPE_CHECKING:
    from pandas import DataFrame

TITLE, PLACE, ASKS = "Compare", 2, False


def show(setup: Setup) -> None:
    """Draw the page."""
    run = chosen_run(setup)
    facts = run.facts(chosen_rows(run))
    st.title(TITLE)
    st.text(_tables.name(run.name))
    for dataset, table in _tables.datasets(facts.summary):
        st.divider()
        st.text(f"{_tables.name(dataset)}: {_tables.setting(table)}")
        st.dataframe(styled(table), hide_index=True, width="stretch")
        notes = [*_tables.failed(table), *_tables.notes(table)]
        if notes:
            st.text("\n".join(notes))
        _plot(table)


def _plot(table: DataFrame) -> None:
    points = drawn(table)
    if len(points) < len(table):
        st.text(f"{len(table) - len(points)} not drawn: the score or the cost is unknown or 0.")
    if len(points):
        st.altair_chart(accuracy_cost(table), width="stretch")
