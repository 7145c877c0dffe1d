"""The router as a LangChain Runnable. Imported only where used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from langchain_core.runnables import Runnable, RunnableConfig

from crossover.decisions import Budget, Profile
from crossover.errors import ConfigError
from crossover.retrievers._imported import kind
from crossover.router.bound import Bound, usable
from crossover.types import Answer

QUESTIONS = ("question", "input", "query")


class RoutedRunnable(Runnable[Any, Any]):
    """Answers by the chain that a router names; goes wherever a chain goes.

    It takes the question as a text, or a mapping with it as ``question``, ``input`` or ``query``,
    in which ``profile`` and ``budget`` may stand beside it. It returns the answer's text, or with
    ``output="answer"`` the whole ``Answer``. Callbacks reach the chains. ``stream`` gives the
    final text in one piece: an answer may be judged before it stands. Where no chain has a usable
    answer a text cannot tell, so that a ModelError is raised.
    """

    def __init__(self, bound: Bound, output: Literal["text", "answer"] = "text") -> None:
        if output not in ("text", "answer"):
            raise ConfigError(f"output={output!r}: there is text and answer")
        self.bound, self.output = bound, output

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """Answer one question."""
        return self._call_with_config(self._answered, input, config, run_type="chain")

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """The same without blocking the event loop."""
        return await self._acall_with_config(self._answered_async, input, config, run_type="chain")

    def _answered(self, given: Any) -> str | Answer:
        question, options = _read(given)
        return self._shown(self.bound.answer(question, **options))

    async def _answered_async(self, given: Any) -> str | Answer:
        question, options = _read(given)
        return self._shown(await self.bound.answer_async(question, **options))

    def _shown(self, answer: Answer) -> str | Answer:
        return answer if self.output == "answer" else usable(answer).text


def _read(given: Any) -> tuple[str, dict[str, Any]]:
    """The question and what stands beside it; raises ConfigError where there is none."""
    if isinstance(given, str):
        return given, {}
    if not isinstance(given, Mapping):
        raise ConfigError(f"{kind(given)} is no question; give a text or a mapping with question")
    question = next((given[name] for name in QUESTIONS if name in given), None)
    if not isinstance(question, str):
        there = ", ".join(map(str, given)) or "nothing"
        raise ConfigError(f"no text under {', '.join(QUESTIONS)}; there is: {there}")
    wanted = {"profile": Profile, "budget": Budget}
    for name, type_ in wanted.items():
        if not isinstance(given.get(name), type_ | None):
            raise ConfigError(f"{name} is {kind(given[name])}; give a {type_.__name__}")
    return question, {name: given.get(name) for name in wanted}
