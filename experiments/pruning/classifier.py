"""Training of the keep/drop classifier: the packaged MiniLM with its last layer trained anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from crossover import meter, precision
from crossover.experiments.pruning.labels import labels, worth
from crossover.experiments.pruning.texts import Asked
from crossover.models.reader import _windows

if TYPE_CHECKING:
    from torch import Tensor

    from crossover.compressors._packaged._weights import Classifier

IGNORED = -100


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train. The layers below the last stay as they are, so that they run but once."""

    seed: int = 0
    epochs: int = 3
    batch: int = 16
    rate: float = 2e-4
    head_rate: float = 1e-3
    weight_decay: float = 0.05


class Window(NamedTuple):
    """Word pieces that are read together, and the label of each."""

    ids: list[int]
    labels: list[int]


class Read(NamedTuple):
    """What the frozen layers make of some windows of about one length, ready for the last one."""

    states: Tensor
    mask: Tensor
    labels: Tensor


def windows(texts: Sequence[Asked]) -> list[Window]:
    """Cut texts into the classifier's windows; those in which nothing was asked about go."""
    found = []
    for asked in texts:
        places = worth(asked)
        for window in _windows.pack(_windows.cut(asked.text), _windows.LENGTH - 2):
            ids = [at for sentence in window for at in sentence.ids]
            marked = labels([place for one in window for place in one.offsets], places)
            if any(marked):
                found.append(Window(ids, marked))
    return found


def train(found: Sequence[Window], recipe: Recipe) -> tuple[dict[str, Tensor], list[float]]:
    """Train last layer and head; returns their weights by BERT's names and the epochs' losses."""
    import torch

    from crossover.compressors._packaged import _weights

    torch.manual_seed(recipe.seed)
    network = _weights.built({})
    batches = _read(network, found, recipe)
    optimizer = torch.optim.AdamW(
        [
            {"params": network.layers[-1].parameters(), "lr": recipe.rate},
            {"params": network.head.parameters(), "lr": recipe.head_rate},
        ],
        weight_decay=recipe.weight_decay,
        fused=True,
    )
    steps = recipe.epochs * len(batches)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, steps)
    losses = []
    for epoch in range(recipe.epochs):
        total = 0.0
        order = Random(f"{recipe.seed}/{epoch}").sample(range(len(batches)), len(batches))
        for step, at in enumerate(order, 1):
            with precision.fast():
                loss = _loss(network, batches[at])
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
            total += loss.item()
            meter.working("classifier", epoch * len(batches) + step, steps)
        losses.append(total / len(batches))
    return _weights.exported(network), losses


def _loss(network: Classifier, batch: Read) -> Any:
    import torch

    logits = network.above(batch.states.float(), batch.mask)
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch.labels.flatten())


def _read(network: Classifier, found: Sequence[Window], recipe: Recipe) -> list[Read]:
    """Run the frozen layers over every window, those of about one length together."""
    import torch

    order = sorted(range(len(found)), key=lambda at: len(found[at].ids))
    batches = []
    for first in range(0, len(order), recipe.batch):
        some = [found[at] for at in order[first : first + recipe.batch]]
        length = 2 + max(len(window.ids) for window in some)
        ids = torch.zeros(len(some), length, dtype=torch.long)
        mask = torch.zeros(len(some), length)
        marked = torch.full((len(some), length), IGNORED)
        for row, window in enumerate(some):
            whole = [_windows.CLS, *window.ids, _windows.SEP]
            ids[row, : len(whole)] = torch.tensor(whole)
            mask[row, : len(whole)] = 1
            marked[row, 1 : len(whole) - 1] = torch.tensor(window.labels)
        with precision.inference():
            states = network.below(ids, mask).to(torch.bfloat16)
        batches.append(Read(states.clone(), mask, marked))
        meter.working("frozen layers", first + len(some), len(order))
    return batches
