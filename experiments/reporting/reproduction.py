"""What it takes to get the same results again: versions, the seed and the price list."""

from __future__ import annotations

import json
import platform
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from pandas import DataFrame

PRICES = "genai-prices"
# whatever changes an answer, a score or a figure
PACKAGES = (
    *("crossover-rag", "numpy", "scipy", "pandas", "tiktoken", "bm25s", "torch", "transformers"),
    *("sentence-transformers", "faiss-cpu", "langchain", "langchain-openai", "llmlingua", PRICES),
)


@cache
def versions() -> str:
    """The versions that a run is made with, as JSON: what its frame carries along."""
    found = {"python": platform.python_version(), "system": platform.system()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return json.dumps(found)


def versions_of(frame: DataFrame) -> dict[str, str]:
    """The versions that a frame says it was made with."""
    return dict(json.loads(str(frame.attrs.get("versions") or "{}")))


def settings(frame: DataFrame) -> list[tuple[str, str]]:
    """Seed, sample and prices of a run, as pairs of a name and what it is."""
    grid = _grid(frame)
    found = versions_of(frame)
    sample = grid.get("limit")
    prices = (
        f"{PRICES} {found[PRICES]}, the list of that day" if PRICES in found else "not recorded"
    )
    pairs = [
        ("seed", str(grid.get("seed", 0))),
        ("questions per dataset", "all" if sample is None else f"a sample of {sample}"),
        ("prices", prices),
    ]
    priced = str(frame.attrs.get("price_as") or "")
    return [*pairs, *([("priced as", priced)] if priced else [])]


def _grid(frame: DataFrame) -> dict[str, object]:
    try:
        found = yaml.safe_load(str(frame.attrs.get("config") or ""))
    except yaml.YAMLError:
        return {}
    return found if isinstance(found, dict) else {}
