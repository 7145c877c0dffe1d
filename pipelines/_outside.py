"""Apps of other people's: how one is found, asked a question, and what it may return."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from crossover.errors import ConfigError, ProviderError, UnknownName
from crossover.models._failures import shortened
from crossover.models._rendering import rendered_text
from crossover.retrievers._imported import called, imported, kind, read_options, takes
from crossover.retrievers._placed import Hit
from crossover.types import Answer, Passage, Question, Request

LIVE = "live:"
# under which names apps return their answer and what it rests on: LangChain's, LlamaIndex's, ours
ANSWERS = ("answer", "output", "result", "response", "text", "messages", "content")
PASSAGES = ("passages", "context", "source_documents", "source_nodes", "contexts", "sources")
TEXTS = ("text", "page_content", "content")
_live: dict[str, object] = {}
_apps: dict[tuple[str, str], object] = {}
_building = Lock()


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


def lend(thing: object, name: str) -> str:
    """Keep a live object for this process; return the target that stands for it."""
    if not name.isidentifier():
        raise ConfigError(f"external: {name!r} is no name like my_app for what is wrapped")
    if not any(hasattr(thing, method) for method in ("invoke", "query", "__call__")):
        raise ConfigError(f"external: {kind(thing)} can be neither called, invoked nor queried")
    _live[name] = thing
    return f"{LIVE}{name}"


def app_at(target: str, options: str) -> object:
    """What a target names: built once per process where it is a class or takes no question."""
    if target.startswith(LIVE):
        name = target.removeprefix(LIVE)
        if name not in _live:
            raise UnknownName(name, "what crossover.pipelines.external.wrap was given", _live)
        return _live[name]
    with _building:
        if (target, options) not in _apps:
            _apps[target, options] = _built(target, options)
        return _apps[target, options]


def asked(app: Any, question: Question, documents: bool, input_field: str) -> object:
    """Ask an app by what it has: ``invoke`` (LangChain), ``query`` (LlamaIndex), or a call."""
    text = question_text(question)
    texts = [{"id": d.id, "text": d.text} for d in question.documents] if documents else []
    method: Callable[..., object] = getattr(app, "invoke", None) or getattr(app, "query", app)
    given: object = text
    if input_field:
        given = {input_field: text, **({"documents": texts} if documents else {})}
        found = method(given)
    elif documents and takes(method, "documents"):
        found = method(given, documents=texts)
    else:
        found = method(given)
    return asyncio.run(_awaited(found)) if inspect.isawaitable(found) else found


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
        return Reply(_text(getattr(found, "response", None)), _hits(found.source_nodes))
    if isinstance(found, tuple) and len(found) == 2:
        return Reply(_text(found[0]), _hits(found[1]))
    if hasattr(found, "model_dump") and not _is_message(found):
        found = found.model_dump()
    if isinstance(found, Mapping):
        return _of_mapping(found, fields)
    counts = getattr(found, "usage_metadata", None) or {}
    return Reply(
        _text(found), None, _count(counts, "input_tokens"), _count(counts, "output_tokens")
    )


def _built(target: str, options: str) -> object:
    found = imported(target, "external")
    given = read_options(options, "external", {})
    if inspect.isclass(found) or given or _takes_nothing(found):
        return called(found, target, given)
    return found


def _takes_nothing(found: object) -> bool:
    try:
        return inspect.isroutine(found) and not inspect.signature(found).parameters
    except ValueError:
        return False


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
        None if hits is None else _hits(hits),
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
                "bad_reply", shortened(f"external: the reply has no {path}; there is: {there}")
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
    raise ProviderError("bad_reply", f"external: {kind(found)} is no answer; return a text")


def _is_message(found: object) -> bool:
    return hasattr(found, "content") and hasattr(found, "text")


def _hits(found: Any) -> tuple[Hit, ...] | None:
    """Passages as they come: texts, mappings, or documents and nodes of the known libraries."""
    if found is None:
        return None
    if isinstance(found, str | Passage) or not isinstance(found, Sequence):
        found = [found]
    return tuple(hit for one in found for hit in _hit(one))


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
        raise ProviderError("bad_reply", f"external: {kind(found)} is no passage; return texts")


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
