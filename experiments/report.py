"""The comparison of a run, computed once: for the terminal, as files and for the dashboard."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from crossover.blobs import Place, place
from crossover.errors import DataError, MissingExtra, StoreError
from crossover.experiments import _tables
from crossover.experiments._markdown import markdown
from crossover.experiments._summary import (
    check,
    cost_axis,
    failures,
    summarise,
    tag_columns,
    tags_of,
)
from crossover.experiments._terminal import render_terminal
from crossover.experiments.reporting.facts import Facts
from crossover.experiments.reporting.findings import Verdict, overall, verdicts
from crossover.experiments.reporting.page import page

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = [
    "RESULTS",
    "answer_first",
    "cost_axis",
    "failures",
    "html_report",
    "left_out",
    "load_frame",
    "render_terminal",
    "summarise",
    "tags_of",
    "write_report",
]

RESULTS = "results.parquet"
TEXTS = ("answer", "message")
NO_PARQUET = "No Parquet files were written: {reason}."


def load_frame(folder: str | Place, *, texts: bool = True) -> DataFrame:
    """Read a run directory's result frame, its attributes included; without ``texts`` no answers.

    The directory may be a copy in a bucket. Raises DataError where there is none or it is not one,
    MissingExtra without pandas or pyarrow.
    """
    path = place(folder) / RESULTS
    _need_parquet("reading results")
    import pandas as pd

    try:
        if not path.is_file():
            raise DataError(f"no {RESULTS} in {folder}; name the directory of a finished run")
        stored = path if isinstance(path, Path) else BytesIO(path.read_bytes())
        columns = None if texts else _numbers(stored)
        frame = pd.read_parquet(stored, engine="pyarrow", columns=columns)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise DataError(f"{path} cannot be read as results: {reason}") from error
    try:
        check(frame)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    return frame


def write_report(frame: DataFrame, folder: str | Path, by: Sequence[str] = ()) -> list[Path]:
    """Write the report files of a result frame and return their paths.

    ``results.parquet`` (the frame), ``report.csv`` and ``.parquet`` (the summary), ``report.md``
    and ``report.html`` (to read); with ``by`` also ``slices.csv`` and ``.parquet``. Without
    pyarrow the report says that there are no Parquet files. Raises ConfigError for an unknown
    tag and StoreError where the folder cannot be written.
    """
    folder = Path(folder)
    tag_columns(frame, by)
    tables = {"report": summarise(frame)} | ({"slices": summarise(frame, by)} if by else {})
    facts = Facts(frame, tables["report"], folder)
    found = verdicts(facts)
    without_parquet = _without_parquet()
    remarks = [*without_parquet, *left_out(frame)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = [] if without_parquet else [_parquet(frame, folder / RESULTS)]
        for name, table in tables.items():
            written.append(_csv(table, folder / f"{name}.csv"))
            if not without_parquet:
                written.append(_parquet(table, folder / f"{name}.parquet"))
        said = markdown(frame, tables, remarks, answer(found))
        written.append(_text(folder / "report.md", said))
        shown = page(facts, found, tables.get("slices"), remarks)
        written.append(_text(folder / "report.html", shown))
    except OSError as error:
        raise StoreError(f"the report cannot be written to {folder}: {error.strerror}") from error
    return written


def html_report(facts: Facts) -> str:
    """The report as ``write_report`` writes it into ``report.html``."""
    return page(facts, verdicts(facts), None, left_out(facts.frame))


def answer_first(frame: DataFrame, summary: DataFrame) -> list[str]:
    """What the run shows, in sentences that their intervals support."""
    return answer(verdicts(Facts(frame, summary)))


def answer(found: Sequence[Verdict]) -> list[str]:
    """The sentences that every report begins with, one per dataset and model at least."""
    several = len(found) > 1
    lines = overall(found)
    for one in found:
        about = f"{_tables.name(one.dataset)}, {_tables.name(one.model)}: " * several
        lines += [about + one.answer, *(f"  {line}" for line in one.more * (not several))]
    return lines


def left_out(frame: DataFrame) -> list[str]:
    """Say what the figures leave out: bad records, what a budget ended, calls paid for twice."""
    counts = dict(frame.attrs.get("skipped") or {})
    skipped = [f"{name}: {count:,} bad records were skipped" for name, count in counts.items()]
    twice = int(frame.attrs.get("repeated") or 0)
    repeated = f"{twice:,} calls were under way when a process died, and were made again"
    told = [line for name in ("unasked", "troubles") for line in frame.attrs.get(name) or ()]
    return [*skipped, *told, *([repeated] if twice else [])]


def _numbers(stored: Path | BytesIO) -> list[str]:
    from pyarrow.parquet import read_schema

    return [name for name in read_schema(stored).names if name not in TEXTS]


def _csv(table: DataFrame, path: Path) -> Path:
    table.to_csv(path, index=False)
    return path


def _parquet(table: DataFrame, path: Path) -> Path:
    table.to_parquet(path, engine="pyarrow", index=False)
    return path


def _text(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def _without_parquet() -> list[str]:
    try:
        _need_parquet("writing Parquet files")
    except MissingExtra as missing:
        return [NO_PARQUET.format(reason=missing)]
    return []


def _need_parquet(purpose: str) -> None:
    from importlib.util import find_spec

    for package in ("pandas", "pyarrow"):
        if find_spec(package) is None:
            raise MissingExtra(package, "report", purpose)
