"""One question: its references, all answers beside one another, what was shown, what was done."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from crossover import tracing
from crossover.app.showing import picking, texts
from crossover.app.showing.texts import EVIDENCE, SHOWN, Mark
from crossover.errors import CrossoverError
from crossover.experiments import _tables
from crossover.experiments._traces import steps_of
from crossover.experiments.viewing.opened import Opened
from crossover.experiments.viewing.standing import Details, Standing, standing
from crossover.types import Passage, Span

ACROSS = 3
# answers drawn beside one another, and passages of one answer
MOST_ANSWERS = 24
MOST_PASSAGES = 30
LONG_ANSWER = 4_000
FIGURES = ("score", "outcome", "input_tokens", "output_tokens", "calls", "dollars", "seconds")
NO_DETAILS = (
    "This run keeps no questions, references and passages beside its results "
    "(details.parquet): run it again with the same --out, which asks nothing anew."
)


@st.cache_data(max_entries=32, show_spinner="Reading the answers")
def _standing(folder: str, changed: int, dataset: str, example: str) -> Standing:
    return standing(picking.opened(folder, changed), dataset, example)


def standing_of(run: Opened, dataset: str, example: str) -> Standing:
    """What the run holds of a question, read once."""
    return _standing(str(run.folder), run.changed, dataset, example)


def one_question(run: Opened, dataset: str, example: str, *, page: str) -> None:
    """Draw everything that is known of a question."""
    found = standing_of(run, dataset, example)
    if not found.answers:
        st.text("The question in the address is not in this run: pick another one.")
        return
    about = f"{page}.{dataset}.{example}"
    _asked(found, about)
    _figures(found)
    _answers(found, about)
    if found.details:
        st.subheader("What was shown, and what was done")
        _one_answer(run, found, about, page)


def _asked(found: Standing, about: str) -> None:
    st.subheader("Question")
    texts.show(found.question or found.example, key=f"{about}.question", label="question")
    tags = ", ".join(f"{_tables.name(n, 40)} {_tables.name(v, 40)}" for n, v in found.tags.items())
    st.text(f"{_tables.name(found.dataset)}, {_tables.name(found.example)}{tags and '; '}{tags}")
    if not found.details:
        st.text(NO_DETAILS)
        return
    for at, text in enumerate(found.choices):
        texts.show(f"{chr(65 + at % 26)}. {text}", key=f"{about}.choice.{at}", label="choice")
    said = "Gold references" if found.references else "Gold reference: none, it has no answer here"
    st.text(said)
    for at, text in enumerate(found.references):
        texts.show(text, key=f"{about}.reference.{at}", label="gold reference")


def _figures(found: Standing) -> None:
    names = [name for name in FIGURES if any(name in row for row in found.answers)]
    rows = [
        {"strategy": row["strategy"], "model": row["model"]} | {n: row.get(n) for n in names}
        for row in found.answers
    ]
    numbers = [name for name in names if name != "outcome"]
    table = pd.DataFrame(rows)
    table[numbers] = table[numbers].apply(pd.to_numeric)
    st.dataframe(picking.shown(table), hide_index=True, width="stretch", placeholder="unknown")


def _answers(found: Standing, about: str) -> None:
    st.subheader("Answers")
    shown = found.answers[:MOST_ANSWERS]
    for at in range(0, len(shown), ACROSS):
        row = shown[at : at + ACROSS]
        # every row has the same columns, so that answers stay comparable in width
        columns = st.columns(min(ACROSS, len(shown)), border=True)
        for place, (column, one) in enumerate(zip(columns, row, strict=False), at):
            with column:
                texts.heading(_title(one))
                st.text(_line(one))
                said = str(one.get("answer") or "")
                if said:
                    key = f"{about}.answer.{place}"
                    texts.show(said, key=key, label="answer", longest=LONG_ANSWER)
                else:
                    st.text("(no answer)")
                if one.get("message"):
                    st.text(_tables.name(one["message"], 400))
    if len(found.answers) > len(shown):
        st.text(f"{len(found.answers) - len(shown)} more answers: choose strategies or models.")


def _title(row: Mapping[str, Any]) -> str:
    return f"{_tables.name(row['strategy'])} · {_tables.name(row['model'], 60)}"


def _line(row: Mapping[str, Any]) -> str:
    parts = [
        f"score {_tables.applied(row['score'])}",
        _tables.name(row["outcome"]),
        f"{_tables.whole(row['input_tokens'])} tokens in",
        f"{_tables.whole(row['output_tokens'])} out",
        f"$ {_tables.significant(row['dollars'])}",
        f"{_tables.seconds(row['seconds'])} s",
    ]
    return "; ".join(parts)


def _one_answer(run: Opened, found: Standing, about: str, page: str) -> None:
    titles = {_title(row): at for at, row in enumerate(found.answers)}
    chosen = st.selectbox(
        "Of which answer", list(titles), key=f"{page}.answer", bind="query-params"
    )
    at = titles[chosen]
    details = found.details[at]
    if details is None:
        st.text("The run keeps nothing more of this answer.")
        return
    _passages(found, details, f"{about}.{at}")
    _document(run, found, details.passages, about)
    st.text(f"In all: {_tables.name(details.total, 400)}")
    nodes = tracing.tree(steps_of(json.loads(details.trace or "[]")))
    if nodes:
        with st.expander("Calls and steps, with their tokens and seconds", expanded=True):
            st.code("\n".join(_lines(nodes)), language=None, wrap_lines=True)


def _lines(nodes: Sequence[tracing.Node], depth: int = 0) -> list[str]:
    found = list[str]()
    for node in nodes:
        found += [f"{'   ' * depth}{node.line}", *_lines(node.under, depth + 1)]
    return found


def _passages(found: Standing, details: Details, about: str) -> None:
    passages = details.passages
    if not passages:
        st.text(
            "It was shown no passage."
            if details.passages_known
            else "It does not say what it was shown."
        )
        return
    gold = "gold evidence is marked" if found.evidence else "this question names no gold evidence"
    with st.expander(f"Passages that it was shown: {len(passages):,}; {gold}", expanded=True):
        if found.evidence:
            texts.legend([EVIDENCE])
        for at, passage in enumerate(passages[:MOST_PASSAGES]):
            exact = details.exact[at]
            place = f"{passage.start:,}–{passage.end:,}"
            st.text(f"{at + 1}. {_tables.name(passage.document, 80)}, characters {place}")
            if passage.text:
                marks = [Mark(*place, EVIDENCE) for place in found.gold(passage)] if exact else []
                texts.show(passage.text, marks, key=f"{about}.passage.{at}", label="passage")
            else:
                st.text("(a long passage: only its place is kept; the document shows it below)")
        if len(passages) > MOST_PASSAGES:
            st.text(f"{len(passages) - MOST_PASSAGES:,} more passages are left out.")


def _document(run: Opened, found: Standing, passages: Sequence[Passage], about: str) -> None:
    """The documents of a question with marks, read again only where somebody asks for them."""
    wanted = st.toggle(
        "Show the whole documents, read again from the run's dataset",
        key="questions.documents",
        bind="query-params",
    )
    if not wanted:
        return
    try:
        example = picking.example_of(run, found.dataset, found.example)
        documents = example.question.documents if example else ()
        loaded = [(one.id, one.text) for one in documents]
    except (CrossoverError, OSError) as error:
        st.text(f"The documents cannot be read here: {error}")
        return
    if not loaded:
        st.text("The run's dataset holds no documents for this question any more.")
        return
    shown = marked_documents(loaded, found.evidence, passages)
    texts.legend([EVIDENCE, SHOWN])
    around = st.checkbox("Cut long stretches without evidence", True, key="questions.around")
    named = {f"{at + 1}. {_tables.name(name, 80)}": at for at, (name, _) in enumerate(loaded)}
    first = next((at for at, marks in enumerate(shown) if marks), 0)
    chosen = first
    if len(loaded) > 1:
        chosen = named[st.selectbox("Document", list(named), first, key=f"{about}.document")]
    marks = shown[chosen]
    if not marks:
        st.text("Nothing of this document is evidence, and nothing of it was shown.")
    texts.show(
        loaded[chosen][1],
        marks,
        key=f"{about}.text.{chosen}",
        label="document",
        around=around and bool(marks),
    )


def marked_documents(
    documents: Sequence[tuple[str, str]], evidence: Sequence[Span], passages: Sequence[Passage]
) -> list[list[Mark]]:
    """Where evidence stands in each document, and what a strategy was shown of it."""
    return [
        [Mark(span.start, span.end, EVIDENCE) for span in evidence if span.document == name]
        + [
            Mark(piece.start, piece.end, SHOWN)
            for passage in passages
            if passage.document == name
            for piece in passage.pieces
        ]
        for name, _ in documents
    ]
