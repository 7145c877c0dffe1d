"""Questions that are being answered: strategies side by side in threads, looked at as they work."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from threading import Event, Semaphore, Thread

from crossover import meter
from crossover.errors import CrossoverError, LimitReached
from crossover.limits import Limits
from crossover.measure import measured
from crossover.registry import name_of
from crossover.roles import Model, Strategy
from crossover.types import Answer, Completion, Question, Request, Step, Usage
from crossover.wrapped import Wrapped

# what this process answers at once, for all who look at it
AT_ONCE = 8
# seconds after which nobody is taken to look any more; a tab behind others asks once a minute
ALONE = 300.0
# how much of the end of a reply is shown while it is written
TAIL = 4_000
# how much of a passage is read for instructions
READ = 200_000
STREAMED = ("answer", "summary", "code", "text")
# models that write piece by piece what is nothing but text; a reader says where it stands, too
WRITERS = ("langchain", "huggingface")
_slots = Semaphore(AT_ONCE)
_own: ContextVar[Live | None] = ContextVar("crossover_live", default=None)


class Live:
    """One strategy on its way to an answer; everything may be read while it works."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.result: Answer | None = None
        self.problem = ""
        self.working = ""
        self.alarms: tuple[tuple[int, tuple[str, ...]], ...] = ()
        self.looked = time.monotonic()
        self._meter: meter.Meter | None = None
        self._written: list[str] = []
        self._stopped = Event()
        self._ended = Event()

    @property
    def running(self) -> bool:
        """Whether there is something to wait for."""
        return not self._ended.is_set()

    @property
    def waiting(self) -> bool:
        """Whether others are answered first."""
        return self.running and self._meter is None

    @property
    def written(self) -> str:
        """The end of what the model has written of its reply so far."""
        return "".join(self._written)[-TAIL:]

    @property
    def steps(self) -> list[Step]:
        """What has been done so far."""
        return list(self._meter.steps) if self._meter else []

    @property
    def usage(self) -> Usage:
        """What it has cost so far."""
        if self.result:
            return self.result.usage
        return self._meter.usage if self._meter else Usage()

    @property
    def seconds(self) -> float | None:
        """How long it has worked, without waiting for its turn."""
        if self.result:
            return self.result.seconds
        return self._meter.elapsed() if self._meter and self.running else None

    def stop(self) -> None:
        """Ask nothing more; a reply that is being streamed is given up."""
        self._stopped.set()

    def check(self) -> None:
        """Raise LimitReached where it is to end."""
        if self._stopped.is_set():
            raise LimitReached("visitor", "it was stopped here")
        if time.monotonic() - self.looked > ALONE:
            raise LimitReached("visitor", "nobody has looked for some minutes")

    def watch(self, what: str, done: int, total: int) -> None:
        """Take note of long work in this strategy's own threads, and end it there."""
        if _own.get() is self:
            self.working = f"{what}: {done:,} of {total:,}"
            self.check()

    def begin(self) -> None:
        """Note that its turn has come."""
        self._meter = meter.current()
        self.check()

    def write(self, piece: str) -> None:
        """Take note of a piece of a reply; an empty one begins another reply."""
        if piece:
            self._written.append(piece)
        else:
            self._written = []

    def work(
        self, strategy: Strategy, question: Question, model: Model, limits: Limits | None
    ) -> None:
        """Answer, in a thread of one's own."""
        _own.set(self)
        try:
            self.check()
            with _slots, meter.watched(self.watch):
                own = _Begun(strategy, self)
                found = measured(own, question, _Heard(model, self), limits=limits)
                self.alarms = tuple(_alarms(found))
                self.result = found
        except CrossoverError as error:
            self.problem = str(error)
        # whoever looks waits for an end, whatever it is
        except BaseException as error:
            self.problem = f"it failed: {type(error).__name__}"
        finally:
            self._ended.set()


@dataclass(frozen=True)
class Asked:
    """A question with the strategies that answer it."""

    question: Question
    model: str
    lives: tuple[Live, ...]

    @property
    def running(self) -> bool:
        """Whether any is still at work."""
        return any(live.running for live in self.lives)

    @property
    def usage(self) -> Usage:
        """What all of them have cost so far."""
        return sum((live.usage for live in self.lives), Usage())

    def look(self) -> None:
        """Say that somebody still looks."""
        for live in self.lives:
            live.looked = time.monotonic()

    def stop(self) -> None:
        """Ask nothing more."""
        for live in self.lives:
            live.stop()


def ask(
    question: Question,
    strategies: Sequence[tuple[str, Strategy]],
    model: Model,
    name: str,
    limits: Limits | None = None,
) -> Asked:
    """Begin to answer a question by every strategy, each known by its text."""
    asked = Asked(question, name, tuple(Live(text) for text, _ in strategies))
    for live, (_, strategy) in zip(asked.lives, strategies, strict=True):
        work = (live.work, strategy, question, model, limits)
        Thread(
            target=copy_context().run, args=work, daemon=True, name=f"crossover-live-{live.name}"
        ).start()
    return asked


@dataclass(frozen=True, eq=False)
class _Begun(Strategy):
    """Says when a strategy begins, and by which meter."""

    strategy: Strategy
    live: Live = field(repr=False)

    def answer(self, question: Question, model: Model) -> Answer:
        self.live.begin()
        return self.strategy.answer(question, model)


class _Heard(Wrapped):
    """Asks the model behind it as long as somebody wants to know, and passes on what it writes."""

    def __init__(self, model: Model, live: Live) -> None:
        super().__init__(model)
        self.live = live
        self._writing = threading.Lock()

    def complete(self, request: Request) -> Completion:
        self.live.check()
        # of calls side by side the first one is shown
        if not _streams(self.model, request) or not self._writing.acquire(blocking=False):
            return self.model.complete(request)
        try:
            return self._streamed(request)
        finally:
            self._writing.release()

    def complete_many(self, requests: Sequence[Request]) -> list[Completion]:
        """Reply to each; what reads in batches goes on doing so."""
        self.live.check()
        return (
            super().complete_many(requests) if self.writes else self.model.complete_many(requests)
        )

    def _streamed(self, request: Request) -> Completion:
        pieces = list[str]()
        self.live.write("")
        with meter.part() as bill, closing(_generated(self.model, request)) as stream:
            for piece in stream:
                pieces.append(piece)
                self.live.write(piece)
                self.live.check()
        usage = bill.usage
        # a stream tells no reason for its end; a reply of all tokens that it may have was cut
        cut = usage.output_tokens is not None and usage.output_tokens >= request.max_tokens
        return Completion("".join(pieces), usage, finish="length" if cut else "stop")


def _alarms(answer: Answer) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The passages that look like an instruction to the model, by their numbers, and why."""
    from crossover.experiments.injection.detector import cues

    for number, passage in enumerate(answer.passages, 1):
        if found := cues(passage.text[:READ]):
            yield number, found


def _generated(model: Model, request: Request) -> Generator[str, None, None]:
    yield from model.stream(request)


def _streams(model: Model, request: Request) -> bool:
    """Whether a reply is nothing but its text, and comes in pieces."""
    plain = request.wants in STREAMED and not request.tools and not request.logprobs
    piecewise = name_of(type(model)) in WRITERS and getattr(model, "streams", True)
    return plain and bool(piecewise)
