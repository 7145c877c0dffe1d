"""Judging a finished run: every stored answer, or every two answers to the same question."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from crossover import catalog
from crossover.errors import ConfigError, DataError
from crossover.experiments.answering import Progress
from crossover.experiments.grid import load_grid
from crossover.experiments.judging.bradley_terry import Comparison
from crossover.experiments.judging.calls import Judgement, Planned, judge_cases, plan_cases, total
from crossover.experiments.questions import sampled
from crossover.experiments.report import load_frame
from crossover.judging.calls import Verdict
from crossover.judging.judge import Case, Judge
from crossover.models._rendering import letters
from crossover.types import Answer, Example

if TYPE_CHECKING:
    from pandas import DataFrame

NOT_ASKED = "not asked: "
# what the judge is shown where a model declined without a word
DECLINED = "(It says that it cannot tell.)"
SCORE = "judge.score"
# what a grid needs to give its questions again: its models and strategies are not asked
QUESTIONS = ("datasets", "limit", "seed")


@dataclass(frozen=True, slots=True)
class Judged:
    """A run with what a judge made of it.

    ``frame`` is the run's frame with the columns ``judge.*``, of the judged questions alone;
    ``comparisons`` is a row per two answers (pairwise), ``bill`` what all calls cost together.
    """

    frame: DataFrame
    bill: Judgement
    comparisons: DataFrame | None = None


@dataclass(frozen=True, slots=True)
class _Item:
    """A case to ask about, or the verdict that needs no judge; its rows in the frame."""

    rows: tuple[int, ...]
    case: Case
    known: Verdict | None


def judge_run(
    folder: str | Path,
    judge: Judge,
    *,
    limit: int | None = None,
    retry_failed: bool = False,
    progress: Progress | None = None,
) -> Judged:
    """Judge a run directory's answers; calls that were made before are not made again.

    An answer that failed or is empty needs no judge: it is wrong, and loses against any other. A
    declined one is wrong, or right where the question has no answer; only against another answer
    it is judged. Two answers with the same words are a tie. A verdict that failed scores 0 and
    stays in the denominator, under its outcome. ``limit`` takes a sample of questions, spread over
    documents. Raises DataError where the run's questions cannot be had again, ConfigError where
    the judge cannot be used.
    """
    frame, items = _items(Path(folder), judge, limit)
    asked = [item.case for item in items if item.known is None]
    said = iter(
        judge_cases(judge, asked, Path(folder), retry_failed=retry_failed, progress=progress)
        if asked
        else []
    )
    found = [next(said) if item.known is None else Judgement((item.known,)) for item in items]
    if judge.pairs:
        return _compared(frame, items, found, judge)
    columns = [_columns(judgement) for judgement in found]
    return Judged(_with(frame, columns, judge), total(found))


def plan_run(folder: str | Path, judge: Judge, limit: int | None = None) -> Planned:
    """Count what judging a run would ask."""
    _, items = _items(Path(folder), judge, limit)
    return plan_cases(judge, [item.case for item in items if item.known is None], Path(folder))


def comparisons_of(table: DataFrame) -> list[Comparison]:
    """The rows of a table of comparisons, as what is ranked."""
    return [
        Comparison(str(row["first"]), str(row["second"]), float(row["result"]), str(row["group"]))
        for row in table.to_dict("records")
    ]


def examples_of(frame: DataFrame) -> Mapping[tuple[str, str], Example]:
    """A run's questions and reference answers, by dataset and id, from the grid it was made with.

    Raises DataError where the frame doesn't say, and whatever reading the datasets raises.
    """
    config = yaml.safe_load(str(frame.attrs.get("config") or "")) or {}
    if "datasets" not in config:
        raise DataError("these results do not say by which grid they were made")
    asked = {key: config[key] for key in QUESTIONS if config.get(key) is not None}
    grid = load_grid({**asked, "strategies": ["closed_book"]}, asks=False)
    return {
        (name, example.question.id): example
        for name, found in grid.examples.items()
        for example in found
    }


def _items(folder: Path, judge: Judge, limit: int | None) -> tuple[DataFrame, list[_Item]]:
    if limit is not None and limit < 1:
        raise ConfigError(f"--limit {limit}: judge at least one question")
    frame = load_frame(folder)
    examples = examples_of(frame)
    frame = _limited(frame, examples, limit, judge.seed)
    rows = [(at, row, _example(examples, row)) for at, row in enumerate(frame.to_dict("records"))]
    if judge.pairs:
        return frame, list(_pairs(rows))
    return frame, [
        _Item((at,), _case(str(row["strategy"]), [row], example), _settled(row, example))
        for at, row, example in rows
    ]


def _limited(
    frame: DataFrame,
    examples: Mapping[tuple[str, str], Example],
    limit: int | None,
    seed: int,
) -> DataFrame:
    """The rows of a sample of each dataset's questions, all strategies of each."""
    if limit is None:
        return frame
    kept = set[tuple[str, str]]()
    for dataset, part in frame.groupby("dataset", sort=False):
        names = dict.fromkeys((str(dataset), str(name)) for name in part["example"])
        known = [examples[name] for name in names if name in examples]
        kept |= {(str(dataset), one.question.id) for one in sampled(known, limit, seed)}
    there = [
        (str(d), str(e)) in kept for d, e in zip(frame["dataset"], frame["example"], strict=True)
    ]
    found = frame[there].reset_index(drop=True)
    found.attrs = frame.attrs
    return found


def _example(examples: Mapping[tuple[str, str], Example], row: Mapping[Any, Any]) -> Example:
    found = examples.get((str(row["dataset"]), str(row["example"])))
    if found is None:
        raise DataError(
            f"the question {row['example']} of {row['dataset']} is no longer there: the dataset "
            "changed since the run"
        )
    return found


def _case(what: str, rows: Sequence[Mapping[Any, Any]], example: Example) -> Case:
    question = example.question
    text = question.text
    if question.choices:
        labels = letters(len(question.choices))
        lines = (f"{a}. {choice}" for a, choice in zip(labels, question.choices, strict=True))
        text = "\n".join((text, "Choices:", *lines))
    answers = tuple(_said(row) for row in rows)
    return Case(f"{question.id} {what}", text, example.answers, answers)


def _said(row: Mapping[Any, Any]) -> str:
    text = str(row["answer"] or "")
    return DECLINED if row["outcome"] == "declined" and not text.strip() else text


def _settled(row: Mapping[Any, Any], example: Example) -> Verdict | None:
    """The verdict on an answer that needs no judge."""
    outcome = str(row["outcome"])
    if outcome == "declined":
        return Verdict(float(not example.answers), f"{NOT_ASKED}declined")
    if _failed(row):
        return Verdict(0.0, f"{NOT_ASKED}{outcome if outcome != 'answered' else 'empty'}")
    return None


def _failed(row: Mapping[Any, Any]) -> bool:
    """Whether there is no answer to judge; to decline is one."""
    outcome, text = str(row["outcome"]), str(row["answer"] or "")
    scorable = Answer(text, outcome=outcome).scorable
    return not scorable or (outcome != "declined" and not text.strip())


def _pairs(rows: Sequence[tuple[int, Mapping[Any, Any], Example]]) -> Iterator[_Item]:
    """Every two answers to the same question by the same model."""
    together: dict[tuple[str, str, str], list[tuple[int, Mapping[Any, Any], Example]]] = {}
    for each in rows:
        key = (str(each[1]["dataset"]), str(each[1]["model"]), str(each[1]["example"]))
        together.setdefault(key, []).append(each)
    for group in together.values():
        for (i, one, example), (j, other, _) in combinations(group, 2):
            what = f"{one['strategy']} or {other['strategy']}"
            case = _case(what, [one, other], example)
            yield _Item((i, j), case, _decided(one, other))


def _decided(one: Mapping[Any, Any], other: Mapping[Any, Any]) -> Verdict | None:
    """The verdict on two answers that are the same, or where one of them is no answer."""
    if str(one["answer"] or "").split() == str(other["answer"] or "").split():
        return Verdict(0.5, f"{NOT_ASKED}same answer")
    lost, won = _failed(one), _failed(other)
    return Verdict(0.5 + (won - lost) / 2, f"{NOT_ASKED}one failed") if lost or won else None


def combined(verdicts: Sequence[Verdict]) -> tuple[float, bool]:
    """One result from verdicts in both orders, set of symbols by set of symbols; and if it is open.

    The orders must agree, else it is a tie; so it is where one of them brought no verdict.
    """
    if len(verdicts) == 1:
        value = verdicts[0].value
        return (0.5 if value is None else value), value is None
    sets = [verdicts[at : at + 2] for at in range(0, len(verdicts), 2)]
    results = [a.value if a.value is not None and a.value == b.value else 0.5 for a, b in sets]
    return sum(results) / len(results), any(each.value is None for each in verdicts)


def _compared(
    frame: DataFrame, items: Sequence[_Item], found: Sequence[Judgement], judge: Judge
) -> Judged:
    import pandas as pd

    rows, scores = [], dict[int, list[float]]()
    for item, judgement in zip(items, found, strict=True):
        first, second = (frame.iloc[at] for at in item.rows)
        result, undecided = combined(judgement.verdicts)
        shared = {name: first[name] for name in ("dataset", "model", "example", "group")}
        outcomes = ", ".join(dict.fromkeys(each.outcome for each in judgement.verdicts))
        rows.append(
            shared
            | {"first": first["strategy"], "second": second["strategy"], "result": result}
            | {"undecided": undecided, "outcome": outcomes, **_cost(judgement)}
        )
        for at, score in zip(item.rows, (result, 1 - result), strict=True):
            scores.setdefault(at, []).append(score)
    if not rows:
        raise DataError("this run has no two answers to the same question to compare")
    columns = [
        {SCORE: sum(own) / len(own), "judge.outcome": "compared"}
        if (own := scores.get(at))
        else {SCORE: None, "judge.outcome": f"{NOT_ASKED}alone"}
        for at in range(len(frame))
    ]
    table = pd.DataFrame(rows)
    return Judged(_with(frame, columns, judge), total(found), table)


def _columns(judgement: Judgement) -> dict[str, Any]:
    verdict = judgement.verdicts[0]
    return {
        SCORE: 0.0 if verdict.value is None else verdict.value,
        "judge.outcome": verdict.outcome,
        "judge.message": verdict.message,
        **_cost(judgement),
    }


def _cost(judgement: Judgement) -> dict[str, Any]:
    usage = judgement.usage
    return {
        "judge.calls": usage.calls,
        "judge.failed_calls": judgement.failed,
        "judge.retried_calls": judgement.retried,
        "judge.input_tokens": usage.input_tokens,
        "judge.output_tokens": usage.output_tokens,
        "judge.dollars": usage.dollars,
        "judge.seconds": judgement.seconds,
    }


def _with(frame: DataFrame, columns: Sequence[Mapping[str, Any]], judge: Judge) -> DataFrame:
    import pandas as pd

    added = pd.DataFrame(list(columns), index=frame.index)
    found = pd.concat([frame, added], axis=1)
    found.attrs = frame.attrs | {"judge": catalog.spec(judge.model), "judge_mode": judge.mode}
    return found
