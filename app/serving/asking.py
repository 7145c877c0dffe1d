"""What a server shares between requests, and one question that is being answered."""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from starlette.requests import Request

from crossover.app.serving import problems
from crossover.app.serving.bodies import DecideBody
from crossover.app.serving.crew import Crew
from crossover.app.serving.figures import Figures
from crossover.app.serving.problems import Problem, Refused, problem_of
from crossover.app.serving.routing import Job, loaded_strategies
from crossover.app.serving.settings import Settings
from crossover.app.serving.shown import AnswerReply, answer_reply, decision_reply
from crossover.decisions import Budget, Decision
from crossover.roles import Model
from crossover.router.router import Router, profile_of
from crossover.types import Answer, Question

DECIDERS = 4
NO_MODEL = Problem(404, "model_not_found", "this server only decides: it serves no model")
Told = tuple[str, Mapping[str, Any]]


class Served:
    """A router, its models, its threads and its figures."""

    def __init__(self, router: Router, models: Mapping[str, Model], settings: Settings) -> None:
        self.router, self.models, self.settings = router, dict(models), settings
        self.strategies = loaded_strategies(router.policy) if models else {}
        self.figures = Figures()
        self.ready = False
        # deciding is quick and must not queue behind answers
        self.deciders = Crew(DECIDERS, "decide")
        self.answerers = Crew(settings.concurrency, "answer")
        self._jobs: weakref.WeakSet[Job] = weakref.WeakSet()

    async def decide(self, body: DecideBody, request: Request) -> Decision:
        """Decide, in the time that there is; raises Refused."""
        model = self.model(body.model)[1] if body.model or self.models else None
        work = self.deciders.begin(partial(self._decided, body, model))
        try:
            async with asyncio.timeout(self.settings.timeout):
                decision: Decision = await work
                return decision
        except TimeoutError:
            raise Refused(problems.LATE) from None

    def _decided(self, body: DecideBody, model: Model | None) -> Decision:
        question, started = body.built(), time.perf_counter()
        answers = [one.built() for one in body.answers_so_far]
        decision = self.router.decide(question, body.known(question, model), body.limits(), answers)
        self.figures.decided(decision, time.perf_counter() - started)
        return decision

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
            self.router.policy,
            self.strategies,
            profile_of(asking.question, asking.model),
            asking.budget,
            self.figures,
            time.monotonic() + self.settings.timeout,
            asking.tell,
        )
        self._jobs.add(job)
        return job

    def give_up(self) -> None:
        """Let no job ask anything more."""
        for job in list(self._jobs):
            job.give_up()


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
        work = self.served.answerers.begin(partial(self._work, job))
        try:
            async with asyncio.timeout(self.served.settings.timeout):
                answer: Answer = await work
        except TimeoutError:
            raise Refused(problems.LATE) from None
        finally:
            job.give_up()
        if not answer.scorable or job.route is None:
            raise Refused(problem_of(answer))
        return answer_reply(answer, job.route, self.name, request_id)

    def _work(self, job: Job) -> Answer:
        """Answer in a thread; what it cost counts whether or not anybody still waits for it."""
        answer = job.run(self.question, self.model)
        self.served.figures.answered(self.name, answer, job.route)
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
