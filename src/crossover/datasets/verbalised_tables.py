"""Rows of tables as sentences in HoloBench's manner: questions that a database would answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import BeforeValidator, Field

from crossover.datasets._generated import Generated, Sample
from crossover.datasets._haystack import Written, as_many, joined
from crossover.datasets._lengths import Counter, one_or_many
from crossover.datasets._shop_tables import JOINED, QUERIES, Row, irrelevant, relevant
from crossover.errors import ConfigError

Task = Literal["comparison", "extreme", "ranking", "aggregation", "join", "join_aggregation"]
TASKS: tuple[Task, ...] = get_args(Task)
Position = Literal["uniform", "begin", "end", "middle", "bimodal"]
# texts that are drawn anew for as long as they give the question no clear answer
TRIES = 50


@dataclass(frozen=True, slots=True)
class VerbalisedTables(Generated):
    """Sentences, each a row, in the manner of HoloBench (Maekawa et al., arXiv 2410.11996).

    A share of the text are rows of the tables that a question is on, all others are of tables that
    nobody asks about; ``position`` says where the former stand. Answers follow from the rows that
    are there. Tables, rows and questions are ours; scored by the rows that are named, without
    HoloBench's judge. Reading examples raises ConfigError where a text is too short.
    """

    tasks: Annotated[tuple[Task, ...], BeforeValidator(one_or_many), Field(min_length=1)] = field(
        default=TASKS, metadata={"help": "only these kinds of queries"}
    )
    density: Annotated[float, Field(gt=0, le=1)] = field(
        default=0.5, metadata={"help": "share of the text that the tables asked about have"}
    )
    position: Position = field(
        default="uniform", metadata={"help": "where their rows stand among the others"}
    )
    scores: ClassVar[tuple[str, ...]] = ("holobench_recall", "exact_match")

    def kinds(self) -> Sequence[str]:
        """The tasks that are wanted."""
        return self.tasks

    def written(self, sample: Sample, counter: Counter) -> Written:
        """Write the rows and ask what a query on them gives."""
        random = Random(sample.seed)
        for _ in range(TRIES):
            own = _as_many(
                relevant(random, sample.task in JOINED), sample.tokens * self.density, counter
            )
            query = QUERIES[sample.task](random, own)
            if query is None:
                continue
            have = counter.count("".join(_line(row) for row in own))
            rest = sample.tokens - have
            others = _as_many(irrelevant(random), rest, counter) if self.density < 1 else []
            rows = arranged(own, others, self.position, random)
            places = dict(zip(map(id, rows), joined([_line(row) for row in rows]), strict=True))
            spans = sorted((places[id(row)][0], places[id(row)][1] - 1) for row in query.rows)
            text = "".join(_line(row) for row in rows).rstrip("\n")
            tags = {"density": f"{self.density:g}", "position": self.position}
            return Written(text, query.question, query.answers, tuple(spans), tags)
        raise ConfigError(
            f"verbalised_tables: no {sample.task} in {sample.tokens} tokens; raise tokens"
        )


def arranged(
    own: Sequence[Row], others: Sequence[Row], position: Position, random: Random
) -> list[Row]:
    """All rows, those asked about where they are wanted."""
    own, others = random.sample(own, len(own)), list(others)
    if position == "uniform":
        return random.sample([*own, *others], len(own) + len(others))
    if position == "begin":
        return [*own, *others]
    if position == "end":
        return [*others, *own]
    if position == "middle":
        half = len(others) // 2
        return [*others[:half], *own, *others[half:]]
    half = len(own) // 2
    return [*own[:half], *others, *own[half:]]


def _as_many(rows: Iterator[Row], tokens: float, counter: Counter) -> list[Row]:
    """As many rows as have so many tokens."""
    drawn: dict[str, list[Row]] = {}

    def draw() -> str:
        row = next(rows)
        drawn.setdefault(_line(row), []).append(row)
        return _line(row)

    return [drawn[line].pop() for line in as_many(draw, int(tokens), counter)]


def _line(row: Row) -> str:
    return f"{row.said}\n"
