"""A router whose every decision is logged; its answers are those of the router alone."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import Any

from crossover import catalog
from crossover.router.bound import Bound
from crossover.router.following import Followed
from crossover.router.router import Router
from crossover.router.watching.log import DecisionLog
from crossover.router.watching.record import row_of
from crossover.types import Answer, Question


@dataclass(frozen=True, slots=True)
class Given:
    """An answer and the id under which it is graded."""

    answer: Answer
    id: str


class Watched:
    """A router, or one bound to an app's chains, with a log of what it decides.

    ``ask`` and ``answer`` take what ``answer`` of the router takes, and an ``id`` of the app's own
    choosing; the log never fails or delays an answer.
    """

    def __init__(self, router: Router | Bound, log: DecisionLog) -> None:
        self.router, self.log = router, log
        self.name = router_name(_router(router))

    def answer(self, question: str | Question, *given: Any, id: str = "", **options: Any) -> Answer:
        """The router's answer, logged."""
        return self.ask(question, *given, id=id, **options).answer

    def ask(self, question: str | Question, *given: Any, id: str = "", **options: Any) -> Given:
        """The same with the id that ``log.feedback`` takes."""
        return self._noted(self.router.route(question, *given, **options), id)

    async def answer_async(
        self, question: str | Question, *given: Any, id: str = "", **options: Any
    ) -> Answer:
        """``answer`` without blocking the event loop."""
        return (await self.ask_async(question, *given, id=id, **options)).answer

    async def ask_async(
        self, question: str | Question, *given: Any, id: str = "", **options: Any
    ) -> Given:
        """``ask`` without blocking the event loop."""
        return self._noted(await self.router.route_async(question, *given, **options), id)

    def _noted(self, seen: Followed, id: str) -> Given:
        made = id or uuid.uuid4().hex
        self.note(seen, made)
        return Given(seen.answer, made)

    def note(self, seen: Followed, id: str) -> None:
        """Log what was followed, here or elsewhere, as in a server; raises nothing."""
        try:
            self._note(seen, id)
        # the answer is there: no defect in watching may take it away
        except Exception as error:
            self.log.lose("decisions", type(error).__name__)

    def _note(self, seen: Followed, id: str) -> None:
        now, texts, cheapest = time.time(), self.log.texts, self.router.strategies[0]
        self.log.note("decisions", lambda: row_of(id, now, self.name, seen, cheapest, texts=texts))


def router_name(router: Router) -> str:
    """What the log knows a router by: its file's digest, else its policy's text."""
    artefact = router.artefact
    return artefact.digest[:12] if artefact else catalog.spec(router.policy)


def _router(router: Router | Bound) -> Router:
    return router.router if isinstance(router, Bound) else router
