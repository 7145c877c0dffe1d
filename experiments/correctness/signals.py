"""The signals of every answer, kept in a file so that another fit need not compute them again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

from crossover import meter
from crossover.experiments.correctness.cells import Answers, Item
from crossover.metrics._signals import LEXICAL, SIGNALS, Compared, compared

Array = Any
# answers whose signals are computed between two saves
BLOCK = 1024


def signals(answers: Answers, names: Sequence[str], cache: Path | None = None) -> Array:
    """Return one row per answer and one column per name; rows whose score is known are 0.

    ``cache`` is an ``.npz`` file that is read where it exists, and written.
    """
    import numpy as np

    unknown = [at for at, known in enumerate(answers.known) if known != known]
    items = [answers.items[at] for at in unknown]
    lexical = set(names) <= set(LEXICAL)
    keys = [_key(item, lexical) for item in items]
    kept = _kept(cache)
    missing = {key: item for key, item in zip(keys, items, strict=True) if key not in kept}
    for part in _blocks(list(missing.items())):
        found = compared([Compared(i.question, i.gold, i.answer) for _, i in part], lexical)
        kept |= {key: astuple(one) for (key, _), one in zip(part, found, strict=True)}
        meter.working("signals", len(keys) - len(missing.keys() - kept.keys()), len(keys))
        _keep(cache, kept)
    table = np.zeros((len(answers.items), len(SIGNALS)))
    table[unknown] = [kept[key] for key in keys]
    return table[:, [SIGNALS.index(name) for name in names]]


def _key(item: Item, lexical: bool) -> str:
    parts = "\0".join((item.question, item.gold, item.answer, "lexical" * lexical))
    return hashlib.sha256(parts.encode()).hexdigest()[:24]


def _blocks(items: list[tuple[str, Item]]) -> Iterator[list[tuple[str, Item]]]:
    for start in range(0, len(items), BLOCK):
        yield items[start : start + BLOCK]


def _kept(cache: Path | None) -> dict[str, tuple[float, ...]]:
    import numpy as np

    if cache is None or not cache.exists():
        return {}
    with np.load(cache) as file:
        return dict(zip(file["keys"].tolist(), map(tuple, file["values"].tolist()), strict=True))


def _keep(cache: Path | None, kept: dict[str, tuple[float, ...]]) -> None:
    import numpy as np

    if cache is not None:
        cache.parent.mkdir(parents=True, exist_ok=True)
        part = cache.with_suffix(".part.npz")
        np.savez_compressed(part, keys=list(kept), values=list(kept.values()))
        part.replace(cache)
