"""Chain of agents: workers read part after part and pass their notes on to a manager."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from annotated_types import Ge, Interval

from crossover import meter
from crossover.errors import ConfigError
from crossover.pipelines import _prompts
from crossover.pipelines._answering import FROM_PASSAGES, final_request, named
from crossover.pipelines._chaining import (
    Chain,
    Order,
    Path,
    Unit,
    judged,
    ordered,
)
from crossover.pipelines._parts import Worker, answered, looked_for, where, words
from crossover.pipelines._voting import majority
from crossover.roles import Model, Strategy
from crossover.types import Answer, Passage, Question, Request
from crossover.wrapped import at_once

NAME = "chain_of_agents"


@dataclass(frozen=True, slots=True)
class ChainOfAgents(Strategy):
    """Workers read a part each and the notes of the one before; a manager answers from the last.

    As in Chain-of-Agents (Zhang et al. 2024, arXiv 2406.02818): sentences are packed greedily into
    parts of ``chunk`` tokens less question, prompt and notes (8k there; 1,024 of notes as in a
    public re-implementation). Several ``paths`` read in different orders (``both``: there and back)
    or at a ``temperature``, side by side, and are joined by vote or by a judge. Raises WindowError.
    """

    worker: Model | None = field(
        default=None, metadata={"help": "who reads the parts [the answering model]"}
    )
    manager: Model | None = field(
        default=None, metadata={"help": "who answers from the last notes [the answering model]"}
    )
    chunk: Annotated[int, Ge(1)] = field(
        default=8192, metadata={"help": "tokens that one call reads at most, prompt and notes too"}
    )
    note: Annotated[int, Ge(1)] = field(
        default=1024, metadata={"help": "longest notes that are passed on, in tokens"}
    )
    ends_with: Literal["manager", "last_worker"] = field(
        default="manager", metadata={"help": "whose reply is the answer"}
    )
    order: Order = field(default="forward", metadata={"help": "order in which parts are read"})
    paths: Annotated[int, Ge(1)] | None = field(
        default=None, metadata={"help": "chains that answer independently [1; 2 with order=both]"}
    )
    join: Literal["vote", "judge"] = field(
        default="vote", metadata={"help": "how one answer comes of several paths"}
    )
    judge: Model | None = field(
        default=None, metadata={"help": "who judges, with join=judge [the answering model]"}
    )
    temperature: Annotated[float, Interval(ge=0, le=2)] = field(
        default=0.0, metadata={"help": "sampling temperature of workers and manager"}
    )
    seed: int = field(default=0, metadata={"help": "seed of random orders and of sampling"})
    max_tokens: Annotated[int, Ge(1)] = field(
        default=256, metadata={"help": "longest answer of the manager, in tokens"}
    )
    prompts: _prompts.Overrides = field(
        default="", metadata={"help": "prompts that replace its own, by name"}
    )

    def __post_init__(self) -> None:
        _prompts.check(NAME, self.prompts)
        if self.count > 1 and self.order in ("forward", "backward") and not self.temperature:
            raise ConfigError(
                f"{NAME}: paths={self.paths} would all be the same; give order=both, order=random "
                "or a temperature"
            )
        alike = self.order == "both" and not self.temperature
        if self.join == "vote" and (self.count == 2 or (self.count > 2 and alike)):
            raise ConfigError(
                f"{NAME}: a vote over two different paths always goes to the first; give "
                "join=judge, or three paths with order=random or a temperature"
            )

    @property
    def version(self) -> str:
        """Changes with the prompts."""
        return f"1.{_prompts.version(NAME)}"

    @property
    def count(self) -> int:
        """How many paths there are."""
        return self.paths or (2 if self.order == "both" else 1)

    def answer(self, question: Question, model: Model) -> Answer:
        """Read everything part by part, then answer."""
        worker = Worker(self.worker or model, self.worker is not None, self.chunk)
        # as long as a prompt with notes can be
        longest = self._asks(question, 0)([Passage("", 0, 0, "")] * 100)
        spare = self.note + worker.frame(question.documents)
        parts = worker.parts(question.documents, longest, spare)

        def walk(number: int) -> Path:
            chosen = ordered(parts, self.order, self.seed, number)
            chain = Chain(worker, self._asks(question, number), question.documents)
            with meter.stage(f"path {number + 1}") if self.count > 1 else nullcontext():
                return self._path(chain.walk(chosen), question, model, number)

        if self.count == 1:
            return walk(0).answer
        threads = at_once(worker.model)
        with meter.stage("paths"):
            paths = meter.side_by_side(walk, range(self.count), threads)
        if self.join == "judge":
            return self._judged(paths, question, model)
        answers = [path.answer for path in paths]
        return answers[majority(answers, question)]

    def _path(self, unit: Unit, question: Question, model: Model, number: int) -> Path:
        """What follows from the last notes of one chain."""
        if self.ends_with == "last_worker":
            return Path(named(unit.reply, unit.shown, self.note), unit.passages)
        manager = Worker(self.manager or model, self.manager is not None, self.chunk)
        instruction = self._prompt("manager", task=FROM_PASSAGES[question.form])
        request = self._sampled(final_request(question, instruction, self.max_tokens), number)
        answer = answered(manager, request, unit.passages, question.documents, "manager")
        return Path(answer, unit.passages)

    def _judged(self, paths: Sequence[Path], question: Question, model: Model) -> Answer:
        def request(candidates: str) -> Request:
            instruction = self._prompt("judge", candidates=candidates)
            asked = looked_for(question) or question.text
            return Request(instruction, asked, wants="verdict", max_tokens=self.max_tokens)

        judge = Worker(self.judge or model, self.judge is not None, self.chunk)
        return judged(paths, judge, request)

    def _asks(self, question: Question, number: int) -> Callable[[Sequence[Passage]], Request]:
        """What a worker of that path is asked, by the notes that it gets."""
        asked = looked_for(question)

        def request(before: Sequence[Passage]) -> Request:
            found = (
                self._prompt("earlier", where=where(before)) if before else self._prompt("first")
            )
            role = "worker" if asked else "summary"
            instruction = self._prompt(role, earlier=found, words=words(self.note))
            asks = Request(instruction, asked, wants="summary", max_tokens=self.note)
            return self._sampled(asks, number)

        return request

    def _sampled(self, request: Request, number: int) -> Request:
        seed = self.seed + number if self.temperature else None
        return replace(request, temperature=self.temperature, seed=seed)

    def _prompt(self, role: str, **values: object) -> str:
        return _prompts.prompt(NAME, role, self.prompts, **values)
