"""What the datasets of a grid are called in its results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from crossover import catalog
from crossover.errors import ConfigError
from crossover.roles import Dataset


def labelled(given: Sequence[Any]) -> dict[str, Dataset]:
    """Datasets by their names; those of one name by all their options. Raises ConfigError."""
    datasets = [d for text in given for d in catalog.expand(Dataset, text)]
    texts = [catalog.spec(dataset) for dataset in datasets]
    short = Counter(text.partition("(")[0] for text in texts)
    found: dict[str, Dataset] = {}
    for text, dataset in zip(texts, datasets, strict=True):
        name = text.partition("(")[0]
        label = name if short[name] == 1 else text
        if label in found:
            raise ConfigError(f"the grid names the dataset {label} twice")
        found[label] = dataset
    return found
