"""What a grid would cost, worked out in a process of its own: a large one must not hold the page.

``python -m crossover.experiments.viewing.planning GRID`` prints it as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from crossover.errors import ConfigError, CrossoverError
from crossover.experiments.grid import Grid, load_grid

# the longest that a plan may take
SECONDS = 180.0
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Cost:
    """A plan's rows and totals; ``jobs`` are the answers that it comes to.

    ``local`` says that a model works in the run's own process, as long as it takes.
    """

    rows: Sequence[Row]
    totals: Row
    jobs: int
    local: bool
    price_as: str = ""

    def sentences(self) -> list[str]:
        """The cost in words."""
        total = self.totals
        asked = f"{self.jobs:,} answers take {total['calls']:,.0f} calls"
        read, wrote = total["input_tokens"], total["output_tokens_at_most"]
        said = [f"{asked}: {_tokens(read)} to read and at most {_tokens(wrote)} to write."]
        said += [_dollars(total["dollars"]), *_unknown(self.rows)]
        if self.price_as:
            said.append(_as(self.price_as, total["price_as_dollars"]))
        if total["would_fail"]:
            said.append(f"{total['would_fail']:,.0f} answers would fail, too long for their model.")
        return said


def cost(text: str, seconds: float = SECONDS) -> Cost:
    """Plan a grid's YAML; raises ConfigError with what is wrong with it."""
    with TemporaryDirectory(prefix="crossover-plan-") as folder:
        grid = Path(folder, "grid.yaml")
        grid.write_text(text, encoding="utf-8")
        command = [sys.executable, "-P", "-m", __name__, str(grid)]
        try:
            done = subprocess.run(  # noqa: S603
                command, capture_output=True, stdin=subprocess.DEVNULL, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            raise ConfigError(
                f"planning took longer than {seconds:g} seconds; set a limit of questions"
            ) from None
    said = done.stdout.decode(errors="replace")
    try:
        found = json.loads(said.strip().rpartition("\n")[2])
        return Cost(**found)
    except (ValueError, TypeError):
        reason = (done.stderr.decode(errors="replace").strip() or said.strip()).rpartition("\n")[2]
        raise ConfigError(reason.replace(str(grid), "the grid") or "planning failed") from None


def planned(grid: Grid) -> Cost:
    """Plan a built grid, by the function of ``crossover run --dry-run``."""
    from crossover.experiments.plan import plan, totals

    frame = plan(grid)
    rows = json.loads(frame.to_json(orient="records"))
    whole = {name: _number(total) for name, total in totals(frame).items()}
    jobs = len({job.key for job in grid.jobs()})
    local = any(_works_here(model) for model in grid.models)
    return Cost(rows, whole, jobs, local, grid.price_as)


def _number(total: Any) -> float | None:
    return None if total is None or total != total else float(total)


def _works_here(model: Any) -> bool:
    """Whether a model takes this machine's time: one whose calls at once are not an option."""
    choice = any(option.name == "concurrency" for option in fields(model))
    return not choice and not hasattr(model, "prediction")


def _tokens(count: int | None) -> str:
    return "an unknown number of tokens" if count is None else f"{count:,.0f} tokens"


def _dollars(dollars: float | None) -> str:
    if dollars is None:
        return "What providers would bill for all of it is unknown."
    return f"Providers would bill ${dollars:,.4f} at most." if dollars else "Nobody bills for it."


def _unknown(rows: Sequence[Row]) -> list[str]:
    named = dict.fromkeys(str(row["model"]) for row in rows if row["dollars"] is None)
    return [
        f"The price of what {name} or its strategies ask is not known: give a model input_price "
        "and output_price."
        for name in named
    ]


def _as(name: str, dollars: float | None) -> str:
    known = "an unknown sum" if dollars is None else f"${dollars:,.4f}"
    return f"The same tokens would cost {known} with {name}."


def main(words: Sequence[str]) -> int:
    """Print the plan of the grid that the first word names."""
    try:
        found = asdict(planned(load_grid(words[0])))
    except CrossoverError as error:
        sys.stderr.write(" ".join(str(error).split()) + "\n")
        return 2
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
