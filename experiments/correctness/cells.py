"""LaRA's released answers and its judged accuracies, as arrays of one row per answer."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossover.abstention import abstains
from crossover.datasets.lara import ARMS, UNANSWERABLE, Lara
from crossover.errors import DataError
from crossover.files import read_text
from crossover.metrics._signals import decided

Cell = tuple[str, str, str, str]
Array = Any


@dataclass(frozen=True, slots=True)
class Item:
    """A question with its gold and a model's answer to it."""

    question: str
    gold: str
    answer: str


@dataclass(frozen=True)
class Answers:
    """Released answers; ``judged`` is the table: accuracy in 0–1 by model, length, task and arm.

    ``cell`` is each answer's place in ``cells``, ``document`` the number of its document. An
    answer with ``known`` not NaN needs no signals: it declined or failed, or nothing was asked.
    """

    items: Sequence[Item]
    cells: Sequence[Cell]
    cell: Array
    document: Array
    known: Array
    judged: Mapping[Cell, float]

    @property
    def target(self) -> Array:
        """The judged accuracy of each cell, NaN where there is none."""
        import numpy as np

        return np.array([self.judged.get(cell, np.nan) for cell in self.cells])


def released(folder: Path) -> Answers:
    """Read every released answer of LaRA and the table ``paper_gaps.csv`` beside them."""
    import numpy as np

    dataset = Lara(str(folder), questions="predictions")
    examples = list(dataset.examples())
    documents = {name: at for at, name in enumerate(dict.fromkeys(e.group for e in examples))}
    cells: dict[Cell, int] = {}
    items, cell, document, known = list[Item](), list[int](), list[int](), list[float]()
    for model in sorted(path.name for path in (folder / "prediction").iterdir()):
        texts = dataset.released(model)
        for arm in ARMS:
            for example in examples:
                text = texts[arm, example.question.id]
                gold = example.answers[0] if example.answers else ""
                key = (model, example.tags["length"], example.tags["task"], arm)
                items.append(Item(example.question.text, gold, text))
                cell.append(cells.setdefault(key, len(cells)))
                document.append(documents[example.group])
                known.append(_known(text, gold, example.tags["task"]))
    arrays = (np.array(cell), np.array(document), np.array(known))
    return Answers(items, tuple(cells), *arrays, judged(folder / "paper_gaps.csv"))


def judged(path: Path) -> dict[Cell, float]:
    """Read a judged table: model, length, task, and the accuracies full and rag in percent."""
    rows = csv.DictReader(read_text(path).splitlines())
    try:
        return {
            (row["model"], row["length"], row["task"], arm): float(row[arm]) / 100
            for row in rows
            for arm in ARMS
        }
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{path}: expected the columns model, length, task, full and rag, the last two in "
            f"percent: {error!r}"
        ) from None


def _known(text: str, gold: str, task: str) -> float:
    """The score of an answer that the fitted part does not decide, else NaN."""
    declined = abstains(text)
    if task == UNANSWERABLE:
        return float(declined)
    if not text.strip():
        return 0.0
    return decided(gold, text, declined=declined)
