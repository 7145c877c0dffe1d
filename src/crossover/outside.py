"""Apps of other people's: how one is asked, and what it may return."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from crossover.abstention import abstains
from crossover.errors import ConfigError, ProviderError
from crossover.models._failures import shortened
from crossover.models._rendering import rendered_text
from crossover.retrievers._imported import kind
from crossover.retrievers._placed import DOCUMENT, START, Hit, placed
from crossover.types import Answer, Document, Passage, Question, Request, Usage

# under which names apps return their answer and what it rests on: LangChain's, LlamaIndex's, ours
ANSWERS = ("answer", "output", "result", "response", "text", "messages", "content")
PASSAGES = ("passages", "context", "source_documents", "source_nodes", "contexts", "sources")
TEXTS = ("text", "page_content", "content")
# how an app is asked by what it has: LangChain's way, LlamaIndex's; else it is called
ASKING = ("invoke", "query")
FINDING = ("invoke", "retrieve")
UNKNOWN = Usage(None, None, None, None, 1, None)


@dataclass(frozen=True, slots=True)
class Fields:
    """Where a reply holds what, as paths like ``choices.0.text``; empty: by the usual names."""

    answer: str = ""
    passages: str = ""
    input_tokens: str = ""
    output_tokens: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What an app returned; None is what it did not tell."""

    text: str
    hits: tuple[Hit, ...] | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    own: Answer | None = field(default=None, repr=False)

    @property
    def usage(self) -> Usage:
        """What the app says that it took, as one call."""
        if self.own is not None and self.own.usage != Usage():
            return self.own.usage
        return replace(UNKNOWN, input_tokens=self.input_tokens, output_tokens=self.output_tokens)

    def answer(self, documents: Sequence[Document]) -> Answer:
        """The reply as an answer, its passages placed in the documents, if there are any."""
        if self.own is not None:
            return self.own
        text = self.text.strip()
        if not text:
            return Answer("", outcome="failed:empty", message="the app replied with nothing")
        answer = Answer(text, outcome="declined" if abstains(text) else "answered")
        if self.hits is None:
            return replace(answer, passages_known=False)
        if documents:
            found = tuple(placed(self.hits, documents, len(self.hits), "the app"))
        else:
            found = unplaced(self.hits)
        return replace(answer, passages=found)


def method_of(app: object, names: Sequence[str]) -> Callable[..., object] | None:
    """How an app is asked: the first of these methods that it has, else by calling it."""
    found = next((getattr(app, name) for name in names if hasattr(app, name)), app)
    return found if callable(found) else None


def asked(app: object, names: Sequence[str], *given: object, **more: object) -> object:
    """Ask an app and wait for it; raises ConfigError where it needs the loop that waits for us."""
    method = method_of(app, names) or _no_app(app)
    found = method(*given, **more)
    if not inspect.isawaitable(found):
        return found
    if _in_loop():
        getattr(found, "close", bool)()
        raise ConfigError(f"{kind(app)} is asynchronous: await the asynchronous form here")
    return asyncio.run(_awaited(found))


async def asked_async(app: object, names: Sequence[str], *given: object, **more: object) -> object:
    """Ask an app by its asynchronous form where it has one, else in a thread."""
    method = method_of(app, [f"a{name}" for name in names if hasattr(app, f"a{name}")])
    if method is not app and method is not None:
        return await _result(method(*given, **more))
    method = method_of(app, names) or _no_app(app)
    if _is_async(method):
        return await _result(method(*given, **more))
    return await _result(await asyncio.to_thread(method, *given, **more))


def question_text(question: Question) -> str:
    """A question as an app is asked it: with its choices, where it has any."""
    if not question.choices:
        return question.text
    return rendered_text(Request("", question.text, choices=question.choices))


def read_reply(found: Any, fields: Fields) -> Reply:
    """What an app returned as a reply; raises ProviderError ``bad_reply`` for what is none."""
    if isinstance(found, Answer):
        return Reply(found.text, own=found)
    if hasattr(found, "source_nodes"):
        # LlamaIndex's streamed response is read to its end
        found = found.get_response() if hasattr(found, "get_response") else found
        return Reply(_text(getattr(found, "response", None)), hits_of(found.source_nodes))
    if isinstance(found, tuple) and len(found) == 2:
        return Reply(_text(found[0]), hits_of(found[1]))
    if hasattr(found, "model_dump") and not _is_message(found):
        found = found.model_dump()
    if isinstance(found, Mapping):
        return _of_mapping(found, fields)
    counts = getattr(found, "usage_metadata", None) or {}
    return Reply(
        _text(found), None, _count(counts, "input_tokens"), _count(counts, "output_tokens")
    )


def hits_of(found: Any) -> tuple[Hit, ...] | None:
    """Passages as they come: texts, mappings, or documents and nodes of the known libraries."""
    if found is None:
        return None
    if isinstance(found, str | Passage) or not isinstance(found, Sequence):
        found = [found]
    return tuple(hit for one in found for hit in _hit(one))


def unplaced(hits: Sequence[Hit]) -> tuple[Passage, ...]:
    """Passages of documents that only the app has; without a stated place they start and end at 0.

    A document without a name is named by the passage's rank.
    """
    return tuple(_unplaced(hit, rank) for rank, hit in enumerate(hits, 1) if hit.text)


def _unplaced(hit: Hit, rank: int) -> Passage:
    name = next((str(hit.metadata[key]) for key in DOCUMENT if hit.metadata.get(key)), "")
    start = next((hit.metadata[key] for key in START if key in hit.metadata), None)
    score = hit.score if hit.score is not None else 1 / rank
    if not name or not isinstance(start, int):
        return Passage(name or f"passage {rank}", 0, 0, hit.text, score)
    return Passage(name, start, start + len(hit.text), hit.text, score)


def _no_app(app: object) -> Callable[..., object]:
    raise ConfigError(f"{kind(app)} can be neither called, invoked nor queried")


def _is_async(method: object) -> bool:
    called = getattr(method, "__call__", None)  # noqa: B004
    return inspect.iscoroutinefunction(method) or inspect.iscoroutinefunction(called)


def _in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _result(found: Any) -> object:
    found = await found if inspect.isawaitable(found) else found
    streamed = inspect.iscoroutinefunction(getattr(found, "get_response", None))
    return await found.get_response() if streamed else found


async def _awaited(found: Awaitable[object]) -> object:
    return await found


def _of_mapping(found: Mapping[str, Any], fields: Fields) -> Reply:
    answer = next((name for name in ANSWERS if name in found), ANSWERS[0])
    passages = next((name for name in PASSAGES if name in found), "")
    where = fields.passages or passages
    hits = _at(found, where) if where else None
    counts = found if fields.input_tokens or fields.output_tokens else {}
    return Reply(
        _text(_at(found, fields.answer or answer)),
        None if hits is None else hits_of(hits),
        _count(counts, fields.input_tokens),
        _count(counts, fields.output_tokens),
    )


def _at(found: Any, path: str) -> Any:
    """What stands at a path like ``choices.0.text``; raises ProviderError where nothing does."""
    for step in path.split("."):
        if isinstance(found, Mapping) and step in found:
            found = found[step]
        elif isinstance(found, Sequence) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        else:
            there = ", ".join(map(str, found)) if isinstance(found, Mapping) else kind(found)
            raise ProviderError(
                "bad_reply", shortened(f"the reply has no {path}; there is: {there}")
            )
    return found


def _text(found: Any) -> str:
    """The text of an answer: a string, a chat message, or the last of a list of them."""
    if found is None:
        return ""
    if isinstance(found, str | int | float):
        return str(found)
    if isinstance(found, list) and found and _is_message(found[-1]):
        found = found[-1]
    if _is_message(found):
        return str(found.text)
    raise ProviderError("bad_reply", f"{kind(found)} is no answer; return a text")


def _is_message(found: object) -> bool:
    return hasattr(found, "content") and hasattr(found, "text")


def _hit(found: Any) -> Iterator[Hit]:
    if isinstance(found, str):
        yield Hit(found, {})
    elif isinstance(found, Passage):
        about = {"document": found.document, "start": found.start}
        yield Hit(found.text, about, found.score)
    elif isinstance(found, Mapping):
        text = next((str(found[name]) for name in TEXTS if name in found), "")
        yield Hit(text, {**found, **_mapping(found.get("metadata"))}, _score(found.get("score")))
    elif hasattr(found, "page_content"):
        yield Hit(found.page_content, found.metadata)
    elif hasattr(found, "node"):
        yield _of_node(found.node, found.score)
    elif hasattr(found, "get_content"):
        yield _of_node(found, None)
    else:
        raise ProviderError("bad_reply", f"{kind(found)} is no passage; return texts")


def _of_node(node: Any, score: float | None) -> Hit:
    source = getattr(node, "source_node", None)
    about = {
        "document_id": source.node_id if source else None,
        "start_char_idx": getattr(node, "start_char_idx", None),
    }
    known = {name: value for name, value in about.items() if value is not None}
    return Hit(node.get_content(), {**known, **node.metadata}, score)


def _mapping(found: object) -> Mapping[str, object]:
    return found if isinstance(found, Mapping) else {}


def _score(found: object) -> float | None:
    number = isinstance(found, int | float) and not isinstance(found, bool)
    return float(found) if number else None  # type: ignore[arg-type]


def _count(found: Any, path: str) -> int | None:
    """A count of tokens; None where the reply tells none."""
    try:
        number = _at(found, path) if path else None
    except ProviderError:
        return None
    return number if isinstance(number, int) and not isinstance(number, bool) else None
