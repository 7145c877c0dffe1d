"""What a server shares between requests, and one question that is being answered."""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from starlette.requests import Request

from crossover.app.serving import problems
from crossover.app.serving.bodies import UNKNOWN_STRATEGY, DecideBody, FeedbackBody
from crossover.app.serving.chat import CHAT_ID
from crossover.app.serving.crew import Crew
from crossover.app.serving.figures import Figures
from crossover.app.serving.gate import seen
from crossover.app.serving.problems import Problem, Refused, problem_of
from crossover.app.serving.routing import Heard, Job, loaded_strategies
from crossover.app.serving.settings import Settings
from crossover.app.serving.shown import AnswerReply, answer_reply, decision_reply
from crossover.decisions import Budget, Decision
from crossover.errors import DataError, UnknownName
from crossover.measure import measured
from crossover.roles import Model
from crossover.router.following import Followed, Route, only_decided
from crossover.router.router import Router
from crossover.router.watching.log import DecisionLog
from crossover.router.watching.watched import Watched
from crossover.types import Answer, Question

DECIDERS = 4
NO_MODEL = Problem(404, "model_not_found", "this server only decides: it serves no model")
NO_LOG = Problem(404, "no_log", "this server keeps no decision log")
UNKNOWN_DECISION = Problem(
    404, "unknown_decision", "no decision of this id: another server's, dropped, or deleted by age"
)
Told = tuple[str, Mapping[str, Any]]


class Served:
    """A router, its models, its threads and its figures."""

    def __init__(
        self,
        router: Router,
        models: Mapping[str, Model],
        settings: Settings,
        watched: Watched | None = None,
    ) -> None:
        self.router, self.models, self.settings = router, dict(models), settings
        self.watched = watched
        self.strategies = loaded_strategies(router.policy) if models else {}
        self.figures = Figures()
        if watched:
            self.figures.watch(watched.log)
        self.ready = False
        # deciding is quick and must not queue behind answers
        self.deciders = Crew(DECIDERS, "decide")
        self.answerers = Crew(settings.concurrency, "answer")
        self._jobs: weakref.WeakSet[Job] = weakref.WeakSet()

    async def decide(self, body: DecideBody, request: Request) -> Decision:
        """Decide, in the time that there is; raises Refused."""
        model = self.model(body.model)[1] if body.model or self.models else None
        decision: Decision = await self._soon(
            partial(self._decided, body, model, seen(request.scope).request_id)
        )
        return decision

    def _decided(self, body: DecideBody, model: Model | None, request_id: str) -> Decision:
        question, started = body.built(), time.perf_counter()
        route = Route(question, body.known(question, model), body.limits())
        route.asked = body.asked(self.router.strategies)
        answers = [answer for _, answer in route.asked]
        decision = self.router.decide(question, route.profile, route.budget, answers)
        route.decisions.append(decision)
        self.figures.decided(decision, time.perf_counter() - started)
        if self.watched:
            self.watched.note(only_decided(route), request_id)
        return decision

    async def graded(self, body: FeedbackBody) -> None:
        """Keep a grade; raises Refused."""
        if self.watched is None:
            raise Refused(NO_LOG)
        await self._soon(partial(self._graded, self.watched.log, body))

    def _graded(self, log: DecisionLog, body: FeedbackBody) -> None:
        try:
            log.feedback(body.id.removeprefix(CHAT_ID), body.quality, body.strategy)
        except UnknownName:
            raise Refused(UNKNOWN_STRATEGY) from None
        except DataError:
            raise Refused(UNKNOWN_DECISION) from None
        self.figures.grades.inc()

    async def _soon(self, work: Callable[[], Any]) -> Any:
        """What is quick, in the time that there is; raises Refused."""
        begun = self.deciders.begin(work)
        try:
            async with asyncio.timeout(self.settings.timeout):
                return await begun
        except TimeoutError:
            raise Refused(problems.LATE) from None

    def model(self, name: str | None) -> tuple[str, Model]:
        """A served model by its name, the first where none is named; raises Refused."""
        if not self.models:
            raise Refused(NO_MODEL)
        found = name or next(iter(self.models))
        if found not in self.models:
            served = ", ".join(self.models)
            message = f"the served models are: {served}"
            raise Refused(Problem(404, "model_not_found", message, param="model"))
        return found, self.models[found]

    def asking(self, model: str | None, question: Question, budget: Budget) -> Asking:
        """A question that is about to be asked."""
        name, found = self.model(model)
        return Asking(self, name, found, question, budget)

    def job(self, asking: Asking) -> Job:
        """The work behind a question."""
        job = Job(
            Heard(self.router.policy, self.figures, asking.tell),
            asking.budget,
            strategies=self.strategies,
            deadline=time.monotonic() + self.settings.timeout,
            tell=asking.tell,
        )
        self._jobs.add(job)
        return job

    def end(self) -> None:
        """Let no job ask anything more, and write what the log still holds."""
        for job in list(self._jobs):
            job.give_up()
        if self.watched:
            self.watched.log.close()


@dataclass
class Asking:
    """One question on its way; what happens is told as it happens."""

    served: Served
    name: str
    model: Model
    question: Question
    budget: Budget
    _told: asyncio.Queue[Told] = field(default_factory=asyncio.Queue)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)

    def tell(self, name: str, about: Mapping[str, Any]) -> None:
        """Take note of a step, from the thread that works."""
        if isinstance(found := about.get("decision"), Decision):
            about = decision_reply(found).model_dump()
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._told.put_nowait, (name, about))

    async def result(self, request_id: str) -> AnswerReply:
        """The answer; raises Refused. Cancelled, it asks nothing more."""
        job = self.served.job(self)
        work = self.served.answerers.begin(partial(self._work, job, request_id))
        try:
            async with asyncio.timeout(self.served.settings.timeout):
                answer: Answer = await work
        except TimeoutError:
            raise Refused(problems.LATE) from None
        finally:
            job.give_up()
        if not answer.scorable:
            raise Refused(problem_of(answer))
        return answer_reply(answer, job.route, self.name, request_id)

    def _work(self, job: Job, request_id: str) -> Answer:
        """Answer in a thread; what it cost counts whether or not anybody still waits for it."""
        answer, served = measured(job, self.question, self.model), self.served
        served.figures.answered(self.name, answer, job.route)
        if served.watched:
            served.watched.note(Followed(answer, job.route), request_id)
        return answer

    async def told(self, waiting: asyncio.Future[Any], heartbeat: float) -> Told | None:
        """The next step; an empty name where none came for so long; None at the end."""
        if not self._told.empty():
            return self._told.get_nowait()
        step = asyncio.ensure_future(self._told.get())
        done, _ = await asyncio.wait(
            {step, waiting}, timeout=heartbeat, return_when=asyncio.FIRST_COMPLETED
        )
        if step in done:
            return step.result()
        step.cancel()
        return None if waiting in done else ("", {})
