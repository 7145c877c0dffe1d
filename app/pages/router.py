"""Router: what a learned router is worth, where it works, and why it decides as it does."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from crossover.app.showing import routed
from crossover.app.showing.choosing import chosen_run
from crossover.app.showing.setup import Setup
from crossover.errors import ConfigError, CrossoverError
from crossover.experiments import _tables
from crossover.experiments.viewing import routers
from crossover.experiments.viewing.opened import Opened
from crossover.router.artefact import Artefact

TITLE, PLACE, ASKS = "Router", 6, False
AIMS = {
    "a share of the dearest strategy's cost": "budget",
    "a share of the best one's quality": "at_least",
}


def show(setup: Setup) -> None:
    """Draw the page."""
    st.title(TITLE)
    run = chosen_run(setup)
    places = _places(setup, run)
    st.text(_tables.name(run.name))
    files = routers.router_files(places)
    if not files:
        _none(setup, run)
        routed.logs(places, None)
        return
    if said := st.session_state.pop("router.fitted", ""):
        st.text(said)
    name = st.selectbox(
        "Router", list(files), key="router.file", format_func=_tables.name, bind="query-params"
    )
    artefact = _loaded((str(files[name]), files[name].stat().st_mtime_ns))
    names = ", ".join(map(_tables.name, artefact.strategies))
    when = "by the answer of the first one" if artefact.policy == "cascade" else "before any answer"
    st.text(
        f"It chooses between {names}, {when}; quality is by {_tables.name(artefact.metric)}, "
        f"costs are in {_tables.name(artefact.unit)}."
    )
    chosen = _aimed(artefact)
    routed.frontier(artefact, chosen)
    st.subheader("What it is worth")
    routed.verdict(
        routers.verdict_of(artefact.evaluation), artefact.evaluation.get("said", ""), "held-out"
    )
    routed.judged(files[name], run, artefact)
    st.subheader("What it decides")
    routed.decided_on_run(chosen, run)
    if not setup.read_only:
        routed.tried(chosen, setup, run)
    routed.logs(places, artefact)


def _places(setup: Setup, run: Opened) -> dict[str, Path]:
    """Where routers and logs may lie; what others have in the workspace is theirs, read-only."""
    places = {"this run": run.folder}
    return places if setup.read_only else {**places, "workspace": setup.workspace}


@st.cache_resource(max_entries=8, show_spinner="Reading the router")
def _loaded(written: tuple[str, int]) -> Artefact:
    return Artefact.load(Path(written[0]))


def _none(setup: Setup, run: Opened) -> None:
    st.text(
        "There is no router beside this run. Learn one from its grades, and judge it on documents "
        "held out:"
    )
    st.code("crossover router fit RUN --out RUN/router.json", language=None)
    if setup.read_only or not st.button("Learn one from this run", key="router.fit"):
        return
    with st.spinner("Reading the documents again, learning, judging on held-out ones"):
        try:
            said = routers.fit(run.folder)
        except CrossoverError as error:
            st.text(f"There is no router: {error}")
            return
    st.session_state["router.fitted"] = said
    st.rerun()


def _aimed(artefact: Artefact) -> Artefact:
    """The router at another objective, read off its frontier."""
    st.subheader("What it aims at")
    st.text(f"Fitted for {routers.aim_of(artefact)}.")
    left, right = st.columns([3, 2])
    own = "as it was fitted"
    aim = left.radio("Aim at", [own, *AIMS], key="router.aim", bind="query-params")
    if aim == own:
        return artefact
    kind = AIMS[aim]
    start = 98 if kind == "at_least" else 50
    share = right.slider(
        "Percent", 5, 100, start, key=f"router.{kind}", format="%d %%", bind="query-params"
    )
    try:
        return artefact.at(f"{kind}({share / 100})")
    except (KeyError, TypeError, IndexError):
        raise ConfigError("this router's frontier is damaged: fit it again") from None
