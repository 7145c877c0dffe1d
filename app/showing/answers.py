"""Answers as they come: a column for each strategy, with what it costs so far."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import streamlit as st

from crossover import tracing
from crossover.app.showing.live import Asked, Live
from crossover.app.showing.texts import EVIDENCE, Mark, heading, legend, show
from crossover.asking import cost_line
from crossover.experiments import _tables
from crossover.types import Answer, Passage, Span

# seconds between two looks
EVERY = 0.5
ACROSS = 3
GROUNDS = {EVIDENCE: "evidence: what the answer names, and the gold evidence where it is known"}
STEPS, LINES, PASSAGES, CHARACTERS = 6, 60, 12, 3_000


def drawn(asked: Asked, page: str, gold: Sequence[Span] = ()) -> None:
    """Draw an asked question, again and again until all have answered."""
    every = EVERY if asked.running else None
    st.fragment(_drawn, run_every=every)(asked, page, gold, every is not None)


def _drawn(asked: Asked, page: str, gold: Sequence[Span], looking: bool) -> None:
    asked.look()
    if looking and not asked.running:
        # the page draws itself once more, and looks no longer
        st.rerun()
    st.text(asked.question.text)
    with st.container(horizontal=True, vertical_alignment="center"):
        if asked.running:
            st.button("Stop", key=f"{page}.stop", on_click=asked.stop, type="primary")
        st.text(f"{asked.model}; all together: {_spent(asked)}")
    for at in range(0, len(asked.lives), ACROSS):
        row = asked.lives[at : at + ACROSS]
        for column, live in zip(st.columns(len(row), border=True), row, strict=True):
            with column:
                _live(live, gold, page)


def _spent(asked: Asked) -> str:
    done = sum(not live.running for live in asked.lives)
    said = cost_line(Answer("", usage=asked.usage)).rpartition("; ")[0]
    return f"{said}; {done} of {len(asked.lives)} have answered"


def _live(live: Live, gold: Sequence[Span], page: str) -> None:
    heading(live.name)
    if live.result:
        _result(live, live.result, gold, f"{page}.{live.name}")
        return
    if live.problem:
        st.text(f"Not asked: {live.problem}")
        return
    st.text("waits for its turn" if live.waiting else cost_line(_so_far(live)))
    if live.working:
        st.text(live.working)
    nodes, _ = tracing.lines(tracing.tree(live.steps), LINES)
    if nodes:
        st.text("\n".join(_tree(nodes)[-STEPS:]))
    if live.written:
        st.code(live.written, language=None, wrap_lines=True)


def _so_far(live: Live) -> Answer:
    return Answer("", usage=live.usage, seconds=live.seconds)


def _result(live: Live, answer: Answer, gold: Sequence[Span], key: str) -> None:
    st.code(answer.text or live.written or "(no text)", language=None, wrap_lines=True)
    said = _tables.name(answer.outcome)
    st.text(f"{said}: {_tables.name(answer.message, 400)}" if answer.message else said)
    st.text(cost_line(answer))
    for number, found in live.alarms:
        st.text(f"Passage {number} looks like an instruction to the model: {', '.join(found)}.")
    with st.expander("Passages that it was given"):
        _passages(answer, gold, key)
    with st.expander("What was done"):
        nodes, left = tracing.lines(tracing.tree(answer.trace), LINES)
        more = [f"… {left:,} more"] if left else []
        st.text("\n".join([tracing.total_line(answer), *_tree(nodes), *more]))


def _passages(answer: Answer, gold: Sequence[Span], key: str) -> None:
    if not answer.passages:
        st.text("It was given none." if answer.passages_known else "It does not say which.")
        return
    named = (Span(one.document, one.start, one.end) for one in answer.evidence)
    evidence = [*gold, *named]
    if evidence:
        legend([EVIDENCE], GROUNDS)
    for number, passage in enumerate(answer.passages[:PASSAGES], 1):
        place = f"{passage.start:,}–{passage.end:,}"
        st.text(f"{number}. {_tables.name(passage.document, 80)}, characters {place}")
        marks = list(_marks(passage, evidence))
        show(
            passage.text,
            marks,
            key=f"{key}.{number}",
            label=f"passage {number}",
            longest=CHARACTERS,
            around=bool(marks) and len(passage.text) > CHARACTERS,
        )
    if len(answer.passages) > PASSAGES:
        st.text(f"… {len(answer.passages) - PASSAGES:,} more passages")


def _marks(passage: Passage, evidence: Sequence[Span]) -> Iterator[Mark]:
    """Where evidence, in characters of documents, stands in the passage's own text."""
    for span in evidence:
        for piece in passage.pieces if span.document == passage.document else ():
            start, end = max(span.start, piece.start), min(span.end, piece.end)
            if start < end:
                at = piece.at - piece.start
                yield Mark(start + at, end + at, EVIDENCE)


def _tree(nodes: Sequence[tracing.Node], depth: int = 0) -> list[str]:
    found = list[str]()
    for node in nodes:
        found += [f"{'  ' * depth}{node.line}", *_tree(node.under, depth + 1)]
    return found
