"""The live display of a run: done of total, cost so far, failures by name, time left."""

from __future__ import annotations

import time
from collections import Counter
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from crossover.experiments.answering import Progress
from crossover.types import Answer, Usage

# between two lines where there is no terminal to draw on, in seconds
PAUSE = 15.0


class LiveProgress(Progress):
    """A bar on a terminal, a line now and then elsewhere; a context manager."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.usage = Usage()
        self.failures: Counter[str] = Counter()
        self.done = self.total = 0
        self.asked = False
        self._said = time.monotonic()
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[cost]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("answers", total=None, cost="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()
        if not self.console.is_terminal and self.asked:
            self.console.print(self.line(), highlight=False)

    def start(self, total: int, stored: int) -> None:
        """Begin; answers that were stored before count as done and cost nothing."""
        self.total, self.done = total, stored
        if stored:
            self.console.print(f"{stored:,} of {total:,} answers are stored already")
        self._bar.update(self._task, total=total, completed=stored, cost=self.cost())

    def advance(self, answer: Answer) -> None:
        """Count an answer, its cost and how it failed, if it did."""
        self.done += 1
        self.asked = True
        self.usage += answer.usage
        if answer.outcome not in ("answered", "declined"):
            self.failures[answer.outcome] += 1
        self._bar.update(self._task, completed=self.done, cost=self.cost(), description="answers")
        self._say(self.line())

    def working(self, what: str, done: int, total: int) -> None:
        """Say how far a long answer has come."""
        doing = f"{what}: {done / max(total, 1):.0%}"
        self._bar.update(self._task, description=f"answers ({doing})")
        self._say(f"{self.line()}; {doing}")

    def _say(self, line: str) -> None:
        if not self.console.is_terminal and time.monotonic() - self._said > PAUSE:
            self._said = time.monotonic()
            self.console.print(line, highlight=False)

    def cost(self) -> str:
        """Dollars so far and failures by name."""
        dollars = self.usage.dollars
        spent = "cost unknown" if dollars is None else f"${dollars:,.4f}"
        named = ", ".join(f"{count} {name}" for name, count in sorted(self.failures.items()))
        return f"{spent}{'; ' + named if named else ''}"

    def line(self) -> str:
        """The state in one line, for logs."""
        return f"{self.done:,}/{self.total:,} answers; {self.cost()}"
