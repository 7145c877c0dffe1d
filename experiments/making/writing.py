"""Questions that a model writes about passages, with quotes that are looked up in them."""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError, field_validator, model_validator

from crossover import meter
from crossover.errors import ModelError, UnreadableReply
from crossover.experiments.making.drafts import Draft, Loss
from crossover.experiments.making.sources import pairs, passages, spread
from crossover.experiments.making.wordings import Wordings
from crossover.pipelines._quotes import quotes
from crossover.replies import read_as
from crossover.roles import Model
from crossover.types import Completion, Document, Passage, Request
from crossover.wrapped import at_once

Place = tuple[Passage, ...]
# questions asked for in one call
TOGETHER = {"single_hop": 2, "multi_hop": 1, "comparison": 1, "unanswerable": 2}
MAX_TOKENS = 1200
# a question that only who sees the passage understands
POINTS_AT_TEXT = re.compile(
    r"\b(?:the|this|these|that|both|either|given|above|first|second|two) "
    r"(?:\w+ )?(?:passages?|texts?|excerpts?|snippets?|contexts?|quotes?)\b"
    r"|\b(?:according to|in|of|by) (?:the|this) (?:authors?|section|document|chapter|paragraph)\b"
    r"|\b(?:mentioned|described|stated) (?:above|here)\b",
    re.IGNORECASE,
)


class _Written(BaseModel):
    """One question as a model wrote it."""

    question: str
    answer: list[str] = []
    quotes: list[str] = []

    @field_validator("answer", "quotes", mode="before")
    @classmethod
    def _listed(cls, given: object) -> object:
        if given is None:
            return []
        if isinstance(given, list):
            return [_text(one) for one in given]
        return [_text(given)]


class _Reply(BaseModel):
    """A model's reply; a bare list or a single question is understood too."""

    questions: list[Any]

    @model_validator(mode="before")
    @classmethod
    def _wrapped(cls, given: object) -> object:
        if isinstance(given, list):
            return {"questions": given}
        if isinstance(given, dict) and "question" in given:
            return {"questions": [given]}
        return given


class Writer:
    """Proposes questions that a model writes, passage by passage in an order drawn by the seed."""

    writes = True

    def __init__(
        self, model: Model, documents: Sequence[Document], words: Wordings, seed: int
    ) -> None:
        self.model, self.words, self.seed = model, words, seed
        self._passages = passages(documents)
        self._places = dict[str, Iterator[Place]]()
        self._waiting = defaultdict[str, deque[Draft | Loss]](deque)

    def propose(self, kind: str, number: int, full: Collection[str]) -> list[Draft | Loss]:
        """The next questions of a kind, so many at most; none where there are no more passages.

        Passages of documents that are ``full`` are passed over.
        """
        waiting = self._waiting[kind]
        missing = number - len(waiting)
        places = list(self._next(kind, -(-missing // TOGETHER[kind]), full))
        asked = meter.side_by_side(
            lambda place: self._ask(kind, place), places, at_once(self.model)
        )
        for found in asked:
            waiting.extend(found)
        return [waiting.popleft() for _ in range(min(number, len(waiting)))]

    def _next(self, kind: str, number: int, full: Collection[str]) -> Iterator[Place]:
        if kind not in self._places:
            self._places[kind] = iter(self._all(kind))
        while number > 0 and (place := next(self._places[kind], None)):
            if not any(passage.document in full for passage in place):
                number -= 1
                yield place

    def _all(self, kind: str) -> Sequence[Place]:
        seed = f"{self.seed}/{kind}"
        if kind in ("multi_hop", "comparison"):
            return pairs(self._passages, seed)
        return [(passage,) for passage in spread(self._passages, seed)]

    def _ask(self, kind: str, place: Place) -> list[Draft | Loss]:
        words = self.words.say(kind, number=TOGETHER[kind])
        request = Request(words, passages=place, wants="json", max_tokens=MAX_TOKENS)
        try:
            reply = self.model.complete(request)
            written = read_as(_Reply, reply.text).questions
        except UnreadableReply as error:
            return [Loss(kind, "unreadable reply", str(error))]
        except ModelError as error:
            return [Loss(kind, error.outcome, str(error))]
        where = ", ".join(f"{p.document} {p.start}-{p.end}" for p in place)
        if not written:
            return [Loss(kind, "nothing to ask", where)]
        return [_draft(kind, one, place) for one in written[: TOGETHER[kind]]]


def _text(given: object) -> str:
    return str(given).strip()


def _draft(kind: str, given: object, place: Place) -> Draft | Loss:
    """The question as a draft, its quotes looked up; or why it can be none."""
    try:
        written = _Written.model_validate(given)
    except ValidationError:
        return Loss(kind, "unreadable reply", f"no question: {given!r:.100}")
    documents = tuple(dict.fromkeys(passage.document for passage in place))
    answers = () if kind == "unanswerable" else tuple(filter(None, written.answer))
    draft = Draft(kind, " ".join(written.question.split()), answers, (), documents)
    if not draft.question or (kind != "unanswerable" and not answers):
        return Loss(kind, "unreadable reply", "no question, or no answer to it", draft)
    if POINTS_AT_TEXT.search(draft.question):
        return Loss(kind, "speaks of the text", draft.question, draft)
    return draft if kind == "unanswerable" else _with_evidence(draft, written.quotes, place)


def _with_evidence(draft: Draft, given: Sequence[str], place: Place) -> Draft | Loss:
    """Look up quotes character by character, else with white space, case and marks made alike."""
    said = [" ".join(quote.split()) for quote in given if quote.strip()]
    exact = {quote: _exact(quote, place) for quote in given if quote.strip()}
    found, ways = list[Passage](), set[str]()
    for quote, line in zip(exact, said, strict=True):
        if whole := exact[quote]:
            found.append(whole)
            ways.add("exact")
            continue
        for one in quotes(Completion(line), place, 1.0):
            if one.passage is None:
                return Loss(draft.kind, "quote not in the document", one.text, draft)
            found.append(one.passage)
            ways.add("normalised")
    evidence = tuple(dict.fromkeys(found))
    if not evidence:
        return Loss(draft.kind, "quote not in the document", "no quote was given", draft)
    if len(place) > 1 and any(_without(passage, evidence) for passage in place):
        return Loss(draft.kind, "quotes from one passage only", "", draft)
    how = "normalised" if "normalised" in ways else "exact"
    used = tuple(dict.fromkeys(passage.document for passage in evidence))
    return Draft(draft.kind, draft.question, draft.answers, evidence, used, how)


def _exact(quote: str, place: Place) -> Passage | None:
    for passage in place:
        at = passage.text.find(quote.strip())
        if at >= 0:
            return passage.cut(at, at + len(quote.strip()))
    return None


def _without(passage: Passage, evidence: Sequence[Passage]) -> bool:
    """Whether no evidence stands in a passage."""
    return not any(
        one.document == passage.document and passage.start <= one.start < passage.end
        for one in evidence
    )
