"""LongMemEval: what a user told a chat assistant in dated sessions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from crossover.datasets._fields import Fields
from crossover.datasets._published import About, Benchmark, Part, document
from crossover.datasets._records import BadField
from crossover.datasets._rows import Rows
from crossover.errors import DataError

TYPES = (
    *("single-session-user", "single-session-assistant", "single-session-preference"),
    *("multi-session", "temporal-reasoning", "knowledge-update"),
)
ABSTENTION = "_abs"
# characters read at a time: the largest file is one list of 2.7 GB
BLOCK = 1 << 24
BETWEEN = " \t\r\n"


class LongMemEval(Benchmark):
    """LongMemEval (Wu et al. 2025): questions on a user's chat history of up to 500 sessions.

    A session is a document under its date; their published ids tell which hold the answer and are
    not shown. The turns marked ``has_answer`` are the evidence, the whole session where none is.
    Its own score is GPT-4o's verdict (gpt-4o-2024-08-06) by question type; of
    ``single-session-preference`` the gold is a rubric, which words alone score poorly.
    """

    name = "longmemeval"
    about = About(
        source="huggingface.co/datasets/xiaowu0162/longmemeval-cleaned",
        licence="MIT",
        size="500 questions, 30 unanswerable; s 115k tokens, m 500 sessions, oracle evidence alone",
        verified="xiaowu0162/LongMemEval@9e0b455f4ef0 README.md, src/; no data file seen",
        tasks=TYPES,
        paper="arXiv 2410.10813",
    )
    scores = ("answer_recall", "f1_squad", "abstention")
    aggregates = ("task",)
    # the first release has the same files without a suffix
    files = (
        "longmemeval_{length}.json",
        "data/longmemeval_{length}.json",
        "longmemeval_{length}",
        "data/longmemeval_{length}",
    )

    def rows(self, part: Part) -> Rows:
        """The questions, one at a time."""
        return super().rows(part) if part.path is None else Rows("row", _numbered(part.path))

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """A question with its sessions, oldest first, and the day on which it is asked."""
        name, kind, golds = row.text("question_id"), row.text("question_type"), row.texts("answer")
        if kind not in TYPES:
            raise row.bad("question_type", f"{kind!r} is none of {', '.join(TYPES)}")
        unanswerable = ABSTENTION in name
        history = _history(row)
        yield {
            "question": f"{row.text('question')}\n(Today is {row.text('question_date')}.)",
            "answers": [] if unanswerable else golds,
            "documents": [session.document for session in history],
            "evidence": [] if unanswerable else [one for s in history for one in s.evidence],
            "group": name,
            # the published id tells what is unanswerable
            "tags": {"task": kind, "question_type": kind, "question_id": name},
        }


class _Session(NamedTuple):
    document: Mapping[str, str]
    evidence: list[dict[str, object]]


def _history(row: Fields) -> list[_Session]:
    """The sessions in order of their dates; empty ones are left out."""
    names, dates = row.texts("haystack_session_ids"), row.texts("haystack_dates")
    sessions = row.get("haystack_sessions")
    if not isinstance(sessions, list) or not len(names) == len(dates) == len(sessions):
        raise row.bad("haystack_sessions", "expected a list as long as those of ids and dates")
    wanted = set(row.texts("answer_session_ids"))
    turns = [_turns(one, f"haystack_sessions[{at}]") for at, one in enumerate(sessions)]
    filled = [at for at, said in enumerate(turns) if any(turn.text.strip() for turn in said)]
    ordered = sorted(filled, key=lambda at: dates[at])
    return [
        _session(turns[at], f"Session {number}, {dates[at]}", names[at] in wanted)
        for number, at in enumerate(ordered, 1)
    ]


class _Turn(NamedTuple):
    role: str
    text: str
    marked: bool


def _turns(session: Any, place: str) -> list[_Turn]:
    if not isinstance(session, list):
        raise BadField(place, "expected a list of turns")
    turns = (Fields(one, f"{place}[{at}].") for at, one in enumerate(session))
    return [
        _Turn(turn.text("role"), turn.text("content"), turn.flag("has_answer", False))
        for turn in turns
    ]


def _session(turns: list[_Turn], title: str, wanted: bool) -> _Session:
    text, spans = "", list[tuple[int, int]]()
    for turn in turns:
        start = len(text) + len(f"{turn.role}: ")
        spans += [(start, start + len(turn.text))] if turn.marked and turn.text else []
        text += f"{turn.role}: {turn.text}\n"
    given = document(text, title, title)
    spans = spans or ([(0, len(text))] if wanted else [])
    evidence = [{"document": given["id"], "start": start, "end": end} for start, end in spans]
    return _Session(given, evidence)


def _numbered(path: Path) -> Iterator[tuple[int, Callable[[], object]]]:
    try:
        yield from ((number, lambda row=row: row) for number, row in enumerate(_streamed(path)))
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from None


def _streamed(path: Path) -> Iterator[object]:
    """The entries of a JSON list, no more of the file held than the one that is read."""
    decoder = json.JSONDecoder()
    with path.open(encoding="utf-8") as file:
        text = file.read(BLOCK)
        at = _past(text, 0)
        if text[at : at + 1] != "[":
            raise DataError(f"{path}: expected a list of objects")
        at, separator = at + 1, ""
        while not text.startswith("]", _past(text, at)):
            try:
                begin = _past(text, at)
                if not text.startswith(separator, begin):
                    raise ValueError(f"expected {separator!r} between entries")
                row, at = decoder.raw_decode(text, _past(text, begin + len(separator)))
            except ValueError as error:
                text, at, more = text[at:], 0, file.read(BLOCK)
                if not more:
                    raise DataError(f"{path}: not valid JSON: {error}") from None
                text += more
                continue
            separator = ","
            yield row


def _past(text: str, at: int) -> int:
    """The place after any white space."""
    while at < len(text) and text[at] in BETWEEN:
        at += 1
    return at
