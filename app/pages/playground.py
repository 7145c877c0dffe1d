"""Playground: ask a question over documents of one's own, by several strategies side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import streamlit as st

from crossover import catalog
from crossover.app.showing import answers, live
from crossover.app.showing.choosing import chosen_run, labels
from crossover.app.showing.looking_up import chosen_example
from crossover.app.showing.setup import Setup
from crossover.app.showing.uploads import uploaded
from crossover.errors import ConfigError, CrossoverError
from crossover.experiments import _tables
from crossover.experiments.viewing import offered
from crossover.experiments.viewing.allowed import Allowed
from crossover.experiments.viewing.opened import Opened
from crossover.limits import Limits, check_prices
from crossover.roles import Model, Strategy
from crossover.types import Document, Question, Span

TITLE, PLACE, ASKS = "Playground", 7, True
OWN, RUN = "your documents", "a question of the run"
ASKED, GOLD = "playground.asked", "playground.gold"
MOST = 6


@dataclass(frozen=True)
class Wanted:
    """What is to be asked: a question with its documents, and the gold side where it is known."""

    question: Question
    evidence: tuple[Span, ...] = ()
    answers: tuple[str, ...] | None = None


def show(setup: Setup) -> None:
    """Draw the page."""
    st.title(TITLE)
    run = chosen_run(setup) if labels(setup) else None
    wanted = _wanted(setup, run)
    texts, model = _with_what(setup, run)
    limits = _limits()
    if wanted and wanted.answers is not None:
        st.text(f"Reference: {_tables.name('; '.join(wanted.answers) or '(unanswerable)', 400)}")
    st.button(
        "Ask",
        key="playground.ask",
        type="primary",
        disabled=not (wanted and texts),
        on_click=_begin,
        args=(wanted, texts, model, limits),
    )
    if problem := st.session_state.pop("playground.problem", ""):
        st.text(problem)
    if ASKED in st.session_state:
        st.divider()
        answers.drawn(st.session_state[ASKED], "playground", st.session_state[GOLD])


def _wanted(setup: Setup, run: Opened | None) -> Wanted | None:
    """The question and its documents; None until there are both."""
    where = OWN
    if run is not None:
        where = st.segmented_control(
            "Ask about",
            [OWN, RUN],
            default=OWN,
            required=True,
            key="playground.about",
            bind="query-params",
        )
    if where == RUN and run is not None:
        found = chosen_example(run, "playground")
        if found is None:
            return None
        return Wanted(found.question, found.evidence, found.answers)
    documents = uploaded(setup, "playground")
    asked = st.text_input("Question", key="playground.question", max_chars=2_000)
    _held(documents)
    if not documents or not asked.strip():
        return None
    return Wanted(Question("playground", asked.strip(), documents))


def _held(documents: Sequence[Document]) -> None:
    if documents:
        held = [f"{one.id} ({len(one.text):,} characters)" for one in documents]
        st.text(f"Read: {', '.join(held)}")
    else:
        st.text("Upload a document or paste a text, then ask a question about it.")


def _with_what(setup: Setup, run: Opened | None) -> tuple[list[str], str]:
    """The strategies and the model, by their texts."""
    known = {name: run.values(name) if run else [] for name in ("model", "strategy")}
    strategies, models = _offered(setup, tuple(known["strategy"]), tuple(known["model"]))
    left, right = st.columns([2, 1])
    texts = left.multiselect(
        "Strategies",
        strategies.texts,
        default=[text for text in offered.STARTED_WITH if text in strategies.texts],
        key="playground.strategies",
        format_func=_tables.name,
        max_selections=MOST,
        bind="query-params",
    )
    model = right.selectbox(
        "Model",
        models.texts,
        index=models.texts.index(offered.READER) if offered.READER in models.texts else 0,
        key="playground.model",
        format_func=_tables.name,
        bind="query-params",
    )
    refused = [*strategies.refused, *models.refused]
    if refused:
        with st.expander(f"{len(refused)} of the run's own cannot be asked here"):
            st.text("\n".join(refused))
    return texts, str(model)


@st.cache_data(max_entries=16, show_spinner=False)
def _offers(
    strategies: tuple[str, ...], models: tuple[str, ...], allowed: Allowed
) -> tuple[offered.Offer, offered.Offer]:
    return offered.strategies(strategies, allowed), offered.models(models, allowed)


def _offered(
    setup: Setup, strategies: tuple[str, ...], models: tuple[str, ...]
) -> tuple[offered.Offer, offered.Offer]:
    folders = (*setup.data, setup.workspace)
    return _offers(strategies, models, Allowed(folders, setup.servers))


def _limits() -> Limits:
    """The most that each strategy may take."""
    with st.expander("Limits of each strategy"):
        columns = st.columns(4)
        told: Mapping[str, float] = {
            name: columns[at].slider(
                title, low, high, start, key=f"playground.{name}", bind="query-params"
            )
            for at, (name, title, low, high, start) in enumerate(
                (
                    ("calls", "Model calls", 1, 200, 40),
                    ("tokens", "Tokens", 1_000, 2_000_000, 300_000),
                    ("dollars", "Dollars", 0.01, 5.0, 0.5),
                    ("seconds", "Seconds", 5, 600, 120),
                )
            )
        }
    return Limits(
        int(told["calls"]), int(told["tokens"]), float(told["dollars"]), float(told["seconds"])
    )


def _begin(wanted: Wanted, texts: Sequence[str], model: str, limits: Limits) -> None:
    """Ask; what was asked before is stopped."""
    if before := st.session_state.get(ASKED):
        before.stop()
    try:
        loaded = offered.checked_model(model)
        asked = [(text, catalog.load(Strategy, text, dotted=False)) for text in texts]
    except CrossoverError as error:
        st.session_state["playground.problem"] = f"Not asked: {_tables.name(error, 400)}"
        return
    kept = _priced(asked, loaded, limits)
    if kept != limits:
        st.session_state["playground.problem"] = (
            "Dollars are not limited: the price of a model that is asked is not known."
        )
    st.session_state[ASKED] = live.ask(wanted.question, asked, loaded, model, kept)
    st.session_state[GOLD] = wanted.evidence


def _priced(asked: Sequence[tuple[str, Strategy]], model: Model, limits: Limits) -> Limits:
    """The limits, dollars left out where a price is not known."""
    try:
        for _, strategy in asked:
            check_prices(limits, strategy, model)
    except ConfigError:
        return replace(limits, dollars=None)
    return limits
