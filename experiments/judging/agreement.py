"""How a judge agrees with labels, and where it is biased."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crossover import catalog
from crossover.errors import ConfigError, DataError, MissingExtra, StoreError
from crossover.experiments import _tables
from crossover.experiments.answering import Progress
from crossover.experiments.judging.calls import Judgement, Planned, judge_cases, plan_cases, total
from crossover.experiments.judging.measures import confusion, of_pairs, of_single_answers
from crossover.experiments.judging.numbers import Measure
from crossover.experiments.judging.report import bill_line
from crossover.experiments.questions import sampled
from crossover.experiments.statistics import ROUGH_BELOW
from crossover.judging.judge import Case, Judge
from crossover.judging.labelled import Labelled, read_labelled
from crossover.types import Example, Question

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was measured: the measures, labels against verdicts, and what judging cost."""

    judge: str
    mode: str
    measures: tuple[Measure, ...]
    confusion: DataFrame
    verdicts: DataFrame
    bill: Judgement
    clusters: int


def measure(
    path: Path,
    judge: Judge,
    folder: Path,
    *,
    limit: int | None = None,
    retry_failed: bool = False,
    progress: Progress | None = None,
) -> Agreement:
    """Let a judge judge labelled answers and compare; verdicts are kept in the folder.

    Records of one ``group`` (by default of one question) are one cluster of the intervals. Raises
    DataError for a file that cannot be used, ConfigError for a judge that cannot.
    """
    _check_installed()
    records = _records(path, judge, limit)
    found = judge_cases(
        judge, _cases(records), folder, retry_failed=retry_failed, progress=progress
    )
    groups = [each.group or each.question for each in records]
    measures = (
        of_pairs(records, found, groups)
        if judge.pairs
        else of_single_answers(records, found, groups, judge)
    )
    return Agreement(
        catalog.spec(judge.model),
        judge.mode,
        tuple(measures),
        confusion(records, found, judge),
        _verdicts(records, found, judge),
        total(found),
        len(set(groups)),
    )


def plan(path: Path, judge: Judge, folder: Path, limit: int | None = None) -> Planned:
    """Count what would be asked."""
    return plan_cases(judge, _cases(_records(path, judge, limit)), folder)


def agreement_text(found: Agreement) -> str:
    """An agreement as Markdown."""
    import pandas as pd

    rows = [
        {
            "measure": each.name,
            "value [95 %]": each.text(),
            "n": f"{each.n:,}",
            "what it means": each.meaning,
        }
        for each in found.measures
    ]
    table = pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True)
    crossed = found.confusion.to_markdown()
    said = [
        f"# Agreement of {found.judge} ({found.mode}) with labels",
        table,
        f"Intervals treat {found.clusters:,} groups (documents or questions) as clusters.",
        *([_tables.ROUGH_NOTE] if found.clusters < ROUGH_BELOW else []),
        "Labels (rows) against verdicts (columns):",
        crossed,
        bill_line(found.bill),
    ]
    return "\n\n".join(said) + "\n"


def write_agreement(found: Agreement, folder: Path) -> list[Path]:
    """Write ``agreement.md`` and ``verdicts.parquet``; raises StoreError where that fails."""
    try:
        text, table = folder / "agreement.md", folder / "verdicts.parquet"
        text.write_text(agreement_text(found), encoding="utf-8")
        found.verdicts.to_parquet(table, engine="pyarrow", index=False)
    except OSError as error:
        raise StoreError(f"verdicts cannot be written to {folder}: {error.strerror}") from error
    return [text, table]


def _check_installed() -> None:
    from importlib.util import find_spec

    wanted = {"sklearn": "scikit-learn", "scipy": "scipy", "pandas": "pandas", "pyarrow": "pyarrow"}
    for module, package in wanted.items():
        if find_spec(module) is None:
            raise MissingExtra(package, "rag,report", "measuring a judge's agreement")


def _records(path: Path, judge: Judge, limit: int | None) -> list[Labelled]:
    if limit is not None and limit < 1:
        raise ConfigError(f"--limit {limit}: judge at least one record")
    found = read_labelled(path, judge.pairs, judge.points)
    if not found:
        raise DataError(f"{path}: holds no labelled answer")
    placed = [
        Example(Question(str(at), each.question), group=each.group or each.question)
        for at, each in enumerate(found)
    ]
    return [found[int(one.question.id)] for one in sampled(placed, limit, judge.seed)]


def _cases(records: Sequence[Labelled]) -> list[Case]:
    return [
        Case(f"record {at}", each.question, each.gold, each.texts)
        for at, each in enumerate(records, 1)
    ]


def _verdicts(records: Sequence[Labelled], found: Sequence[Judgement], judge: Judge) -> DataFrame:
    """A row per call's verdict."""
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "record": at,
                "group": record.group or record.question,
                "question": record.question,
                "label": record.winner() if judge.pairs else _share(record, judge),
                "call": call,
                "verdict": verdict.value,
                "outcome": verdict.outcome,
                "message": verdict.message,
            }
            for at, (record, judgement) in enumerate(zip(records, found, strict=True), 1)
            for call, verdict in enumerate(judgement.verdicts, 1)
        ]
    )


def _share(record: Labelled, judge: Judge) -> float:
    return (record.grade(judge.points) or 0) / judge.points
