"""Scores by kinds of questions: tag by tag, and two tags against one another as a heat map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from crossover.experiments import _tables
from crossover.experiments._summary import TAG, natural
from crossover.experiments.reporting.details import read_places
from crossover.experiments.reporting.facts import Facts, usable_tags
from crossover.experiments.statistics import clustered_mean

if TYPE_CHECKING:
    from pandas import DataFrame, Series

MOST_MAPS = 24
MOST_SLICES = 60
LENGTHS = (0, 4_000, 16_000, 64_000, 256_000, 1_024_000, float("inf"))
LENGTH_NAMES = ("under 4k", "4k-16k", "16k-64k", "64k-256k", "256k-1M", "over 1M")
DEPTHS = (0, 0.2, 0.4, 0.6, 0.8, 1.0001)
DEPTH_NAMES = ("0-20 %", "20-40 %", "40-60 %", "60-80 %", "80-100 %")
LENGTH, DEPTH = "tag.length (characters)", "tag.depth of the evidence"
# what a heat map is wanted of, if the questions say it
FIRST = ("length", "depth")


@dataclass(frozen=True)
class Square:
    """One cell of a heat map: a mean score, on how many questions and documents."""

    score: float | None
    text: str
    questions: int
    rough: bool


@dataclass(frozen=True)
class HeatMap:
    """Scores of one strategy by the values of two tags."""

    strategy: str
    across: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Square | None, ...]], ...]


@dataclass(frozen=True)
class Heat:
    """The heat maps of one dataset; ``said`` is what is missing."""

    dataset: str
    down: str
    along: str
    maps: tuple[HeatMap, ...]
    said: str = ""


@dataclass(frozen=True)
class Slices:
    """Scores by single tags: a row per value, a column per strategy."""

    dataset: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left_out: int


def with_places(facts: Facts) -> DataFrame:
    """The frame with length and depth from the details, where the questions have no such tags.

    ``characters`` is the exact length of a question's documents, its tag what range that is in.
    """
    frame = facts.frame
    places = read_places(facts.folder) if facts.folder else None
    if places is None:
        return frame
    keys = ["dataset", "example"]
    joined = frame[keys].merge(places, on=keys, how="left")
    named = [str(name).lower() for name in frame.columns if str(name).startswith(TAG)]
    found = frame.assign(characters=joined["characters"].to_numpy(float))
    if not any("length" in name for name in named):
        found[LENGTH] = _ranges(joined["characters"], LENGTHS, LENGTH_NAMES)
    if not any("depth" in name for name in named):
        found[DEPTH] = _ranges(joined["depth"], DEPTHS, DEPTH_NAMES)
    found.attrs = frame.attrs
    return found


def _ranges(numbers: Series[Any], edges: Sequence[float], names: Sequence[str]) -> Any:
    """Name the range that each number is in, from its lower edge to before its upper one."""
    import pandas as pd

    cut = pd.cut(numbers.astype(float), list(edges), labels=list(names), right=False)
    return cut.astype(object).where(cut.notna(), None).to_numpy()


def heats(frame: DataFrame) -> Iterator[Heat]:
    """The heat maps of every dataset, scores averaged over models question by question."""
    for dataset, part in frame.groupby("dataset", sort=False):
        metric = frame.attrs["metrics"][dataset][0]
        tags = _two_tags(part, metric)
        if tags is None:
            said = (
                "There is no heat map: it takes two tags with a few values each, such as length "
                "and depth, or gold evidence in documents whose text is known."
            )
            yield Heat(str(dataset), "", "", (), said)
            continue
        yield _heat(str(dataset), part, *tags, metric)


def slices(frame: DataFrame) -> Iterator[Slices]:
    """The scores of every dataset by each of its tags, for each model."""
    for dataset, part in frame.groupby("dataset", sort=False):
        metric = frame.attrs["metrics"][dataset][0]
        rows = list(_slice_rows(part, metric))
        several = part["model"].nunique() > 1
        strategies = [_tables.name(name) for name in part["strategy"].unique()]
        columns = ("tag", "value", *(["model"] if several else []), "n", *strategies)
        shown = rows[: MOST_SLICES * 2]
        yield Slices(str(dataset), columns, tuple(shown), len(rows) - len(shown))


def _slice_rows(part: DataFrame, metric: str) -> Iterator[tuple[str, ...]]:
    several = part["model"].nunique() > 1
    strategies = part["strategy"].unique()
    for tag in usable_tags(part):
        for value in sorted(part[tag].dropna().unique(), key=natural):
            for model, own in part[part[tag] == value].groupby("model", sort=False):
                scores = dict(iter(own.groupby("strategy")))
                texts = [_score(scores.get(name), metric) for name in strategies]
                named = [_tables.name(tag.removeprefix(TAG)), _tables.name(value)]
                count = _tables.whole(own["example"].nunique())
                yield (*named, *([_tables.name(model)] if several else []), count, *texts)


def _score(own: DataFrame | None, metric: str) -> str:
    if own is None:
        return ""
    found = _mean(own, metric)
    if found.mean is None:
        return "n/a"
    if found.low is None or found.high is None:
        return f"{_tables.score(found.mean)} [{_tables.UNKNOWN}]"
    ends = f"[{_tables.score(found.low)}, {_tables.score(found.high)}]"
    return f"{_tables.score(found.mean)} {ends}{' rough' if found.rough else ''}"


def _mean(own: DataFrame, metric: str) -> Any:
    import pandas as pd

    numbers = pd.to_numeric(own[metric]).to_numpy(float, na_value=float("nan"))
    return clustered_mean(numbers, own["group"].to_numpy(object))


def _two_tags(part: DataFrame, metric: str) -> tuple[str, str] | None:
    """Two tags to cross: length and depth if there are such, else those that scores depend on."""
    tags = usable_tags(part)

    def rank(tag: str) -> int:
        names = [at for at, word in enumerate(FIRST) if word in tag.lower()]
        return names[0] if names else len(FIRST)

    pairs = [tuple(sorted(pair, key=rank)) for pair in combinations(tags, 2)]
    # tags that say the same of every question make no map
    crossed = [p for p in pairs if len(part[list(p)].dropna().drop_duplicates()) > _most(part, p)]
    told = {tag: _spread(part, tag, metric) for tag in tags}
    best = min(
        crossed,
        key=lambda pair: (rank(pair[0]) + rank(pair[1]), -told[pair[0]] - told[pair[1]]),
        default=None,
    )
    return None if best is None else (best[0], best[1])


def _spread(part: DataFrame, tag: str, metric: str) -> float:
    """How far scores lie apart between the values of a tag."""
    import pandas as pd

    means = pd.to_numeric(part[metric]).groupby(part[tag]).mean()
    return 0.0 if means.isna().all() else float(means.max() - means.min())


def _most(part: DataFrame, pair: Sequence[str]) -> int:
    return max(part[tag].nunique() for tag in pair)


def _heat(dataset: str, part: DataFrame, down: str, along: str, metric: str) -> Heat:
    known = part.dropna(subset=[down, along])
    rows, columns = (sorted(known[tag].unique(), key=natural) for tag in (down, along))
    strategies = list(part["strategy"].unique())
    maps = []
    for strategy in strategies[:MOST_MAPS]:
        own = known[known["strategy"] == strategy]
        cells = dict(iter(own.groupby([down, along], sort=False)))
        lines = [
            (_tables.name(row), tuple(_square(cells.get((row, c)), metric) for c in columns))
            for row in rows
        ]
        maps.append(
            HeatMap(_tables.name(strategy), tuple(map(_tables.name, columns)), tuple(lines))
        )
    models = part["model"].nunique()
    said = f"Scores are means over the {models} models." if models > 1 else ""
    if len(strategies) > MOST_MAPS:
        said += f" Shown are the first {MOST_MAPS} of {len(strategies)} strategies."
    titles = [_tables.name(tag.removeprefix(TAG)) for tag in (down, along)]
    return Heat(dataset, titles[0], titles[1], tuple(maps), said.strip())


def _square(own: DataFrame | None, metric: str) -> Square | None:
    if own is None:
        return None
    found = _mean(own, metric)
    text = "n/a" if found.mean is None else f"{found.mean:.2f}"
    return Square(found.mean, text, int(own["example"].nunique()), found.rough)
