"""What LangChain's models report to callbacks. Imported only where LangChain already is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import BaseMessage
from langchain_core.outputs import LLMResult
from langchain_core.tracers.context import register_configure_hook

from crossover import prices
from crossover.models._calls import Reading
from crossover.types import Usage


class Counting(BaseCallbackHandler):
    """Adds up what every model call reports; one that reports nothing makes the sum unknown."""

    def __init__(self) -> None:
        self.usage = Usage()
        self._models: dict[UUID, str] = {}
        self._lock = Lock()

    def on_chat_model_start(
        self,
        serialized: dict[str, Any],
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        metadata: dict[str, Any] | None = None,
        **more: Any,
    ) -> None:
        """Remember which model is asked, for its price."""
        about = metadata or {}
        self._models[run_id] = f"{about.get('ls_provider')}:{about.get('ls_model_name')}"

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **more: Any) -> None:
        """Count a reply."""
        model = self._models.pop(run_id, "")
        for generations in response.generations:
            message = getattr(generations[0], "message", None) if generations else None
            self._add(message, model)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **more: Any) -> None:
        """Count a call that failed: what it took is not known."""
        self._models.pop(run_id, None)
        self._add(None, "")

    def _add(self, message: Any, model: str) -> None:
        reading = Reading(openai_stream=True)
        if message is not None:
            reading.add(message)
        usage = reading.usage(1)
        dollars = prices.price(model, usage, written_tokens=reading.written_tokens)
        with self._lock:
            self.usage += Usage(
                usage.input_tokens,
                usage.output_tokens,
                usage.cached_tokens,
                usage.reasoning_tokens,
                1,
                dollars,
            )


_counting: ContextVar[Counting | None] = ContextVar("crossover_counting", default=None)
# once per process: LangChain keeps every hook for ever
register_configure_hook(_counting, inheritable=True)


@contextmanager
def counting() -> Iterator[Counting]:
    """Count the model calls of the code inside."""
    found = Counting()
    token = _counting.set(found)
    try:
        yield found
    finally:
        _counting.reset(token)
