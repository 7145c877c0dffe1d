"""Graded runs as rows to learn a router from: features, qualities and costs of every strategy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from crossover import catalog
from crossover.errors import ConfigError, DataError, UnknownName
from crossover.experiments.routing.kept import documents_digest, kept_features
from crossover.pipelines.with_model import WithModel
from crossover.prices import context_window
from crossover.roles import Dataset, Model, Strategy
from crossover.router.features.traits import trait_features
from crossover.router.objective import UNITS
from crossover.types import Answer, Question

if TYPE_CHECKING:
    from pandas import DataFrame

Numbers = NDArray[np.float64]
KEYS = ["dataset", "example", "model"]
# the model of rows whose strategies name their own
EVERY = "every model"
TAG, FIGURE = "tag.", "figure."


@dataclass(frozen=True)
class Outcomes:
    """One row for each question and model that every strategy was asked.

    ``strategies`` come cheapest first; ``quality`` and each unit of ``costs`` are rows × strategies
    (NaN where unknown), ``tokens`` those of the documents, ``labels`` what a row is called:
    dataset, example, group, model and tags; ``texts`` are digests of its documents.
    """

    strategies: tuple[str, ...]
    metric: str
    labels: DataFrame
    asked: Sequence[Mapping[str, float]]
    answered: Sequence[Mapping[str, float]]
    quality: Numbers
    costs: Mapping[str, Numbers]
    tokens: Numbers
    declines: NDArray[np.bool_]
    answers: Mapping[str, Sequence[Answer]]
    questions: Sequence[str]
    texts: Sequence[str]

    def __len__(self) -> int:
        return len(self.quality)

    @property
    def groups(self) -> list[str]:
        """The document cluster of each row; those of two datasets are never the same."""
        return (self.labels["dataset"] + "/" + self.labels["group"].astype(str)).tolist()

    @property
    def models(self) -> list[str]:
        """Who answered each row."""
        return [str(model) for model in self.labels["model"]]

    def ordered(self, strategies: Sequence[str]) -> Outcomes:
        """The same with the strategies in another order; its first must be the first here.

        Features after the first answer are those of the cheapest: raises DataError for another.
        """
        if strategies[0] != self.strategies[0]:
            raise DataError(
                f"here {self.strategies[0]} is cheapest, not {strategies[0]}: other costs need "
                "another router"
            )
        at = [self.strategies.index(name) for name in strategies]
        costs = {unit: table[:, at] for unit, table in self.costs.items()}
        return replace(self, strategies=tuple(strategies), quality=self.quality[:, at], costs=costs)

    def rows(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Outcomes:
        """Some of the rows."""
        at = (np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen).tolist()
        return replace(
            self,
            labels=self.labels.iloc[at].reset_index(drop=True),
            asked=[self.asked[n] for n in at],
            answered=[self.answered[n] for n in at],
            quality=self.quality[at],
            costs={unit: table[at] for unit, table in self.costs.items()},
            tokens=self.tokens[at],
            declines=self.declines[at],
            answers={name: [given[n] for n in at] for name, given in self.answers.items()},
            questions=[self.questions[n] for n in at],
            texts=[self.texts[n] for n in at],
        )

    def traits(self) -> dict[str, dict[str, float]]:
        """What each model is like, from these rows."""
        models, found = np.array(self.models), {}
        for model in dict.fromkeys(self.models):
            at = np.flatnonzero(models == model).tolist()
            answers = {name: [given[n] for n in at] for name, given in self.answers.items()}
            grades = {
                name: [None if np.isnan(q) else float(q) for q in self.quality[at, column]]
                for column, name in enumerate(self.strategies)
            }
            traits = trait_features(answers, grades, _window(model))
            found[model] = {name: value for name, value in traits.items() if value == value}
        return found


def outcomes_of(
    frames: DataFrame | Sequence[DataFrame],
    strategies: Sequence[str] = (),
    metric: str = "",
    *,
    over_models: bool = False,
) -> Outcomes:
    """Gather the rows of result frames (``load_frame``) on which every strategy was asked.

    The datasets are read again for questions and documents; features are kept in the cache. Without
    ``strategies`` all that were run are taken, without ``metric`` each dataset's headline. With
    ``over_models`` every strategy with every model is a choice of its own (``with_model``), as it
    is where ``strategies`` name such. Raises ConfigError for names that the runs lack, DataError
    where no question was asked of all.
    """
    import pandas as pd

    parts = [frames] if isinstance(frames, pd.DataFrame) else list(frames)
    tables = pd.concat([_graded(part, metric) for part in parts], ignore_index=True)
    if over_models or any(name.startswith("with_model(") for name in strategies):
        tables = _over_models(tables)
    known = list(dict.fromkeys(tables["strategy"]))
    for name in strategies:
        if name not in known:
            raise UnknownName(name, "the strategies of these runs", known)
    names = list(strategies) or known
    if len(names) < 2:
        raise ConfigError("a router chooses between at least two strategies: the runs hold one")
    tables = tables[tables["strategy"].isin(names)]
    tables = tables.drop_duplicates([*KEYS, "strategy"], keep="last")
    wide = {str(name): part.set_index(KEYS) for name, part in tables.groupby("strategy")}
    common = _common(wide, names)
    aligned, ordered = _cheapest_first({name: wide[name].loc[common] for name in names})
    questions = _questions(parts, {(d, e) for d, e, _ in common})
    return _gathered(tuple(ordered), metric, aligned, questions)


def _graded(frame: DataFrame, metric: str) -> DataFrame:
    """The rows with their quality, by the metric or each dataset's headline."""
    found = frame.copy(deep=False)
    known = sorted({name for named in frame.attrs["metrics"].values() for name in named})
    if metric and metric not in frame.columns:
        raise UnknownName(metric, "the metrics of this run", known)
    headline = {name: metric or named[0] for name, named in frame.attrs["metrics"].items()}
    found["quality"] = np.nan
    for dataset, column in headline.items():
        rows = found["dataset"] == dataset
        found.loc[rows, "quality"] = found.loc[rows, column].astype(float)
    found["tokens"] = found["input_tokens"].astype(float) + found["output_tokens"].astype(float)
    return found


def _common(wide: Mapping[str, DataFrame], names: Sequence[str]) -> list[tuple[str, str, str]]:
    """The keys that every strategy has, with a grade."""
    common = wide[names[0]].index
    for name in names:
        graded = wide[name]["quality"].notna()
        common = common.intersection(wide[name].index[graded], sort=False)
    if not len(common):
        raise DataError("no question was asked of every strategy and graded: nothing to learn from")
    order = wide[names[0]].loc[common].sort_values("group", kind="stable")
    return list(order.index)


def _over_models(tables: DataFrame) -> DataFrame:
    """The rows with each strategy's text naming its model; one that has its own stays as it is."""
    pairs = tables[["strategy", "model"]].drop_duplicates().itertuples(index=False)
    names = {(strategy, model): _with_model(strategy, model) for strategy, model in pairs}
    both = zip(tables["strategy"], tables["model"], strict=True)
    return tables.assign(strategy=[names[pair] for pair in both], model=EVERY)


def _with_model(strategy: str, model: str) -> str:
    asked = catalog.load(Strategy, strategy)
    own = isinstance(asked, WithModel) and asked.model is not None
    return strategy if own else catalog.spec(WithModel(asked, catalog.load(Model, model)))


def _cheapest_first(wide: Mapping[str, DataFrame]) -> tuple[list[DataFrame], list[str]]:
    """In the order of dollars, where every answer has a price, else of tokens."""
    priced = all(table["dollars"].notna().all() for table in wide.values())
    unit = "dollars" if priced and any(t["dollars"].any() for t in wide.values()) else "tokens"

    def cost(name: str) -> float:
        mean = float(wide[name][unit].mean())
        return mean if mean == mean else 0.0

    ordered = sorted(wide, key=cost)
    return [wide[name] for name in ordered], ordered


def _questions(
    frames: Iterable[DataFrame], wanted: set[tuple[str, str]]
) -> dict[tuple[str, str], Question]:
    """The questions of the runs' datasets, read again."""
    import yaml

    found = dict[tuple[str, str], Question]()
    for frame in frames:
        config = yaml.safe_load(frame.attrs.get("config") or "") or {}
        listed = config.get("datasets", [])
        texts = listed if isinstance(listed, list) else [listed]
        datasets = [d for text in texts for d in catalog.expand(Dataset, text)]
        names = list(frame.attrs["metrics"])
        if len(datasets) != len(names):
            raise DataError(f"the run {frame.attrs.get('run')!r} does not say what it was asked")
        for name, dataset in zip(names, datasets, strict=True):
            for example in dataset.examples():
                found[name, example.question.id] = example.question
    missing = sorted(wanted - set(found))
    if missing:
        raise DataError(
            f"{len(missing):,} questions of the run are not in its datasets any more, "
            f"first {missing[0][1]!r} of {missing[0][0]}"
        )
    return {key: found[key] for key in wanted}


def _gathered(
    strategies: tuple[str, ...],
    metric: str,
    aligned: Sequence[DataFrame],
    questions: Mapping[tuple[str, str], Question],
) -> Outcomes:
    first = aligned[0].reset_index()
    asked = [questions[key] for key in zip(first["dataset"], first["example"], strict=True)]
    answers = {name: _answers(table) for name, table in zip(strategies, aligned, strict=True)}
    before, after = kept_features(asked, answers[strategies[0]])
    columns = [c for c in first.columns if c.startswith(TAG)]
    costs = {
        unit: np.stack([table[unit].to_numpy(dtype=float) for table in aligned], axis=1)
        for unit in UNITS
    }
    return Outcomes(
        strategies,
        metric or "headline",
        first[["dataset", "example", "group", "model", *columns]],
        before,
        after,
        np.stack([table["quality"].to_numpy(dtype=float) for table in aligned], axis=1),
        {unit: table for unit, table in costs.items() if np.isfinite(table).all()},
        np.exp([row["documents.log_tokens"] for row in before]),
        np.array([row["reply.declines"] > 0 for row in after]),
        answers,
        [question.text for question in asked],
        [documents_digest(question) for question in asked],
    )


def _answers(table: DataFrame) -> list[Answer]:
    """The answers as a router sees them: texts, outcomes, and what strategies measured."""
    names = [str(name) for name in table.columns if str(name).startswith(FIGURE)]
    measured = table[names].astype(float).to_dict("records") if names else [{}] * len(table)
    return [
        Answer(text or "", outcome=outcome, figures=_known(figures))
        for text, outcome, figures in zip(table["answer"], table["outcome"], measured, strict=True)
    ]


def _known(figures: Mapping[Any, float]) -> dict[str, float]:
    return {str(k).removeprefix(FIGURE): v for k, v in figures.items() if v == v}


def _window(model: str) -> int | None:
    name = model.partition("(")[0]
    return context_window(name.removeprefix("released:"))
