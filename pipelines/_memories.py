"""Dialogues as sessions of turns: what is remembered of them, how it is found and shown."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from crossover.compressors._keeping import pieced
from crossover.retrievers._shelf import indexed
from crossover.retrievers.chunkers.lines import Lines
from crossover.roles import Model, Retriever
from crossover.types import Document, Passage, Piece

HEADING = re.compile(r"^Session \d+(?:,[ \t]*(?P<date>[^\n]*))?$", re.MULTILINE)
TURN = re.compile(r"\S[^\n]*")
DATES = ("%I:%M %p on %d %B, %Y", "%d %B, %Y", "%d %B %Y")
HOURS = 3600.0


@dataclass(frozen=True, slots=True)
class Session:
    """A part of a dialogue that took place at one time; ``start`` to ``head`` is its heading.

    ``turns`` are the places of its turns, which are lines of the document.
    """

    document: str
    start: int
    head: int
    end: int
    text: str
    date: str
    turns: tuple[tuple[int, int], ...]

    def passage(self, first: int, last: int) -> Passage:
        """The turns from ``first`` to ``last``, both included."""
        start, end = self.turns[first][0], self.turns[last][1]
        return Passage(self.document, start, end, self.text[start - self.start : end - self.start])

    @property
    def when(self) -> datetime | None:
        """Its date, where that can be read."""
        return _read_date(self.date)


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of some turns: ``key`` is what it is found by.

    It shows the ``turns`` of those numbers or, where it was written, its ``summary``.
    """

    session: Session
    key: str
    turns: tuple[int, ...] = ()
    summary: tuple[Passage, ...] = ()
    score: float = 0.0


def sessions(document: Document) -> list[Session]:
    """The sessions of a dialogue: what stands under lines like ``Session 3, 9 June 2023``.

    What stands before the first of them, or a text without any, is a session without a date.
    """
    text = document.text
    heads = [(m.start(), m.end(), m["date"] or "") for m in HEADING.finditer(text)]
    if not heads or text[: heads[0][0]].strip():
        heads.insert(0, (0, 0, ""))
    ends = [*(start for start, _, _ in heads[1:]), len(text)]
    return [
        Session(document.id, start, head, end, text[start:end], date.strip(), turns)
        for (start, head, date), end in zip(heads, ends, strict=True)
        if (turns := tuple(match.span() for match in TURN.finditer(text, head, end)))
    ]


def turns_of(session: Session) -> Iterator[Memory]:
    """Every turn, found by its own words."""
    for at in range(len(session.turns)):
        yield Memory(session, session.passage(at, at).text, (at,))


def found(
    memories: Sequence[Memory], retriever: Retriever, query: str, k: int, model: Model
) -> list[Memory]:
    """The k memories whose keys fit a query best, with their scores, best first."""
    keyed = defaultdict[str, list[Memory]](list)
    for memory in memories:
        keyed[memory.session.document].append(memory)
    keys = {name: _Keys(name, mine) for name, mine in keyed.items()}
    if not keys:
        return []
    index = indexed(retriever, [each.document for each in keys.values()], Lines(), model)
    best = dict[int, Memory]()
    for hit in index.search(query, k, model):
        for memory in keys[hit.document].at(hit):
            best.setdefault(id(memory), replace(memory, score=hit.score))
    return list(best.values())[:k]


def with_recency(
    memories: Sequence[Memory], every: Sequence[Memory], weight: float, decay: float
) -> list[Memory]:
    """Memories ordered by relevance, scaled to 0–1, plus ``weight · decay ** hours``.

    Hours are those between a session and the last of ``every``. Where a date cannot be read, a
    session counts as a day.
    """
    low, high = (f(memory.score for memory in memories) for f in (min, max)) if memories else (0, 0)
    ages = _ages(list(dict.fromkeys(memory.session for memory in every)))
    scored = [
        replace(
            memory,
            score=(memory.score - low) / ((high - low) or 1.0)
            + weight * decay ** ages[memory.session],
        )
        for memory in memories
    ]
    return sorted(scored, key=lambda memory: -memory.score)


def passages(memories: Sequence[Memory], neighbours: int) -> list[Passage]:
    """What memories show, best first and nothing twice; neighbouring turns come last."""
    shown = dict[tuple[str, int, int, str], Passage]()
    for memory in memories:
        own = [memory.session.passage(at, at) for at in memory.turns]
        for passage in (*own, *memory.summary):
            _add(shown, replace(passage, score=memory.score))
    lowest = min((memory.score for memory in memories), default=0.0)
    for memory in memories:
        for at in _around(memory, neighbours):
            _add(shown, replace(memory.session.passage(at, at), score=lowest))
    return list(shown.values())


def dated(shown: Iterable[Passage], documents: Sequence[Document]) -> list[Passage]:
    """Passages session by session in their order, each session under its heading."""
    mine = defaultdict[Session, list[Passage]](list)
    order = [session for document in documents for session in sessions(document)]
    for passage in shown:
        mine[_session_of(passage, order)].append(passage)
    return [_under_heading(session, mine[session]) for session in order if session in mine]


class _Keys:
    """The keys of a document's memories as a document of lines, so that any retriever finds one."""

    def __init__(self, name: str, memories: Sequence[Memory]) -> None:
        lines = [" ".join(memory.key.split()) for memory in memories]
        self.memories = memories
        self.document = Document(name, "\n".join(lines))
        self.starts = [0]
        for line in lines[:-1]:
            self.starts.append(self.starts[-1] + len(line) + 1)

    def at(self, hit: Passage) -> Sequence[Memory]:
        """The memories whose lines a passage shows."""
        first = bisect_right(self.starts, hit.start) - 1
        last = bisect_right(self.starts, max(hit.start, hit.end - 1)) - 1
        return self.memories[first : last + 1]


def _add(shown: dict[tuple[str, int, int, str], Passage], passage: Passage) -> None:
    shown.setdefault((passage.document, passage.start, passage.end, passage.text), passage)


def _around(memory: Memory, neighbours: int) -> Iterator[int]:
    if not memory.turns:
        return
    first, last = memory.turns[0] - neighbours, memory.turns[-1] + neighbours
    yield from range(max(first, 0), min(last + 1, len(memory.session.turns)))


def _session_of(passage: Passage, order: Sequence[Session]) -> Session:
    return next(
        session
        for session in order
        if session.document == passage.document and session.start <= passage.start < session.end
    )


def _under_heading(session: Session, shown: Sequence[Passage]) -> Passage:
    """One passage of what a session shows; a line with … stands for turns that are left out."""
    whole = Passage(session.document, session.start, session.end, session.text)
    best = max(passage.score for passage in shown)
    written = [passage for passage in shown if passage.start == passage.end]
    runs = [(0, session.head - session.start)] if session.head > session.start else []
    runs += sorted({(p.start - session.start, p.end - session.start) for p in shown} - {*runs})
    kept = [run for run in runs if run[0] < run[1]]
    if kept:
        whole = pieced(whole, kept, lambda _, gap, __: "\n…\n" if gap.strip() else "\n")
    else:
        whole = Passage(session.document, session.start, session.start, "")
    for passage in written:
        whole = _followed(whole, passage.text)
    return replace(whole, score=best)


def _followed(passage: Passage, text: str) -> Passage:
    """The passage with text after it that a model wrote."""
    kept = passage.kept or tuple(Piece(*piece) for piece in passage.pieces)
    return replace(passage, text=f"{passage.text}\n{text}".strip("\n"), kept=kept)


def _ages(every: Sequence[Session]) -> dict[Session, float]:
    """Hours from each session to the last."""
    dates = [session.when for session in every]
    known = [date for date in dates if date is not None]
    if len(known) < len(every):
        return {session: 24.0 * (len(every) - 1 - at) for at, session in enumerate(every)}
    last = max(known, default=None)
    return {
        session: (last - date).total_seconds() / HOURS
        for session, date in zip(every, known, strict=True)
        if last is not None
    }


def _read_date(text: str) -> datetime | None:
    for form in DATES:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None
