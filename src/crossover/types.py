"""The nouns of Crossover: what flows from datasets to the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, NamedTuple

from crossover.documents import Document as Document

Form = Literal["answer", "choice", "summary", "code"]
Wants = Literal["answer", "evidence", "summary", "code", "verdict", "json", "text"]
DO_THEY_ANSWER = "Do the passages above answer the question? Reply with yes or no alone."
"""The instruction of the one verdict that every model can give, trained readers included."""


@dataclass(frozen=True, slots=True)
class Question:
    """All that a strategy or a router may see: never a gold answer, never a benchmark's label."""

    id: str
    text: str
    documents: tuple[Document, ...] = ()
    form: Form = "answer"
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """Characters ``start`` to ``end`` (exclusive) of a document; a ``grade`` judges all of it."""

    document: str
    start: int
    end: int
    grade: int = 0


@dataclass(frozen=True, slots=True)
class Example:
    """The gold side around a question. No ``answers`` means that the question is unanswerable.

    ``group`` is the document cluster that statistics resample; ``evidence`` are exact spans.
    """

    question: Question
    answers: tuple[str, ...] = ()
    evidence: tuple[Span, ...] = ()
    group: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


class Piece(NamedTuple):
    """Where characters ``start`` to ``end`` of a document stand in a passage: from ``at`` on."""

    at: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document: characters ``start`` to ``end``, its text and how relevant it is.

    Where something was left out, ``kept`` are the pieces that the text still shows, word for word
    and in order. Where start and end are the same, a model wrote the text on what stands there.
    """

    document: str
    start: int
    end: int
    text: str
    score: float = 0.0
    kept: tuple[Piece, ...] = ()

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """What the text shows of the document word for word; nothing where a model wrote it."""
        whole = (Piece(0, self.start, self.end),) if self.start < self.end else ()
        return self.kept or whole

    def cut(self, start: int, end: int, score: float = 0.0) -> Passage:
        """Return characters ``start`` to ``end`` of the text as a passage with their places."""
        pieces = tuple(piece for each in self.pieces if (piece := _within(each, start, end)))
        text = self.text[start:end]
        if not pieces:
            at = max((p.end for p in self.pieces if p.at < start), default=self.start)
            return Passage(self.document, at, at, text, score)
        first, last = pieces[0].start, pieces[-1].end
        exact = len(pieces) == 1 and last - first == end - start
        return Passage(self.document, first, last, text, score, () if exact else pieces)


def _within(piece: Piece, start: int, end: int) -> Piece | None:
    """The part of a piece that stands in characters ``start`` to ``end`` of the text."""
    first, last = max(piece.at, start), min(piece.at + piece.end - piece.start, end)
    if first >= last:
        return None
    begin = piece.start + first - piece.at
    return Piece(first - start, begin, begin + last - first)


@dataclass(frozen=True, slots=True)
class Request:
    """What a strategy asks of a model: the parts apart, so that each model renders them itself.

    ``history`` are pairs of (what was said to the model, what it replied), oldest first.
    """

    instruction: str
    question: str = ""
    passages: tuple[Passage, ...] = ()
    wants: Wants = "answer"
    choices: tuple[str, ...] = ()
    max_tokens: int = 256
    history: tuple[tuple[str, str], ...] = ()
    tools: tuple[Mapping[str, object], ...] = ()
    temperature: float = 0.0
    seed: int | None = None
    logprobs: bool = False


def _sum(a: Any, b: Any) -> Any:
    return None if a is None or b is None else a + b


@dataclass(frozen=True, slots=True)
class Usage:
    """What something cost. Adds; an unknown (None) plus anything is unknown, never 0.

    ``input_tokens`` include ``cached_tokens``; ``output_tokens`` include ``reasoning_tokens``.
    ``dollars`` is what providers bill: in-process work costs 0 and stands in ``compute_seconds``.
    """

    input_tokens: int | None = 0
    output_tokens: int | None = 0
    cached_tokens: int | None = 0
    reasoning_tokens: int | None = 0
    calls: int = 0
    dollars: float | None = 0.0
    compute_seconds: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(*(_sum(getattr(self, f.name), getattr(other, f.name)) for f in fields(self)))


@dataclass(frozen=True, slots=True)
class Compression:
    """What became of the passages of one answer: their tokens before and after, at what cost.

    ``rate`` is the share of tokens that was asked for; tokens are the answering model's.
    ``seconds`` and ``usage`` are the compressor's own; the answer's include them.
    """

    rate: float
    before: int
    after: int
    seconds: float | None
    usage: Usage = Usage()

    @property
    def achieved(self) -> float:
        """The share of tokens that was kept; 1 where there were none."""
        return self.after / self.before if self.before else 1.0


@dataclass(frozen=True, slots=True)
class Completion:
    """A model's reply. ``declined`` is a model that says itself that it has no answer.

    ``finish`` is ``stop`` or ``length`` (cut at max_tokens); ``evidence`` are the passages that
    the model itself names as its grounds, empty where it names none; ``figures`` are what it
    measures about its own reply.
    """

    text: str
    usage: Usage = Usage()
    finish: Literal["stop", "length", "tool_calls"] = "stop"
    declined: bool = False
    evidence: tuple[Passage, ...] = ()
    logprobs: tuple[tuple[str, float], ...] = ()
    tool_calls: tuple[Mapping[str, object], ...] = ()
    figures: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened on the way to an answer, with its seconds (None: not timed).

    ``parent`` is the place in the trace of the step that it is a part of, and ``branch`` which of
    that step's independent pieces of work it belongs to. ``usage`` is what it cost by itself,
    ``prompt`` the SHA-256 (its first 12 digits) of what a model was sent.
    """

    name: str
    seconds: float | None = None
    detail: str = ""
    parent: int | None = None
    branch: int | None = None
    usage: Usage | None = None
    prompt: str = ""

    def moved(self, by: int, under: int | None = None, branch: int | None = None) -> Step:
        """The step in a trace with ``by`` steps before it; one of the top comes ``under`` another.

        ``branch`` is the piece of work of that other step that it then belongs to.
        """
        if self.parent is None:
            return replace(self, parent=under, branch=branch)
        return replace(self, parent=self.parent + by)


class Stated(NamedTuple):
    """One statement of an answer, and which of the answer's ``evidence`` it cites (from 0)."""

    text: str
    cites: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """A strategy's answer with what it rests on and what it cost.

    ``outcome``: answered | declined | truncated | overflow | refused | unsupported |
    stopped:LIMIT | failed:NAME. ``seconds`` run from question to answer and
    ``first_token_seconds`` to the first token of the final answer, without index building,
    retry pauses or our own queue; ``critical_seconds`` are those of the longest chain of calls that
    wait for one another, what remains when independent calls all run at once. None where not
    measured (a replay, a stored reply).
    ``indexing`` is the one-off cost of the indexes it searched, whoever paid for them first, and
    ``index_bytes`` what they hold.
    ``passages`` are what the model was given (an app of somebody else's may not say, which
    ``passages_known`` tells from none), ``evidence`` what it named as its grounds, if it did, and
    ``stated`` which statement rests on which of it, where that is known;
    ``cut`` says what of the context was left out because it did not fit, ``compression`` what a
    compressor made of it. ``figures`` are what a strategy measures about its own work (the share of
    its quotes that the text doesn't hold); None where there was nothing to measure.
    """

    text: str
    passages: tuple[Passage, ...] = ()
    usage: Usage = Usage()
    seconds: float | None = None
    first_token_seconds: float | None = None
    trace: tuple[Step, ...] = ()
    outcome: str = "answered"
    message: str = ""
    indexing: Usage = Usage()
    evidence: tuple[Passage, ...] = ()
    cut: str = ""
    index_bytes: int = 0
    compression: Compression | None = None
    critical_seconds: float | None = None
    figures: Mapping[str, float | None] = field(default_factory=dict)
    passages_known: bool = True
    stated: tuple[Stated, ...] = ()

    @property
    def scorable(self) -> bool:
        """Whether there is text to score; everything else scores 0 and stays counted.

        An answer that a limit stopped is scored as the best there was till then, if there was one.
        """
        stopped = self.outcome.startswith("stopped:") and bool(self.text)
        return stopped or self.outcome in ("answered", "truncated", "declined")


@dataclass(frozen=True, slots=True)
class Record:
    """One answer with its scores: a row of the result frame."""

    run: str
    dataset: str
    example: str
    group: str
    strategy: str
    model: str
    answer: Answer
    scores: Mapping[str, float | None] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
