"""Every question × strategy as a table in pages: filtered, sorted and read by DuckDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crossover.errors import DataError
from crossover.experiments._summary import TAG
from crossover.experiments.report import RESULTS
from crossover.experiments.reporting.details import DETAILS
from crossover.experiments.viewing import sql
from crossover.experiments.viewing.opened import Filter, Opened, column_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from pandas import DataFrame

SIZE = 100
# how much of an answer and of a question a row of the table holds
SHORT = 200
NUMBERS = ("input_tokens", "output_tokens", "calls", "dollars", "seconds", "evidence_recall")
# two scores that are this close are the same
CLOSE = 1e-9


@dataclass(frozen=True)
class Wanted:
    """Which rows, and in which order.

    ``text`` stands in the question or the answer, letter for letter but for upper and lower case.
    Rows without a score fit while ``low`` and ``high`` leave out no score. ``order`` is a column
    of the table; without one the rows come as in the run.
    """

    rows: Filter = field(default_factory=Filter)
    text: str = ""
    low: float = 0.0
    high: float = 1.0
    order: str = ""
    descending: bool = False


@dataclass(frozen=True)
class Page:
    """Some rows of a longer table."""

    table: DataFrame
    total: int

    @property
    def pages(self) -> int:
        """How many pages the table has, at least one."""
        return max(1, -(-self.total // SIZE))


def page(run: Opened, wanted: Wanted, number: int = 1, size: int = SIZE) -> Page:
    """The rows of one page, answers and questions cut short, and how many rows there are.

    Raises DataError for files that cannot be read and for an order that is no column.
    """
    where, given = _where(run, wanted)
    source = _source(run, joined=wanted.order == "question")
    given |= source.given
    shown = {n: e for n, e in _shown(run).items() if n != "question"}
    chosen = ", ".join(f"{expression} AS {sql.quoted(name)}" for name, expression in shown.items())
    with sql.connected() as connection:
        rows = sql.read(
            connection,
            f"SELECT {chosen} FROM {source.sql} WHERE {where} ORDER BY {_order(run, wanted)} "  # noqa: S608
            "LIMIT $size OFFSET $offset",
            given | {"size": size, "offset": (number - 1) * size},
        )
        total = sql.read(
            connection,
            f"SELECT count(*) AS n FROM {source.sql} WHERE {where}",  # noqa: S608
            given,
        )
        return Page(_with_questions(run, connection, rows), int(total["n"].iloc[0]))


def columns(run: Opened) -> list[str]:
    """The columns of the table, in order; any of them can sort it."""
    return list(_shown(run))


def wins(
    run: Opened, rows: Filter, one: str, other: str, least: float, number: int = 1, size: int = SIZE
) -> Page:
    """The questions on which ``one`` scores at least ``least`` more than ``other``, widest first.

    Of the same model; the strategies and outcomes of ``rows`` are not heeded.
    """
    where, given = _where(run, Wanted(_without(rows, ("strategy", "outcome"))))
    source = _source(run)
    given |= {**source.given, "one": one, "other": other, "least": least - CLOSE}
    scored = (
        "WITH scored AS (SELECT r.dataset, r.example, r.model, r.strategy, "  # noqa: S608
        f"{_score(run)} AS score, r.file_row_number AS place FROM {source.sql} WHERE {where}), "
        "apart AS (SELECT a.dataset, a.example, a.model, a.score AS higher, b.score AS lower, "
        "a.score - b.score AS difference, a.place FROM scored a JOIN scored b "
        "ON a.dataset = b.dataset AND a.example = b.example AND a.model = b.model "
        "WHERE a.strategy = $one AND b.strategy = $other AND a.score - b.score >= $least) "
    )
    with sql.connected() as connection:
        table = sql.read(
            connection,
            f"{scored} SELECT * EXCLUDE (place) FROM apart ORDER BY difference DESC, place "  # noqa: S608
            "LIMIT $size OFFSET $offset",
            given | {"size": size, "offset": (number - 1) * size},
        )
        total = sql.read(connection, f"{scored} SELECT count(*) AS n FROM apart", given)  # noqa: S608
        return Page(_with_questions(run, connection, table), int(total["n"].iloc[0]))


def between(run: Opened, rows: Filter, one: str, other: str) -> DataFrame:
    """How the two compare on all questions, by the report's own comparison.

    Raises DataError where not both were asked.
    """
    import pandas as pd

    from crossover.experiments.inference.compared import compared

    found = _without(rows, ("strategy", "outcome")).rows(run.frame)
    asked = {name: found[found["strategy"] == name] for name in (one, other)}
    if any(part.empty for part in asked.values()):
        raise DataError("not both of the strategies were asked these questions")
    keys = ["dataset", "model"]
    bases = dict(iter(_bare(asked[other]).groupby(keys, sort=False)))
    rows_of = [
        dict(zip(keys, key, strict=True))
        | {"questions": len(cell)}
        | compared(cell, bases[key], metric_of(run, str(key[0])))
        for key, cell in _bare(asked[one]).groupby(keys, sort=False)
        if key in bases
    ]
    return pd.DataFrame(rows_of)


def _bare(frame: DataFrame) -> DataFrame:
    """The frame without its attributes, which are copied with every cut."""
    found = frame.copy(deep=False)
    found.attrs = {}
    return found


def answers(run: Opened, dataset: str, example: str) -> list[dict[str, Any]]:
    """Every answer to a question with all that the result frame holds of it, and its ``score``."""
    with sql.connected() as connection:
        found = sql.read(
            connection,
            f"SELECT r.*, {_score(run)} AS score FROM {_table('results')} r "  # noqa: S608
            "WHERE r.dataset = $dataset AND r.example = $example ORDER BY r.file_row_number",
            {"results": sql.path(run.folder / RESULTS), "dataset": dataset, "example": example},
        )
    return [{str(k): v for k, v in row.items()} for row in found.to_dict("records")]


def metric_of(run: Opened, dataset: str) -> str:
    """The metric that a dataset is scored by."""
    return str(run.frame.attrs["metrics"][dataset][0])


@dataclass(frozen=True)
class _Source:
    sql: str
    given: Mapping[str, Any]


def _source(run: Opened, *, joined: bool = False) -> _Source:
    """The results; ``joined`` with each row's question, where the run keeps them."""
    given = {"results": sql.path(run.folder / RESULTS)}
    if not (joined and _keeps_questions(run)):
        return _Source(f"{_table('results')} r", given)
    joining = (
        f"{_table('results')} r LEFT JOIN (SELECT dataset, example, first(question) AS question "  # noqa: S608
        "FROM read_parquet($details) GROUP BY dataset, example) d "
        "ON r.dataset = d.dataset AND r.example = d.example"
    )
    return _Source(joining, given | {"details": sql.path(run.folder / DETAILS)})


def _with_questions(run: Opened, connection: DuckDBPyConnection, rows: DataFrame) -> DataFrame:
    """Put the questions of a few rows before them, where the run keeps them."""
    if not _keeps_questions(run):
        return rows
    found = sql.read(
        connection,
        f"SELECT dataset, example, left(first(question), {SHORT}) AS question "  # noqa: S608
        "FROM read_parquet($details) WHERE example IN (SELECT unnest($examples)) "
        "GROUP BY dataset, example",
        {
            "details": sql.path(run.folder / DETAILS),
            "examples": [str(one) for one in rows["example"].unique()],
        },
    )
    joined = rows[["dataset", "example"]].merge(found, on=["dataset", "example"], how="left")
    rows.insert(0, "question", joined["question"].fillna("").to_numpy())
    return rows


def _table(name: str) -> str:
    return f"read_parquet(${name}, file_row_number = true)"


def _keeps_questions(run: Opened) -> bool:
    return (run.folder / DETAILS).is_file()


def _where(run: Opened, wanted: Wanted) -> tuple[str, dict[str, Any]]:
    parts, given = ["true"], dict[str, Any]()
    for at, (name, values) in enumerate(wanted.rows.wanted.items()):
        if values:
            column = column_of(name)
            _check(run, column)
            parts.append(f"list_contains($only{at}, CAST(r.{sql.quoted(column)} AS VARCHAR))")
            given[f"only{at}"] = list(values)
    if wanted.text:
        found = "contains(lower(coalesce(r.answer, '')), lower($text))"
        given["text"] = wanted.text
        if _keeps_questions(run):
            found += (
                " OR (r.dataset, r.example) IN (SELECT (dataset, example) FROM "
                "read_parquet($details) WHERE contains(lower(question), lower($text)))"
            )
            given["details"] = sql.path(run.folder / DETAILS)
        parts.append(f"({found})")
    if wanted.low > 0 or wanted.high < 1:
        parts.append(f"{_score(run)} BETWEEN $low AND $high")
        given |= {"low": wanted.low - CLOSE, "high": wanted.high + CLOSE}
    return " AND ".join(parts), given


def _order(run: Opened, wanted: Wanted) -> str:
    place = "r.file_row_number"
    if not wanted.order:
        return place
    shown = _shown(run)
    if wanted.order not in shown:
        raise DataError(f"the table cannot be sorted by {wanted.order!r}; it has no such column")
    down = "DESC" if wanted.descending else "ASC"
    return f"{shown[wanted.order]} {down} NULLS LAST, {place}"


def _shown(run: Opened) -> dict[str, str]:
    """The table's columns with what each one is in SQL."""
    there = [str(name) for name in run.frame.columns]
    numbers = [name for name in NUMBERS if name in there]
    tags = [name for name in there if name.startswith(TAG)]
    return {
        **({"question": "d.question"} if _keeps_questions(run) else {}),
        "strategy": "r.strategy",
        "score": _score(run),
        "outcome": "r.outcome",
        "answer": f"left(coalesce(r.answer, ''), {SHORT})",
        "model": "r.model",
        **{name: f"CAST(r.{sql.quoted(name)} AS DOUBLE)" for name in numbers},
        **{name.removeprefix(TAG): f"r.{sql.quoted(name)}" for name in tags},
        "dataset": "r.dataset",
        "example": "r.example",
    }


def _score(run: Opened) -> str:
    """The headline score of a row, whichever metric its dataset leads with."""
    metrics: Mapping[str, Sequence[str]] = run.frame.attrs["metrics"]
    names = dict.fromkeys(named[0] for named in metrics.values())
    if len(names) == 1:
        return f"CAST(r.{sql.quoted(next(iter(names)))} AS DOUBLE)"
    cases = (
        f"WHEN {sql.text(dataset)} THEN CAST(r.{sql.quoted(named[0])} AS DOUBLE)"
        for dataset, named in metrics.items()
    )
    return f"(CASE r.dataset {' '.join(cases)} END)"


def _check(run: Opened, column: str) -> None:
    if column not in run.frame.columns:
        raise DataError(f"these results have no column {column!r}")


def _without(rows: Filter, names: Sequence[str]) -> Filter:
    return Filter({name: v for name, v in rows.wanted.items() if name not in names})
