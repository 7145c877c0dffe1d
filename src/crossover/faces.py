"""The short Python calls: a component from its text, options as keywords."""

from __future__ import annotations

from crossover import catalog
from crossover.roles import Dataset, Model, Strategy


def load_dataset(text: str, **options: object) -> Dataset:
    """Build a dataset: ``load_dataset("lara", path="LaRA", length="32k").examples()``."""
    return catalog.load(Dataset, _with(text, options))


def load_model(text: str, **options: object) -> Model:
    """Build a model: ``load_model("openai:gpt-4o-mini")``, ``load_model("reader")``."""
    return catalog.load(Model, _with(text, options))


def load_strategy(text: str, **options: object) -> Strategy:
    """Build a strategy: ``load_strategy("rag(k=5)")``."""
    return catalog.load(Strategy, _with(text, options))


def _with(text: str, options: dict[str, object]) -> object:
    return {"name": text} | options if options else text
