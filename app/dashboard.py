"""The dashboard: pages over the results of finished runs, and over new ones.

``streamlit run`` executes this file; runs and limits follow ``--``. Names and texts come from data
that nobody vouches for, so they are shown by elements that read neither Markdown nor HTML.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from crossover.app.showing.setup import Setup, read
from crossover.errors import CrossoverError

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

PAGES = Path(__file__).with_name("pages")


def main(words: Sequence[str]) -> None:
    """Draw the page that the address names."""
    import streamlit as st

    st.set_page_config(page_title="Crossover", layout="wide")
    setup = read(words)
    pages = modules(setup)
    st.navigation([_page(one, setup, first=one is pages[0]) for one in pages]).run()


def modules(setup: Setup) -> list[ModuleType]:
    """The pages in their order, a file of the folder each; read-only, without those that ask."""
    names = sorted(path.stem for path in PAGES.glob("[a-z]*.py"))
    found = [import_module(f"crossover.app.pages.{name}") for name in names]
    shown = [one for one in found if not (setup.read_only and one.ASKS)]
    return sorted(shown, key=lambda one: int(one.PLACE))


def page_named(name: str, setup: Setup) -> StreamlitPage:
    """A page by its file's name, to lead to it."""
    pages = modules(setup)
    found = next(one for one in pages if one.__name__.rpartition(".")[2] == name)
    return _page(found, setup, first=found is pages[0])


def _page(module: ModuleType, setup: Setup, *, first: bool) -> StreamlitPage:
    import streamlit as st

    name = module.__name__.rpartition(".")[2]
    # an icon would be fetched from elsewhere, for the browser's tab
    return st.Page(
        partial(drawn, module.show, setup), title=module.TITLE, url_path=name, default=first
    )


def drawn(show: Callable[[Setup], None], setup: Setup) -> None:
    """One page; what is wrong with a run is said, and the other pages stay."""
    import streamlit as st

    try:
        show(setup)
    except CrossoverError as error:
        st.error("This cannot be shown.")
        st.text(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
