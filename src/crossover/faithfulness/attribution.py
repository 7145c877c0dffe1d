"""Which of the passages shown an answer rests on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal, get_type_hints

from crossover import catalog, meter
from crossover.abstention import abstains
from crossover.errors import ConfigError, ModelError, UnknownName
from crossover.faithfulness.method import Attention, ByReader, Job, Scored, Search
from crossover.options import Option, validated
from crossover.roles import Model
from crossover.sentences import sentences
from crossover.types import Answer, Passage, Question, Usage

Method = Search | Attention | ByReader
Named = Literal["search", "attention", "reader"]
METHODS: dict[str, type[Search | Attention | ByReader]] = {
    "search": Search,
    "attention": Attention,
    "reader": ByReader,
}
# what TracLLM and AttnTrace cut a context into
WORDS = 100


@dataclass(frozen=True, slots=True)
class Attribution:
    """A passage and how much of an answer rests on it, on the scale of the method that says so."""

    passage: Passage
    score: float


@dataclass(frozen=True, slots=True)
class Attributed:
    """An answer's attributions, best first, and what they cost.

    ``outcome`` is ``attributed``, ``stopped:calls`` (the budget ended it, and what was found by
    then stands), ``declined`` (there is no answer), ``unknown`` (nobody said what was shown), or
    what a model's failure is called. ``considered`` counts the passages, ``tried`` the sets of
    them whose worth was asked for: for most models a call each, for the packaged reader none.
    """

    attributions: tuple[Attribution, ...] = ()
    outcome: str = "attributed"
    message: str = ""
    considered: int = 0
    tried: int = 0
    usage: Usage = Usage()
    seconds: float = 0.0


def attribute(
    answer: Answer,
    question: Question | str,
    model: Model | str,
    method: Method | Named = "search",
    k: int = 5,
    *,
    passages: Sequence[Passage] | None = None,
    words: int = WORDS,
    max_calls: int | None = None,
) -> tuple[Attribution, ...]:
    """The ``k`` passages that an answer rests on, best first; empty where none can be named.

    See ``attributed``, which also says why and at what cost.
    """
    found = attributed(
        answer, question, model, method, k, passages=passages, words=words, max_calls=max_calls
    )
    return found.attributions


def attributed(
    answer: Answer,
    question: Question | str,
    model: Model | str,
    method: Method | Named = "search",
    k: int = 5,
    *,
    passages: Sequence[Passage] | None = None,
    words: int = WORDS,
    max_calls: int | None = None,
) -> Attributed:
    """Attribute an answer of any strategy to what its model was shown, and measure what that takes.

    ``passages`` replace the answer's own; what has more than ``words`` words is cut into segments
    of whole sentences with their places (0: left whole). ``max_calls`` caps the sets of passages
    tried. The cost goes to the open meter too. Raises ConfigError for a method that the model
    cannot serve; a model's failure becomes the outcome.
    """
    asked = Question("attributed", question) if isinstance(question, str) else question
    chosen, answering = ready(method, model)
    _check("k", k, 1)
    _check("words", words, 0)
    _check("max_calls", 1 if max_calls is None else max_calls, 1)
    if why := _nothing(answer, passages):
        return why
    given = tuple(answer.passages if passages is None else passages)
    shown = segments(given, words) if words else given
    with meter.part() as bill:
        try:
            found = chosen.score(Job(answer.text, asked, shown, answering, k, max_calls))
        except ModelError as error:
            failed = Attributed((), error.outcome, str(error), len(shown))
            return replace(failed, usage=bill.usage, seconds=bill.elapsed())
        return replace(_named(found, shown, k), usage=bill.usage, seconds=bill.elapsed())


def segments(passages: Sequence[Passage], words: int = WORDS) -> tuple[Passage, ...]:
    """Cut passages between sentences into segments of at most so many words, each with its place.

    A sentence of more words is a segment by itself.
    """
    return tuple(segment for passage in passages for segment in _segments(passage, words))


def _segments(passage: Passage, words: int) -> Iterator[Passage]:
    if len(passage.text.split()) <= words:
        yield passage
        return
    first, last, used = 0, 0, 0
    for start, end in sentences(passage.text):
        size = len(passage.text[start:end].split())
        if used and used + size > words:
            yield passage.cut(first, last, passage.score)
            first, used = start, 0
        first = start if not used else first
        last, used = end, used + size
    if used:
        yield passage.cut(first, last, passage.score)


def ready(method: Method | Named, model: Model | str) -> tuple[Method, Model]:
    """Load method and model; raises ConfigError where the one cannot serve the other."""
    if isinstance(method, str) and method not in METHODS:
        raise UnknownName(method, "the methods of attribution", METHODS)
    chosen = METHODS[method]() if isinstance(method, str) else method
    _check_options(chosen)
    answering = catalog.load(Model, model)
    chosen.check(answering)
    return chosen, answering


def _check_options(method: Method) -> None:
    """Raise ConfigError for an option that is none, as the catalog does for components."""
    hints = get_type_hints(type(method), include_extras=True)
    known = [Option(one.name, hints[one.name], one.default, "") for one in fields(method)]
    name = type(method).__name__.lower()
    validated(name, known, {one.name: getattr(method, one.name) for one in fields(method)})


def _nothing(answer: Answer, passages: Sequence[Passage] | None) -> Attributed | None:
    """Why there is nothing to attribute, or nothing to attribute it to."""
    if meter.current().planning:
        return Attributed(outcome="planned", message="a dry run attributes nothing")
    if answer.outcome == "declined" or (answer.scorable and abstains(answer.text)):
        return Attributed(outcome="declined", message="there is no answer to attribute")
    if not answer.scorable or not answer.text.strip():
        return Attributed(outcome=answer.outcome, message=answer.message or "the answer is empty")
    if passages is None and not answer.passages_known:
        return Attributed(outcome="unknown", message="the app does not say what it was shown")
    if not (answer.passages if passages is None else passages):
        return Attributed(message="no passage was shown")
    return None


def _named(found: Scored, shown: Sequence[Passage], k: int) -> Attributed:
    ranked = sorted(found.scores.items(), key=lambda pair: (-pair[1], pair[0]))[:k]
    top = tuple(Attribution(shown[number], score) for number, score in ranked)
    limit = found.limit
    outcome, message = (limit.outcome, str(limit)) if limit else ("attributed", "")
    return Attributed(top, outcome, message, len(shown), found.tried)


def _check(name: str, value: int, least: int) -> None:
    if not isinstance(value, int) or value < least:
        raise ConfigError(f"attribution: {name} must be a whole number from {least}, got {value!r}")
