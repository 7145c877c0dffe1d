"""A grid built from forms: what it names, and its YAML."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from crossover.app.showing.forms import KEPT, Form, text_of
from crossover.catalog import KINDS
from crossover.errors import CrossoverError
from crossover.experiments.viewing import composing
from crossover.experiments.viewing.fields import offered

# what a form begins with: small, and answered on this machine
FIRST: Mapping[str, list[str]] = {
    "datasets": ["biographies"],
    "models": ["reader"],
    "strategies": ["full_context", "rag"],
    "metrics": [],
}
EMPTY = "None is chosen: every dataset is scored by its own."
LIMITS: Mapping[str, tuple[type, str]] = {
    "calls": (int, "Calls"),
    "tokens": (int, "Tokens"),
    "dollars": (float, "Dollars"),
    "seconds": (float, "Seconds"),
}


def built(folders: tuple[Path, ...]) -> str | None:
    """Draw the forms and return their grid's YAML; None where something does not fit yet."""
    grid: dict[str, Any] = {}
    wrong = False
    for kind in FIRST:
        found = _components(kind, folders)
        grid[kind] = [text for text in found if text is not None]
        wrong |= None in found or not (found or kind == "metrics")
    grid |= _settings()
    return None if wrong else composing.written(grid)


def _components(kind: str, folders: tuple[Path, ...]) -> list[str | None]:
    """Draw the components of a kind; None stands for one that does not fit."""
    st.subheader(kind.capitalize())
    items: list[tuple[int, str]] = st.session_state.setdefault(
        f"run.items.{kind}", list(enumerate(FIRST[kind]))
    )
    found = [_component(kind, number, name, folders) for number, name in items]
    if not found:
        st.text(EMPTY if kind == "metrics" else "None is chosen yet.")
    chosen, button = st.columns([3, 1], vertical_alignment="bottom")
    chosen.selectbox(
        f"Another of the {kind}", offered(KINDS[kind]), key=f"run.add.{kind}", persist_state=KEPT
    )
    button.button("Add", key=f"run.added.{kind}", on_click=_add, args=(kind,), width="stretch")
    return found


def _component(kind: str, number: int, name: str, folders: tuple[Path, ...]) -> str | None:
    key = f"run.{kind}.{number}.{name}"
    with st.container(border=True):
        title, button = st.columns([5, 1], vertical_alignment="center")
        title.text(f"{name}: {text_of(kind, name)}")
        button.button(
            "Remove", key=f"{key}.remove", on_click=_remove, args=(kind, number), width="stretch"
        )
        try:
            chosen = Form(KINDS[kind], name, key, folders).drawn()
            return composing.text_of(KINDS[kind], chosen)
        except CrossoverError as error:
            st.warning("This does not fit yet.")
            st.text(str(error))
            return None


def _settings() -> dict[str, Any]:
    """Draw what holds for the whole grid."""
    st.subheader("Questions and limits")
    seed, limit, price = st.columns(3)
    told: dict[str, Any] = {
        "limit": limit.number_input(
            "Questions of a dataset at most", 1, value=None, key="run.limit", persist_state=KEPT
        ),
        "seed": seed.number_input("Seed", value=0, key="run.seed", persist_state=KEPT),
        "price_as": price.text_input(
            "Show the price of this model too", key="run.price_as", persist_state=KEPT
        ),
    }
    limits = {}
    for column, (name, (number, title)) in zip(st.columns(4), LIMITS.items(), strict=True):
        limits[name] = column.number_input(
            f"{title} of a question at most",
            number(0),
            value=None,
            key=f"run.limits.{name}",
            persist_state=KEPT,
        )
    told["limits"] = {name: value for name, value in limits.items() if value is not None}
    return told


def _add(kind: str) -> None:
    name = st.session_state[f"run.add.{kind}"]
    items = st.session_state[f"run.items.{kind}"]
    items.append((max((number for number, _ in items), default=-1) + 1, name))


def _remove(kind: str, number: int) -> None:
    key = f"run.items.{kind}"
    st.session_state[key] = [one for one in st.session_state[key] if one[0] != number]
    for name in [
        name for name in st.session_state if str(name).startswith(f"run.{kind}.{number}.")
    ]:
        del st.session_state[name]
