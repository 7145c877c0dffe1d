"""A run's report files, with details and traces, in another folder or in a bucket."""

from __future__ import annotations

from pathlib import Path

from crossover.blobs import Place, place, written
from crossover.errors import DataError, StoreError
from crossover.experiments.exporting.tracking import REPORT
from crossover.experiments.report import RESULTS
from crossover.experiments.reporting.details import DETAILS

# the results last: where they are, the others are too
FILES = (*REPORT, "slices.parquet", DETAILS, RESULTS)


def copy_report(run: str | Path, to: str | Place) -> list[Place]:
    """Copy the report, results and details of a finished run, each file whole or not at all.

    Returns what was written. Raises DataError where there is no finished run, StoreError where
    nothing can be written.
    """
    folder, target = Path(run), place(to)
    if not (folder / RESULTS).is_file():
        raise DataError(f"no {RESULTS} in {folder}; name the directory of a finished run")
    try:
        if isinstance(target, Path):
            target.mkdir(parents=True, exist_ok=True)
        there = [name for name in FILES if (folder / name).is_file()]
        return [_copied(folder / name, target / name) for name in there]
    except OSError as error:
        reason = error.strerror or error
        raise StoreError(f"the report cannot be copied to {target}: {reason}") from None


def _copied(file: Path, target: Place) -> Place:
    if isinstance(target, Path) and target.resolve() == file.resolve():
        return target
    with written(target) as path:
        path.write_bytes(file.read_bytes())
    return target
