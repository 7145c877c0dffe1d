"""The questions on which strategies disagree most, with what stands behind each answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crossover import tracing
from crossover.experiments import _tables
from crossover.experiments._summary import TAG
from crossover.experiments._traces import steps_of
from crossover.experiments.reporting.details import KEYS, read_details, rows_of
from crossover.experiments.reporting.facts import Facts

if TYPE_CHECKING:
    from pandas import DataFrame

MOST = 500
# tried in turn until the questions fit the page: how much of an answer and of a passage is shown
CUTS = ((1_200, 700), (500, 300), (240, 160))
MOST_PASSAGES = 12
MOST_LINES = 12
MOST_TRACES = 6
QUESTION = 600


@dataclass(frozen=True)
class Said:
    """One strategy's answer to a question; ``passages`` are numbers in the question's list."""

    strategy: str
    model: str
    score: str
    outcome: str
    text: str
    message: str
    tokens: str
    passages: str


@dataclass(frozen=True)
class Shown:
    """A passage that some strategy was given; ``gold`` where it overlaps the evidence."""

    number: int
    place: str
    text: str
    gold: bool


@dataclass(frozen=True)
class Calls:
    """What a strategy did, as a tree."""

    title: str
    total: str
    nodes: tuple[tracing.Node, ...]
    left_out: int


@dataclass(frozen=True)
class Asked:
    """A question with everything that was said to it."""

    dataset: str
    example: str
    text: str
    tags: str
    references: tuple[str, ...] | None
    apart: str
    answers: tuple[Said, ...]
    passages: tuple[Shown, ...]
    more_passages: int
    calls: tuple[Calls, ...]


@dataclass(frozen=True)
class Chosen:
    """The questions to show, first ones first, and of how many; ``differ`` counts those that do."""

    keys: tuple[tuple[str, str], ...]
    apart: Mapping[tuple[str, str], float]
    questions: int
    differ: int
    disagree: bool


def chosen(frame: DataFrame, most: int = MOST) -> Chosen:
    """The questions whose scores lie furthest apart between strategies, averaged over models.

    With one strategy there is nothing to disagree: the questions with the worst scores.
    """
    keys = ["dataset", "example"]
    table = frame[[*keys, "model"]].assign(score=scored(frame))
    per_model = table.groupby([*keys, "model"], sort=False)["score"]
    disagree = frame["strategy"].nunique() > 1
    apart = per_model.max() - per_model.min() if disagree else 1 - per_model.mean()
    mean = apart.groupby(level=[0, 1], sort=False).mean().dropna()
    ordered = mean.sort_values(ascending=False, kind="stable")
    differing = ordered[ordered > 0]
    found = (differing if disagree else ordered).head(most)
    places = {
        (str(d), str(e)): float(value) for (d, e), value in zip(found.index, found, strict=True)
    }
    asked = len(frame[keys].drop_duplicates())
    return Chosen(tuple(places), places, asked, len(differing), disagree)


def scored(frame: DataFrame) -> Any:
    """The headline score of each row, whichever metric its dataset leads with."""
    import pandas as pd

    found = pd.Series(float("nan"), index=frame.index)
    for dataset, rows in frame.groupby("dataset", sort=False).groups.items():
        metric = frame.attrs["metrics"][dataset][0]
        found.loc[rows] = pd.to_numeric(frame.loc[rows, metric]).astype(float)
    return found


def questions(facts: Facts, picked: Chosen, cut: tuple[int, int]) -> Iterator[Asked]:
    """Every chosen question with its answers, and the details that the run's directory holds."""
    frame = facts.frame
    wanted = set(picked.keys)
    pairs = list(zip(frame["dataset"].astype(str), frame["example"].astype(str), strict=True))
    rows = frame[[pair in wanted for pair in pairs]]
    rows = rows.assign(_score=scored(rows))
    together = {
        (str(d), str(e)): own.to_dict("records")
        for (d, e), own in rows.groupby(["dataset", "example"], sort=False)
    }
    details = _details(facts, picked)
    for key in picked.keys:
        yield _asked(together[key], details, picked.apart[key], cut)


def _details(facts: Facts, picked: Chosen) -> Mapping[tuple[str, ...], dict[str, Any]]:
    if facts.folder is None or not picked.keys:
        return {}
    found = read_details(facts.folder, list({example for _, example in picked.keys}))
    if found is None:
        return {}
    return {tuple(str(row[name]) for name in KEYS): row for row in rows_of(found)}


def _asked(
    rows: Sequence[Mapping[Any, Any]],
    details: Mapping[tuple[str, ...], dict[str, Any]],
    apart: float,
    cut: tuple[int, int],
) -> Asked:
    known = [details.get(tuple(str(row[name]) for name in KEYS)) for row in rows]
    first = next((one for one in known if one), {})
    numbers, passages = _passages(known, first.get("evidence") or [], cut[1])
    several = len({row["model"] for row in rows}) > 1
    return Asked(
        str(rows[0]["dataset"]),
        str(rows[0]["example"]),
        shortened(first.get("question") or "", QUESTION),
        _tags(rows[0]),
        _references(first, cut[0]),
        f"{apart:.2f}",
        tuple(
            _said(row, one, numbers, cut[0], several) for row, one in zip(rows, known, strict=True)
        ),
        tuple(passages[:MOST_PASSAGES]),
        max(0, len(passages) - MOST_PASSAGES),
        tuple(_calls(rows, known, several)),
    )


def _said(
    row: Mapping[Any, Any],
    known: Mapping[str, Any] | None,
    numbers: Mapping[tuple[Any, ...], int],
    longest: int,
    several: bool,
) -> Said:
    given = [] if known is None else [numbers[_key(passage)] for passage in known["passages"]]
    silent = known is not None and not known["passages_known"]
    return Said(
        _tables.name(row["strategy"]),
        _tables.name(row["model"]) if several else "",
        _tables.applied(row["_score"]),
        _tables.name(row["outcome"]),
        shortened(row.get("answer"), longest),
        shortened(row.get("message"), 200),
        _tables.whole(row["input_tokens"]),
        "not told" if silent else _listed(given),
    )


def _passages(
    known: Sequence[Mapping[str, Any] | None], evidence: Sequence[Mapping[str, Any]], longest: int
) -> tuple[dict[tuple[Any, ...], int], list[Shown]]:
    """Number every passage that a strategy was given; the same one has one number."""
    numbers = dict[tuple[Any, ...], int]()
    shown = list[Shown]()
    for passage in (p for one in known if one for p in one["passages"]):
        if _key(passage) in numbers:
            continue
        numbers[_key(passage)] = len(numbers) + 1
        place = f"{_tables.name(passage['document'], 80)}, {passage['start']:,}-{passage['end']:,}"
        text = shortened(passage["text"], longest) or "(a long passage: only its place is kept)"
        gold = any(_overlap(passage, span) for span in evidence)
        shown.append(Shown(len(numbers), place, text, gold))
    return numbers, shown


def _key(passage: Mapping[str, Any]) -> tuple[Any, ...]:
    return passage["document"], passage["start"], passage["end"], passage["text"]


def _overlap(passage: Mapping[str, Any], span: Mapping[str, Any]) -> bool:
    same = passage["document"] == span["document"]
    return bool(same and passage["start"] < span["end"] and span["start"] < passage["end"])


def _calls(
    rows: Sequence[Mapping[Any, Any]], known: Sequence[Mapping[str, Any] | None], several: bool
) -> Iterator[Calls]:
    """The calls of the first strategies; one call is told by the table already."""
    left = MOST_TRACES
    for row, one in zip(rows, known, strict=True):
        steps = json.loads(one["trace"]) if one else []
        if len(steps) < 2 or left <= 0:
            continue
        left -= 1
        nodes, left_out = tracing.lines(tracing.tree(steps_of(steps)), MOST_LINES)
        model = f" with {_tables.name(row['model'])}" if several else ""
        total = str(one["total"]) if one else ""
        yield Calls(_tables.name(row["strategy"]) + model, total, nodes, left_out)


def _references(known: Mapping[str, Any], longest: int) -> tuple[str, ...] | None:
    """The reference answers; None where nothing is known of the question."""
    if not known:
        return None
    return tuple(shortened(text, longest) for text in known["references"])


def _tags(row: Mapping[Any, Any]) -> str:
    tags = {str(n).removeprefix(TAG): v for n, v in row.items() if str(n).startswith(TAG)}
    named = {_tables.name(n, 40): _tables.name(v, 40) for n, v in tags.items() if v is not None}
    return ", ".join(f"{tag} {value}" for tag, value in named.items() if value != "(none)")


def _listed(numbers: Sequence[int]) -> str:
    some = ", ".join(map(str, sorted(set(numbers))[:MOST_PASSAGES]))
    return some + (" …" if len(set(numbers)) > MOST_PASSAGES else "")


def shortened(text: Any, longest: int) -> str:
    """Show a text, cut where it is long, without characters that would hide or move others."""
    if text is None or text != text:
        return ""
    return _tables.passage(str(text), longest)
