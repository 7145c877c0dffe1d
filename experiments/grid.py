"""A grid: datasets × models × strategies, read from YAML or a mapping."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import yaml

from crossover import catalog
from crossover.catalog import NamedMetric
from crossover.errors import ConfigError, DataError, UnknownName
from crossover.experiments.grid_file import Budget, GridFile, checked, plain, read_keys
from crossover.experiments.labels import labelled
from crossover.experiments.questions import KEPT, Questions
from crossover.experiments.subsets.files import Weights, kept, read_subset
from crossover.limits import Limits, check_prices
from crossover.roles import Dataset, Engine, Model, ReleasedAnswers, Strategy
from crossover.types import Document, Example

# what every row of a dataset with evidence says of its retrieval
EVIDENCE_METRICS = ("evidence_recall", "evidence_token_recall")
Component = TypeVar("Component")


@dataclass(frozen=True)
class Source:
    """A dataset of a grid under the name that the report shows, with its metrics."""

    name: str
    dataset: Dataset
    metrics: tuple[NamedMetric, ...]


@dataclass(frozen=True)
class Job:
    """One question for one strategy on one model."""

    source: Source
    example: Example
    strategy: Strategy
    model: Model
    key: str
    limits: Limits = Limits()


@dataclass(frozen=True)
class Grid:
    """A grid whose components are built: wrong names and options are found before anything runs."""

    sources: tuple[Source, ...]
    models: tuple[Model, ...]
    strategies: tuple[Strategy, ...]
    seed: int = 0
    limit: int | None = None
    price_as: str = ""
    config: str = ""
    name: str = "grid"
    examples: Mapping[str, Questions] = field(default_factory=dict)
    limits: Limits = Limits()
    store: str = ""
    budget: Budget = Budget()
    engine: Engine = field(default_factory=lambda: catalog.load(Engine, "local"))

    def bound(self, model: Model, source: Source) -> Model:
        """A model as it answers a dataset: one that plays released answers has that dataset's."""
        return _bound(model, source.dataset)

    def jobs(self, keyed: bool = True) -> Jobs:
        """Every combination; a document's questions and strategies come together.

        Where nothing is stored, none needs to be ``keyed``, which reads all of its documents.
        """
        return Jobs(self, keyed)


class Jobs(Collection[Job]):
    """The jobs of a grid, made anew each time they are gone through, as many they may be."""

    def __init__(self, grid: Grid, keyed: bool) -> None:
        self._grid, self._keyed = grid, keyed

    def __len__(self) -> int:
        grid = self._grid
        asked = sum(len(grid.examples[source.name]) for source in grid.sources)
        return asked * len(grid.models) * len(grid.strategies)

    def __contains__(self, job: object) -> bool:
        return any(job == one for one in self)

    def __iter__(self) -> Iterator[Job]:
        for model in self._grid.models:
            for source in self._grid.sources:
                yield from self._of(model, source)

    def _of(self, model: Model, source: Source) -> Iterator[Job]:
        grid, bound = self._grid, _bound(model, source.dataset)
        fingerprint = getattr(bound, "fingerprint", "")
        for group in _by_documents(grid.examples[source.name]):
            for strategy in grid.strategies:
                for example in group:
                    about = (example, strategy, model, grid.seed, fingerprint, grid.limits)
                    key = job_key(*about) if self._keyed else ""
                    yield Job(source, example, strategy, bound, key, grid.limits)


def load_grid(
    grid: str | Path | Mapping[str, Any],
    *,
    limit: int | None = None,
    seed: int | None = None,
    price_as: str | None = None,
    store: str | None = None,
    engine: str | None = None,
    asks: bool = True,
) -> Grid:
    """Read a grid and build what it names; raises ConfigError or DataError with one clear line.

    Where it ``asks`` nothing (retrieval measured alone), models need not be named or checked.
    """
    source = "the grid" if isinstance(grid, Mapping) else str(grid)
    given = dict(grid) if isinstance(grid, Mapping) else read_keys(Path(grid))
    overrides = {"limit": limit, "seed": seed, "price_as": price_as, "engine": engine}
    given |= {name: value for name, value in overrides.items() if value is not None}
    if not asks:
        given.setdefault("models", ["reader"])
    read = checked(given, source)
    sources, examples = _sources(read)
    address = store or read.store
    built = Grid(
        sources,
        _once(model for text in read.models for model in catalog.expand(Model, text)),
        _once(s for text in read.strategies for s in catalog.expand(Strategy, text)),
        read.seed,
        read.limit,
        read.price_as,
        yaml.safe_dump(plain(given), sort_keys=False, allow_unicode=True),
        "grid" if isinstance(grid, Mapping) else Path(grid).stem,
        examples,
        read.limits,
        address,
        read.budget,
        catalog.load(Engine, read.engine),
    )
    _check(built, asks)
    return built


def check_tags(grid: Grid, by: Sequence[str]) -> None:
    """Raise UnknownName for a tag to slice by that no question of the grid has."""
    known = {tag for found in grid.examples.values() for tag in found.tags}
    for tag in by:
        if tag not in known:
            raise UnknownName(tag, "the tags of these questions", known)


def retrieves_only(dataset: Dataset) -> bool:
    """Whether a dataset says which documents are relevant, and no answers."""
    return bool(getattr(dataset, "retrieval_only", False))


def _once(components: Iterable[Component]) -> tuple[Component, ...]:
    """Keep one of each configuration: `rag` and `rag(k=8)` may be the same."""
    return tuple({catalog.identity(one): one for one in reversed(list(components))}.values())[::-1]


def job_key(
    example: Example,
    strategy: Strategy,
    model: Model,
    seed: int,
    fingerprint: str = "",
    limits: Limits | None = None,
) -> str:
    """SHA-256 over the content of question, strategy and model, versions included.

    ``fingerprint`` stands for what a model holds beyond its options (released answers); ``limits``
    count where there are any.
    """
    question = example.question
    content = [
        question.id,
        question.text,
        question.form,
        *question.choices,
        *(f"{document.id} {_digest(document)}" for document in question.documents),
        catalog.identity(strategy),
        catalog.identity(model),
        seed,
        fingerprint,
        *([asdict(limits)] if limits else []),
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _sources(read: GridFile) -> tuple[tuple[Source, ...], dict[str, Questions]]:
    datasets = labelled(read.datasets)
    subset = read_subset(read.only) if read.only else None
    examples = {
        label: Questions(partial(_asked, dataset, label, subset), read.limit, read.seed)
        for label, dataset in datasets.items()
    }
    sources = tuple(
        Source(label, dataset, _metrics(read.metrics or dataset.metrics(), examples[label]))
        for label, dataset in datasets.items()
    )
    return sources, examples


def _asked(dataset: Dataset, label: str, subset: Weights | None) -> Iterable[Example]:
    examples = dataset.examples()
    return examples if subset is None else kept(examples, label, subset)


def _metrics(texts: Sequence[Any], questions: Questions) -> tuple[NamedMetric, ...]:
    """The metrics asked for; where evidence is known, also whether it was shown."""
    found = [catalog.metric(text) for text in texts]
    named = {metric.text for metric in found}
    known = questions.with_evidence
    added = [catalog.metric(text) for text in EVIDENCE_METRICS if known and text not in named]
    return (*found, *added)


def _check(grid: Grid, asks: bool) -> None:
    for source in grid.sources:
        _check_source(source, grid, asks)
    for model in grid.models if asks else ():
        check = getattr(model, "check", None)
        if check:
            check()
        for strategy in grid.strategies:
            for limits in (grid.limits, grid.budget.run, grid.budget.strategy):
                check_prices(limits, strategy, model)
    if grid.price_as:
        from crossover.prices import priced_as

        priced_as(grid.price_as, 1, 0, 1)


def _check_source(source: Source, grid: Grid, asks: bool) -> None:
    if asks and retrieves_only(source.dataset):
        raise ConfigError(
            f"{source.name} has no answers, only relevant documents: measure its retrieval "
            "with `crossover retrieval`"
        )
    if not grid.examples[source.name]:
        raise DataError(f"the dataset {source.name} holds no question with these options")
    for model in grid.models:
        _bound(model, source.dataset)


def _bound(model: Model, dataset: Dataset) -> Model:
    """A model that plays released answers takes them from the dataset of the run."""
    bind = getattr(model, "bound", None)
    if bind is None:
        return model
    if not catalog.plays(dataset, ReleasedAnswers):
        raise ConfigError(
            f"{catalog.spec(model)} plays released answers, but {catalog.spec(dataset)} holds none"
        )
    bound: Model = bind(dataset)
    return bound


def _by_documents(questions: Questions) -> Iterator[list[Example]]:
    """Questions on the same documents, wherever they stand; of very many, in a stretch of them."""
    left = iter(questions)
    while some := list(islice(left, KEPT)):
        yield from _grouped(some)


def _grouped(examples: Sequence[Example]) -> list[list[Example]]:
    groups: dict[tuple[str, ...], list[Example]] = defaultdict(list)
    together: list[Example] = []
    last: tuple[Document, ...] | None = None
    for example in examples:
        documents = example.question.documents
        # a corpus of millions that all questions share is gone through once
        if documents is not last:
            together, last = groups[tuple(document.id for document in documents)], documents
        together.append(example)
    return list(groups.values())


def _digest(document: Document) -> str:
    try:
        return document.digest
    except DataError:
        return "absent"
