"""OpenAI's chat form: messages become a question over documents, an answer becomes a message."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from crossover.app.serving.bodies import (
    DOCUMENTS,
    LONGEST_QUESTION,
    MOST_DOCUMENTS,
    Body,
    BudgetBody,
    DocumentBody,
    Name,
    Text,
    built_documents,
)
from crossover.app.serving.problems import Problem, Refused
from crossover.app.serving.shown import AnswerReply
from crossover.decisions import Budget
from crossover.types import Question

# what cannot be done is refused instead of left undone
UNSERVED = ("tools", "tool_choice", "functions", "function_call", "audio", "modalities", "logprobs")
# what OpenAI's ids of answers begin with
CHAT_ID = "chatcmpl-"
# characters of one streamed piece
PIECE = 80
EXAMPLE: dict[str, Any] = {
    "model": "openai:gpt-4o-mini",
    "messages": [{"role": "user", "content": "Who built the bridge?"}],
    "documents": DOCUMENTS,
}
NO_QUESTION = Problem(
    422, "no_question", "the last message must be the user's, with the question as its text"
)


class Part(Body):
    """A piece of a message's content."""

    type: Literal["text"]
    text: str


class Message(BaseModel):
    """A message; only its role and text are looked at."""

    model_config = ConfigDict(strict=True)
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None

    @property
    def text(self) -> str:
        """Its text, parts joined by an empty line."""
        if isinstance(self.content, list):
            return "\n\n".join(part.text for part in self.content)
        return self.content or ""


class StreamOptions(BaseModel):
    """Whether the stream ends with the usage."""

    include_usage: bool = False


class ChatBody(BaseModel):
    """A chat completion over documents.

    How strategies ask their model (temperature, lengths) is the router's: such fields are accepted
    and change nothing; tools, ``n`` over 1 and JSON forms are refused.
    """

    model_config = ConfigDict(strict=True, extra="allow", json_schema_extra={"examples": [EXAMPLE]})
    model: Name
    messages: Annotated[list[Message], Field(min_length=1, max_length=MOST_DOCUMENTS)]
    documents: list[Text | DocumentBody] | None = Field(
        None,
        max_length=MOST_DOCUMENTS,
        description="texts; without it, system messages and the user's earlier ones are documents",
    )
    budget: BudgetBody | None = None
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: int | None = None
    response_format: dict[str, Any] | None = None

    def check(self) -> None:
        """Raise Refused for what this server does not do."""
        refused = [name for name in UNSERVED if (self.model_extra or {}).get(name)]
        refused += ["n"] if self.n not in (None, 1) else []
        if (self.response_format or {}).get("type", "text") != "text":
            refused.append("response_format")
        if refused:
            message = f"{refused[0]} is not served: strategies answer questions with one text"
            raise Refused(Problem(422, "not_served", message, param=refused[0]))

    def built(self) -> Question:
        """The last message is the question; the rest, or ``documents``, is what it is about."""
        *before, last = self.messages
        question = last.text.strip()
        if last.role != "user" or not question or len(question) > LONGEST_QUESTION:
            raise Refused(NO_QUESTION)
        if self.documents is not None:
            return Question("", question, built_documents(self.documents))
        told = [one.text for one in before if one.role in ("system", "developer", "user")]
        return Question("", question, built_documents([text for text in told if text.strip()]))

    def limits(self) -> Budget:
        """The budget, empty where none is given."""
        return Budget(**(self.budget.model_dump() if self.budget else {}))

    @property
    def wants_usage(self) -> bool:
        """Whether a stream is to end with the usage."""
        return bool(self.stream_options and self.stream_options.include_usage)


def completion(reply: AnswerReply) -> dict[str, Any]:
    """An answer as a chat completion, with what the router did in ``crossover``."""
    message = {"role": "assistant", "content": reply.answer, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(reply)}
    about = {"object": "chat.completion", "choices": [choice], "usage": _usage(reply)}
    return _head(reply) | about | {"crossover": _extension(reply)}


def chunks(reply: AnswerReply, wants_usage: bool) -> Iterator[bytes]:
    """The same as a stream: the text in pieces, then why it ended, then the usage if wanted."""
    head = _head(reply) | {"object": "chat.completion.chunk"}
    missing = {"usage": None} if wants_usage else {}

    def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return event(head | {"choices": [choice]} | missing | more)

    yield chunk({"role": "assistant", "content": ""})
    for start in range(0, len(reply.answer), PIECE):
        yield chunk({"content": reply.answer[start : start + PIECE]})
    yield chunk({}, _finish(reply), crossover=_extension(reply))
    if wants_usage:
        yield event(head | {"choices": [], "usage": _usage(reply)})
    yield b"data: [DONE]\n\n"


def event(value: Any, name: str = "") -> bytes:
    """A server-sent event with JSON, which keeps it on one line."""
    named = f"event: {name}\n" if name else ""
    return f"{named}data: {json.dumps(value)}\n\n".encode()


def _head(reply: AnswerReply) -> dict[str, Any]:
    return {
        "id": f"{CHAT_ID}{reply.request_id}",
        "created": int(time.time()),
        "model": reply.model,
    }


def _finish(reply: AnswerReply) -> str:
    return "length" if reply.outcome == "truncated" else "stop"


def _usage(reply: AnswerReply) -> dict[str, Any] | None:
    """OpenAI's counts, of all passes; None where a part of them is unknown."""
    usage = reply.usage
    if usage.input_tokens is None or usage.output_tokens is None:
        return None
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens or 0},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens or 0},
    }


def _extension(reply: AnswerReply) -> dict[str, Any]:
    shown = {"strategy", "outcome", "reasons", "passes", "fell_back", "usage"}
    return reply.model_dump(include=shown)
