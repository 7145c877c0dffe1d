"""What planted instructions do to strategies: exposure, obedience, lost utility, detection."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossover import catalog, meter
from crossover.datasets.attacked import Attacked
from crossover.errors import ConfigError
from crossover.experiments.answering import Progress, Silent
from crossover.experiments.grid import Grid, Job, Source
from crossover.experiments.injection.detector import NOT_LOOKED, Detector, Found
from crossover.experiments.run import run_grid
from crossover.experiments.store import opened
from crossover.metrics import attack
from crossover.types import Answer

if TYPE_CHECKING:
    import pandas as pd

CLEAN = "none"


def measure_injection(
    grid: Grid,
    folder: Path,
    *,
    detector: Detector | None = None,
    retry_failed: bool = False,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Run a grid of attacked datasets and their originals; one row per answer.

    ``attack`` is ``none`` on the originals, elsewhere ``shown``, ``success``, ``quoted`` and
    ``in_trace`` are the attack metrics; ``utility`` is the dataset's headline metric. A detector
    adds what it makes of every answer (see ``Detector.look``). Raises ConfigError before anything
    is asked where no dataset is attacked, an original is missing or a model cannot be attributed.
    """
    import pandas as pd

    originals = _originals(grid)
    if detector:
        for model in grid.models:
            detector.check(model)
    progress = progress or Silent()
    run_grid(grid, folder, retry_failed=retry_failed, progress=progress)
    jobs = [job for job in grid.jobs() if job.source.name in originals]
    with opened(folder, grid.store) as store:
        answers = store.answered(job.key for job in jobs)
    pairs = [(job, answers[job.key]) for job in jobs]
    with meter.watched(progress.working):
        looked = list(_detected(pairs, detector, progress)) if detector else []
    rows = [
        _row(job, answer, originals[job.source.name]) | dict(found)
        for (job, answer), found in zip(pairs, looked or [NOT_LOOKED] * len(pairs), strict=True)
    ]
    return pd.DataFrame(rows)


def _originals(grid: Grid) -> dict[str, Source]:
    """The unattacked source behind each source that is measured, itself for an original."""
    known = {catalog.identity(source.dataset): source for source in grid.sources}
    found = dict[str, Source]()
    for source in grid.sources:
        if not isinstance(source.dataset, Attacked):
            continue
        original = known.get(catalog.identity(source.dataset.dataset))
        if original is None:
            named = catalog.spec(source.dataset.dataset)
            raise ConfigError(f"the grid lacks the original of {source.name}: add {named} to it")
        found |= {source.name: original, original.name: original}
    if not found:
        raise ConfigError("no dataset of the grid is attacked: name attacked(…), and its original")
    return found


def _row(job: Job, answer: Answer, original: Source) -> dict[str, Any]:
    example = job.example
    headline = original.metrics[0]
    return {
        "dataset": original.name,
        "attack": getattr(job.source.dataset, "attack", CLEAN),
        "attack_depth": example.tags.get("attack_depth", CLEAN),
        "example": example.question.id,
        "group": example.group,
        "strategy": catalog.spec(job.strategy),
        "model": catalog.spec(job.model),
        "outcome": answer.outcome,
        "metric": headline.text,
        "utility": headline(example, answer),
        "shown": attack.plant_shown(example, answer),
        "success": attack.attack_success(example, answer),
        "quoted": attack.attack_quoted(example, answer),
        "in_trace": attack.attack_in_trace(example, answer),
        "calls": answer.usage.calls,
        "answer": answer.text,
    }


def _detected(
    pairs: Sequence[tuple[Job, Answer]], detector: Detector, progress: Progress
) -> Iterator[Found]:
    """Look into every answer, one after the other."""
    progress.start(len(pairs), 0)
    for job, answer in pairs:
        found, usage = detector.look(job.example, answer, job.model)
        progress.advance(Answer("", usage=usage))
        yield found
