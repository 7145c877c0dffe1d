"""Crossover settles "RAG or long context?" with measurements instead of opinions.

Everything here is imported on first use: ``import crossover`` loads the standard library only.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crossover.experiments.exporting.tables import load_results
    from crossover.experiments.run import run
    from crossover.faces import load_dataset, load_model, load_strategy
    from crossover.measure import measured
    from crossover.router.router import Router
    from crossover.types import (
        Answer,
        Completion,
        Document,
        Example,
        Passage,
        Question,
        Record,
        Request,
        Span,
        Step,
        Usage,
    )

__all__ = [
    "Answer",
    "Completion",
    "Document",
    "Example",
    "Passage",
    "Question",
    "Record",
    "Request",
    "Router",
    "Span",
    "Step",
    "Usage",
    "load_dataset",
    "load_model",
    "load_results",
    "load_strategy",
    "measured",
    "run",
]

_HOMES = {
    "Router": "crossover.router.router",
    "run": "crossover.experiments.run",
    "load_dataset": "crossover.faces",
    "load_model": "crossover.faces",
    "load_results": "crossover.experiments.exporting.tables",
    "load_strategy": "crossover.faces",
    "measured": "crossover.measure",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'crossover' has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "crossover.types")), name)


def __dir__() -> list[str]:
    return sorted(__all__)
