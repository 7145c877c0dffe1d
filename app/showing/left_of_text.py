"""A compressed text beside its original, in which what was dropped is struck through."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from crossover.app.showing import picking, texts
from crossover.app.showing.side_by_side import NO_DETAILS, standing_of
from crossover.app.showing.texts import DROPPED, EVIDENCE, Mark
from crossover.errors import CrossoverError
from crossover.experiments import _tables
from crossover.experiments.viewing.opened import Opened
from crossover.experiments.viewing.standing import Details, Standing, dropped, placed
from crossover.types import Passage

MOST_PASSAGES = 30


def one_text(run: Opened, dataset: str, example: str, strategy: str, model: str) -> None:
    """Draw what a strategy's compressor left of a question's documents."""
    found = standing_of(run, dataset, example)
    rows = zip(found.answers, found.details, strict=False)
    same = (d for row, d in rows if (row["strategy"], row["model"]) == (strategy, model))
    if not found.answers:
        st.text("The question in the address is not in this run: pick another one.")
        return
    about = f"compression.{dataset}.{example}.{strategy}.{model}"
    texts.show(found.question or example, key=f"{about}.question", label="question")
    st.text(f"{_tables.name(strategy)} · {_tables.name(model, 60)}")
    details = next(same, None)
    if details is None:
        st.text(NO_DETAILS)
        return
    original = st.toggle(
        "Show the original, read again from the run's dataset",
        key="compression.original",
        bind="query-params",
    )
    if original:
        _original(run, found, details, about)
    _left(found, details, about)


def _original(run: Opened, found: Standing, details: Details, about: str) -> None:
    try:
        example = picking.example_of(run, found.dataset, found.example)
        documents = {one.id: one.text for one in example.question.documents} if example else {}
    except (CrossoverError, OSError) as error:
        st.text(f"The original cannot be read here: {error}")
        return
    if not documents:
        st.text("The run's dataset holds no documents for this question any more.")
        return
    passages, compared = placed(details, documents)
    if compared:
        st.text(
            "This run does not keep which words were left: they are found by comparing the "
            "compressed text with the original, word by word. Run it again to have them exactly."
        )
    texts.legend([DROPPED, EVIDENCE])
    around = st.checkbox("Cut long stretches without evidence", True, key="compression.around")
    name = next(iter(documents))
    if len(documents) > 1:
        touched = next((p.document for p in passages if p.document in documents), name)
        names = list(documents)
        name = str(
            st.selectbox(
                "Document",
                names,
                names.index(touched),
                key=f"{about}.document",
                format_func=_tables.name,
            )
        )
    texts.show(
        documents[name],
        _marks(name, documents[name], found, passages),
        key=f"{about}.original.{name}",
        label="original",
        around=around,
    )


def _marks(name: str, text: str, found: Standing, passages: Sequence[Passage]) -> list[Mark]:
    own = [passage for passage in passages if passage.document == name]
    gold = [Mark(s.start, s.end, EVIDENCE) for s in found.evidence if s.document == name]
    return [*gold, *(Mark(start, end, DROPPED) for start, end in dropped(text, own))]


def _left(found: Standing, details: Details, about: str) -> None:
    kept = [passage for passage in details.passages if passage.text]
    with st.expander("What the model read", expanded=True):
        if len(kept) < len(details.passages):
            st.text("Of long passages only the places are kept: the original shows what was left.")
        if not details.passages:
            st.text("Nothing was left.")
        for at, passage in enumerate(kept[:MOST_PASSAGES]):
            if passage.start == passage.end:
                st.text("A model wrote this about the text:")
            exact = details.exact[details.passages.index(passage)]
            marks = [Mark(*place, EVIDENCE) for place in found.gold(passage)] if exact else []
            texts.show(passage.text, marks, key=f"{about}.left.{at}", label="compressed text")
        if len(kept) > MOST_PASSAGES:
            st.text(f"{len(kept) - MOST_PASSAGES:,} more passages are left out.")
