"""The answers that stand behind a run's results, with their passages and traces."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sql
from pydantic import TypeAdapter

from crossover.errors import StoreError
from crossover.experiments.database import Database, known
from crossover.experiments.store import ADDRESS, ANSWERS, FILE
from crossover.types import Answer

if TYPE_CHECKING:
    from pandas import DataFrame

NAMES = ("example", "strategy", "model")
Names = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Stored:
    """An answer under the key of its job; ``finished`` is when, in seconds since 1970."""

    key: str
    names: Names
    answer: Answer
    finished: float


def job_keys(folder: str | Path) -> Mapping[Names, set[str]]:
    """The keys under which each example, strategy and model was asked; none without a store."""
    found: dict[Names, set[str]] = defaultdict(set)
    for row in _rows(Path(folder), ANSWERS.c.job, *(ANSWERS.c[name] for name in NAMES)):
        found[row.example, row.strategy, row.model].add(row.job)
    return found


def stored_answers(frame: DataFrame, folder: str | Path) -> Iterator[Stored | None]:
    """The stored answer behind each row of a run's frame; None where the store lacks it.

    A row is known by its question, strategy and model, and where a store holds several answers to
    these (another seed, another state of the documents) by what it says of its answer.
    """
    known: dict[Names, list[Stored]] = defaultdict(list)
    wanted = set(frame[list(NAMES)].itertuples(index=False, name=None))
    for row in _rows(Path(folder), *ANSWERS.c):
        names = (row.example, row.strategy, row.model)
        if names in wanted:
            answer = _adapter.validate_json(row.answer)
            known[names].append(Stored(row.job, names, answer, row.finished))
    for row in frame.to_dict("records"):
        fitting = known[row["example"], row["strategy"], row["model"]]
        yield max(
            (one for one in fitting if _is_of(one.answer, row)),
            key=lambda one: one.finished,
            default=None,
        )


_adapter = TypeAdapter(Answer)


def _is_of(answer: Answer, row: Mapping[Any, Any]) -> bool:
    said = (row["outcome"], row.get("answer", answer.text), row["calls"])
    times = (answer.seconds, row["seconds"])
    same_time = times[0] == times[1] or (times[0] is None and times[1] != times[1])
    return said == (answer.outcome, answer.text, answer.usage.calls) and same_time


def _rows(folder: Path, *columns: sql.ColumnElement[Any]) -> Sequence[Any]:
    """Read without writing: another process may be at work in the folder."""
    path, elsewhere = folder / FILE, folder / ADDRESS
    if elsewhere.is_file():
        database = Database(known(elsewhere.read_text(encoding="utf-8")))
        try:
            return database.read(lambda connection: connection.execute(sql.select(*columns)).all())
        finally:
            database.close()
    if not path.is_file():
        return []
    engine = sql.create_engine(f"sqlite:///file:{path.resolve()}?mode=ro&uri=true")
    try:
        with engine.connect() as connection:
            return connection.execute(sql.select(*columns)).all()
    except sql.exc.SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise StoreError(f"the result store {path} cannot be read: {reason}") from None
    finally:
        engine.dispose()
