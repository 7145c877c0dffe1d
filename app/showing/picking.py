"""Tables of questions in pages, a row of which can be picked: the address says which."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import streamlit as st

from crossover.app.showing.choosing import run_of
from crossover.app.showing.texts import visible
from crossover.experiments import _tables
from crossover.experiments.viewing import questions
from crossover.experiments.viewing.examples import Key, examples
from crossover.experiments.viewing.opened import Opened
from crossover.experiments.viewing.questions import Page
from crossover.types import Example

if TYPE_CHECKING:
    from pandas import DataFrame

HEIGHT = 320
WIDE = ("question", "answer")
PICKED = ("dataset", "example", "strategy", "model")


@st.cache_data(max_entries=64, show_spinner="Reading the questions")
def page_of(folder: str, changed: int, wanted: questions.Wanted, number: int) -> Page:
    """One page of the table, read once."""
    return questions.page(opened(folder, changed), wanted, number)


@st.cache_resource(max_entries=2, show_spinner="Reading the run's documents")
def _examples(folder: str, changed: int) -> dict[Key, Example]:
    return examples(opened(folder, changed).frame)


def example_of(run: Opened, dataset: str, example: str) -> Example | None:
    """A question with its documents, read again; None where its dataset lacks it by now.

    Raises ConfigError or DataError where the dataset cannot be read.
    """
    return _examples(str(run.folder), run.changed).get((dataset, example))


def number_of(name: str, about: object) -> int:
    """The page that is looked at; another table begins at its first page."""
    if st.session_state.get(f"{name}.about") not in (None, about):
        st.session_state[f"{name}.page"] = 1
    st.session_state[f"{name}.about"] = about
    return int(st.session_state.get(f"{name}.page", st.query_params.get(f"{name}.page", 1)) or 1)


def drawn(name: str, found: Page, number: int, keys: Sequence[str]) -> None:
    """Draw one page of a table; picking a row puts its ``keys`` into the address."""
    about = repr((number, list(found.table.columns), found.table[list(PICKED[:2])].values.tolist()))
    widget = f"{name}.table.{hashlib.sha256(about.encode(errors='replace')).hexdigest()[:12]}"
    st.dataframe(
        shown(found.table),
        key=widget,
        height=HEIGHT,
        hide_index=True,
        placeholder="unknown",
        width="stretch",
        on_select=partial(_pick, widget, name, found.table, keys),
        selection_mode="single-row",
        column_config={
            one: st.column_config.TextColumn(width="medium")
            for one in WIDE
            if one in found.table.columns
        },
    )
    if found.pages > 1:
        st.pagination(found.pages, key=f"{name}.page", bind="query-params")


def shown(table: DataFrame) -> DataFrame:
    """The table with nothing hidden in its texts, and names of columns that are only text."""
    texts = [n for n in table.columns if not _is_number(table[n])]
    made = table.assign(**{n: [_shown(value) for value in table[n]] for n in texts})
    return made.rename(columns={n: _tables.name(n, 60) for n in table.columns})


def _is_number(column: Any) -> bool:
    return column.dtype.kind in "iuf"


def _shown(value: Any) -> str:
    return "" if value is None or value != value else visible(" ".join(str(value).split()))


def _pick(widget: str, name: str, table: DataFrame, keys: Sequence[str]) -> None:
    state = cast(Any, st.session_state.get(widget))
    rows = state["selection"]["rows"] if state else []
    for key in keys:
        address = f"{name}.{key}"
        if rows:
            st.query_params[address] = str(table[key].iloc[rows[0]])
        elif address in st.query_params:
            del st.query_params[address]


def picked(name: str, keys: Sequence[str]) -> tuple[str, ...] | None:
    """What the address says was picked; None where it says nothing, or not all."""
    found = tuple(st.query_params.get(f"{name}.{key}", "") for key in keys)
    return found if all(found) else None


def opened(folder: str, changed: int) -> Opened:
    """The run of a cached function's arguments, its frame read once."""
    found = run_of(Path(folder))
    return found if found.changed == changed else Opened(Path(folder), changed)
