"""Compare: every strategy's score beside its cost, and what speaks for the difference."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from crossover.app.showing import comparing
from crossover.app.showing.choosing import chosen_dataset, chosen_rows, chosen_run, key_of
from crossover.app.showing.comparing import Looked
from crossover.app.showing.setup import Setup
from crossover.app.showing.two_runs import two_runs
from crossover.experiments import _tables

TITLE, PLACE, ASKS = "Compare", 2, False
VIEWS: dict[str, Callable[[Looked], None]] = {
    "Strategies": comparing.strategies,
    "Pairs": comparing.pairs_of,
    "Slices": comparing.slices_of,
    "Length × depth": comparing.heat_maps,
    "Crossover": comparing.crossovers,
    "Outcomes": comparing.outcomes_of,
    "Cost": comparing.costs_of,
}
RUNS = "Two runs"


def show(setup: Setup) -> None:
    """Draw the page."""
    run = chosen_run(setup)
    chosen = chosen_rows(run)
    st.title(TITLE)
    st.text(_tables.name(run.name))
    view = st.segmented_control(
        "Show",
        [*VIEWS, RUNS],
        default="Strategies",
        required=True,
        key="compare.view",
        bind="query-params",
    )
    if view == RUNS:
        two_runs(setup, run)
        return
    looked = Looked.of(key_of(run, chosen))
    tables = dict(_tables.datasets(looked.facts.summary))
    dataset = chosen_dataset(list(tables), "compare.dataset")
    st.text(f"{_tables.name(dataset)}: {_tables.setting(tables[dataset])}")
    VIEWS[view](looked.at(dataset))
    comparing.whole_report(looked)
