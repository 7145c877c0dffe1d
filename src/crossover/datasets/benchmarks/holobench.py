"""HoloBench: rows of its published tables as a text, and what its SQL gives on just these rows."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from crossover.datasets._fields import Fields
from crossover.datasets._published import About, Benchmark, Part
from crossover.datasets._records import BadField
from crossover.datasets._rows import rows_of
from crossover.errors import DataError

# what its authors take for a token
CHARACTERS = 3.66
FROM = re.compile(r"\b(?:from|join|,)\s+[`\"\[]?(\w+)", re.IGNORECASE)
ASKED = (
    "{} Answer from these sentences alone, and name everything that fits; if nothing does, reply: "
    "no answer."
)
# steps of the database's machine between two looks at how many there were, and the most of these
STEPS, LOOKS = 100_000, 2_000
READS = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION)


class Row(NamedTuple):
    """A row of a table: its sentence and its values."""

    said: str
    values: Mapping[str, Any]


Tables = Mapping[str, Sequence[Row]]


@dataclass(frozen=True, slots=True)
class HoloBench(Benchmark):
    """HoloBench (Maekawa et al. 2025): what a database would answer, asked of sentences.

    Texts are put together as its ``load_context`` does, rows of all tables in turn; golds are what
    the query gives on the rows that are there. ``amount`` are tokens of rows that the query is on.
    Its judge (gpt-4o-mini, exact and partial matches) is left out for the gold rows that are named.
    """

    name = "holobench"
    about = About(
        source="huggingface.co/datasets/megagonlabs/holobench",
        licence="CC BY-SA 4.0 (data), BSD-3-Clause (code)",
        size="90 queries on 5 databases, texts of any length",
        verified="megagonlabs/holobench@5799335c9e3d holobench/load_context.py; columns by the hub",
        paper="arXiv 2410.11996",
    )
    scores = ("holobench_recall", "answer_recall")
    files = ("query/{database}.csv", "queries/{database}.csv")

    tokens: Annotated[int, Field(ge=100)] = field(
        default=4096, metadata={"help": "length of the texts, a token for 3.66 characters"}
    )
    amount: Annotated[int, Field(ge=50)] = field(
        default=2048, metadata={"help": "tokens of them that the query is on"}
    )
    position: Literal["uniform", "begin", "end", "middle", "bimodal"] = field(
        default="uniform", metadata={"help": "where these rows stand, as published"}
    )
    _tables: dict[Path, Tables] = field(default_factory=dict, init=False, repr=False, compare=False)

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """A question on the rows that have room."""
        query, question = row.text("query"), row.text("question").strip()
        tables = self._database(part)
        asked = {name.lower() for name in FROM.findall(query)} & {name.lower() for name in tables}
        if not asked:
            raise row.bad("query", f"names none of the tables {', '.join(tables)}")
        main, rest = self._chosen(tables, asked)
        lines = _merged([said for _, said, _ in main], rest, self.position)
        try:
            golds = _queried(query, tables, main)
        except sqlite3.Error as error:
            raise row.bad("query", f"cannot be run: {error}") from None
        context, relevant = "\n".join(lines), {said for _, said, _ in main}
        yield {
            "question": ASKED.format(question),
            "answers": golds,
            "context": context,
            "evidence": _places(lines, relevant) if golds else [],
            "group": part.tags.get("database"),
            "tags": {
                "difficulty": row.text("difficulty", "") or None,
                "length": str(self.tokens),
                "position": self.position,
            },
        }

    def _database(self, part: Part) -> Tables:
        if part.path is None:
            raise DataError(f"{self.path}: its tables are read from a folder; download it")
        # the folder of soccer_1 was misspelt for a time
        names = (part.path.stem, part.path.stem.replace("scoccer", "soccer"))
        folders = (part.path.parent.parent / name for name in names)
        folder = next((one for one in folders if one.is_dir()), None)
        if folder is None:
            raise DataError(f"{part.path.parent.parent / names[-1]}: no folder of tables there")
        if folder not in self._tables:
            self._tables[folder] = {
                path.stem: [*_rows(path)] for path in sorted(folder.glob("*.csv"))
            }
        return self._tables[folder]

    def _chosen(
        self, tables: Tables, asked: set[str]
    ) -> tuple[list[tuple[str, str, Mapping[str, Any]]], list[str]]:
        """Rows of all tables in turn, as many of those asked and of the others as have room."""
        main, rest = list[tuple[str, str, Mapping[str, Any]]](), list[str]()
        room = {True: self.amount, False: self.tokens - self.amount}
        used = {True: 0.0, False: 0.0}
        for at in range(max(map(len, tables.values()), default=0)):
            for name, rows in tables.items():
                own = name.lower() in asked
                if at >= len(rows) or used[own] >= room[own]:
                    continue
                used[own] += len(rows[at].said) // CHARACTERS + 1
                if used[own] < room[own] and own:
                    main.append((name, *rows[at]))
                elif used[own] < room[own]:
                    rest.append(rows[at].said)
        return main, rest


def _rows(path: Path) -> Iterator[Row]:
    unit, rows = rows_of(path)
    for number, load in rows:
        row = Fields(load())
        try:
            yield Row(row.text("verbalized_text"), row.inside("table_row").raw)
        except BadField as error:
            raise DataError(f"{path} {unit} {number}: {error}") from None


def _merged(main: list[str], rest: list[str], position: str) -> list[str]:
    """Both together, as published, where each position takes the other ones' half for its own."""
    if not main or not rest:
        return main + rest
    half = len(main) // 2
    if position == "uniform":
        step, merged = (len(main) + len(rest)) / len(rest), main[:]
        for at, line in enumerate(rest):
            merged.insert(int(at * step), line)
        return merged
    return {
        "begin": main + rest,
        "end": rest + main,
        "middle": rest[:half] + main + rest[half:],
        "bimodal": main[: len(rest) // 2] + rest + main[len(rest) // 2 :],
    }[position]


def _places(lines: Sequence[str], relevant: set[str]) -> list[dict[str, int]]:
    found, at = [], 0
    for line in lines:
        if line in relevant:
            found.append({"start": at, "end": at + len(line)})
        at += len(line) + 1
    return found


def _queried(
    query: str, tables: Tables, main: Sequence[tuple[str, str, Mapping[str, Any]]]
) -> list[str]:
    """The rows that a query gives, each as its values between commas; nothing else may be done."""
    with closing(sqlite3.connect(":memory:")) as base:
        for name, rows in tables.items():
            columns = list(rows[0].values) if rows else []
            if columns:
                base.execute(f'create table "{name}" ({", ".join(map(_quoted, columns))})')
                marks = ", ".join("?" for _ in columns)
                base.executemany(
                    f'insert into "{name}" values ({marks})',  # noqa: S608
                    ([values.get(one) for one in columns] for of, _, values in main if of == name),
                )
        looks = iter(range(LOOKS))
        base.set_progress_handler(lambda: next(looks, None) is None, STEPS)
        base.set_authorizer(
            lambda action, *_: sqlite3.SQLITE_OK if action in READS else sqlite3.SQLITE_DENY
        )
        found = base.execute(query).fetchall()
    said = (", ".join(str(value) for value in row if value is not None) for row in found)
    return [line for line in said if line.strip()]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
