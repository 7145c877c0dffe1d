"""From a grid's YAML to a run: checked, its cost told, started."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from crossover.app.showing.forms import KEPT
from crossover.app.showing.setup import Setup
from crossover.app.showing.watching import problem
from crossover.errors import ConfigError, CrossoverError
from crossover.experiments.viewing import composing, planning, started
from crossover.experiments.viewing.allowed import Allowed
from crossover.experiments.viewing.planning import Cost

HEADS = {
    "questions": "questions",
    "calls": "calls",
    "input_tokens": "input tokens",
    "output_tokens_at_most": "output tokens at most",
    "dollars": "dollars at most",
    "price_as_dollars": "dollars as",
    "would_fail": "would fail",
}


def folders(setup: Setup) -> tuple[Path, ...]:
    """The folders whose files a grid may name."""
    return (*setup.data, setup.workspace)


def checked(text: str, setup: Setup) -> None:
    """Raise ConfigError for a grid that names what it may not; see ``Allowed``."""
    Allowed(folders(setup), setup.servers).check(composing.read(text))


def edited(composed: str | None) -> str | None:
    """Show the grid's YAML, to copy or to edit; the text that counts."""
    st.subheader("The grid")
    if not st.toggle("Edit as text", key="run.edit", persist_state=KEPT):
        if composed is None:
            st.text("There is no grid yet: something above is missing or does not fit.")
        else:
            st.code(composed, language="yaml")
        return composed
    st.session_state.setdefault("run.text", composed or "")
    st.button(
        "Take it from the forms again",
        key="run.retake",
        on_click=partial(st.session_state.__setitem__, "run.text", composed or ""),
    )
    text = st.text_area("YAML", key="run.text", height=320, persist_state=KEPT)
    return text if text.strip() else None


def priced(text: str | None, setup: Setup) -> Cost | None:
    """Tell what a grid would cost, when asked; None until it is known for this very text."""
    if st.button("What would it cost?", key="run.price", disabled=text is None) and text:
        st.session_state.pop("run.cost", None)
        try:
            checked(text, setup)
            with st.spinner("Planning: nothing is asked"):
                st.session_state["run.cost"] = (text, planning.cost(text))
        except CrossoverError as error:
            st.error("This cannot be run.")
            st.text(str(error))
    known, cost = st.session_state.get("run.cost", (None, None))
    if cost is None or known != text:
        return None
    st.text("\n".join(cost.sentences()))
    st.dataframe(_table(cost), hide_index=True, width="stretch")
    return cost  # type: ignore[no-any-return]


def start(text: str, cost: Cost, setup: Setup) -> None:
    """Offer to start the run under a name."""
    st.text_input(
        "Name of the run",
        key="run.name",
        max_chars=64,
        placeholder=f"{datetime.now():%Y-%m-%d}-first",
        persist_state=KEPT,
    )
    if cost.local:
        st.checkbox("Start although another run works on this machine", key="run.beside")
    st.button(
        "Start",
        key="run.start",
        type="primary",
        on_click=problem,
        args=(partial(_started, text, cost, setup),),
    )


def _started(text: str, cost: Cost, setup: Setup) -> None:
    """Start what the cost was told of; the fields may have been filled with this very click."""
    said = st.session_state
    if said.get("run.edit") and said.get("run.text") != text:
        raise ConfigError("the grid was changed since its cost was told; look at that first")
    checked(text, setup)
    name, beside = str(said.get("run.name") or ""), bool(said.get("run.beside"))
    run = started.start(
        setup.workspace, name.strip(), text, cost.jobs, local=cost.local, beside=beside
    )
    st.session_state["run.part"] = "Watch"
    st.session_state["run.watched"] = run.name


def _table(cost: Cost) -> pd.DataFrame:
    table = pd.DataFrame([dict(row) for row in cost.rows])
    if not cost.price_as:
        table = table.drop(columns="price_as_dollars")
    named = {**HEADS, "price_as_dollars": f"dollars as {cost.price_as}"}
    return table.rename(columns=named)
