"""Training of the network that scores two neighbouring sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossover import meter
from crossover.errors import ConfigError
from crossover.experiments.segmentation.pairs import Pair
from crossover.retrievers.chunkers import _segmentation

if TYPE_CHECKING:
    import numpy as np

    Floats = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train. The weights shipped are those of the epoch that does best on tuning texts."""

    seed: int = 0
    hidden: int = 256
    epochs: int = 12
    batch: int = 256
    rate: float = 5e-4
    dropout: float = 0.3
    weight_decay: float = 0.05
    boundary_weight: float = 2.0
    threshold: float = 0.55


@dataclass(frozen=True, slots=True)
class Samples:
    """Pairs with their sentences' vectors; ``same`` is 1 where both belong to one chunk."""

    pairs: Sequence[Pair]
    one: Floats
    other: Floats
    same: Floats

    def scores(self, weights: dict[str, Floats]) -> Floats:
        """Score every pair as the chunker will."""
        import numpy as np

        block = _segmentation.BLOCK
        parts = [
            _segmentation.scores(
                weights,
                _segmentation.features(self.one[at : at + block], self.other[at : at + block]),
            )
            for at in range(0, len(self.pairs), block)
        ]
        return np.concatenate(parts)


def samples(pairs: Sequence[Pair], vectors: dict[str, Floats]) -> Samples:
    """Look up the vectors of the pairs' sentences."""
    import numpy as np

    return Samples(
        pairs,
        np.stack([vectors[pair.one] for pair in pairs]),
        np.stack([vectors[pair.other] for pair in pairs]),
        np.array([pair.kind == "same" for pair in pairs], dtype="float32"),
    )


def boundary_f1(same: Floats, scores: Floats, threshold: float) -> float:
    """F1 of the boundaries found where the score is below the threshold."""
    cut, real = scores < threshold, same == 0
    hits = float((cut & real).sum())
    return 2 * hits / max(float(cut.sum() + real.sum()), 1.0)


def embedded(pairs: Iterable[Pair]) -> dict[str, Floats]:
    """The packaged MiniLM's vector of every sentence, each embedded once."""
    from crossover.retrievers.dense import Dense

    sentences = sorted({sentence for pair in pairs for sentence in (pair.one, pair.other)})
    return dict(zip(sentences, Dense(batch=64).embed(sentences, "sentences")[0], strict=True))


def train(learnt: Samples, tuned: Samples, recipe: Recipe) -> dict[str, Floats]:
    """Fit the network; a boundary counts ``boundary_weight`` times as much as another pair."""
    import torch

    torch.manual_seed(recipe.seed)
    network = torch.nn.Sequential(
        torch.nn.Dropout(recipe.dropout),
        torch.nn.Linear(4 * learnt.one.shape[1], recipe.hidden),
        torch.nn.ReLU(),
        torch.nn.Dropout(recipe.dropout),
        torch.nn.Linear(recipe.hidden, 1),
    )
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay
    )
    steps = recipe.epochs * (-(-len(learnt.pairs) // recipe.batch))
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, steps)
    best = -1.0
    found: dict[str, Floats] = {}
    for epoch in range(recipe.epochs):
        meter.working("epochs", epoch, recipe.epochs)
        _epoch(network, learnt, recipe, optimizer, schedule)
        weights = _exported(network)
        reached = boundary_f1(tuned.same, tuned.scores(weights), recipe.threshold)
        if reached > best:
            best, found = reached, weights
    return found


def _epoch(network: Any, learnt: Samples, recipe: Recipe, optimizer: Any, schedule: Any) -> None:
    import torch

    network.train()
    same = torch.from_numpy(learnt.same)
    weight = torch.where(same > 0, 1.0, recipe.boundary_weight)
    order: Any = torch.randperm(len(same))
    for at in order.split(recipe.batch):
        rows = _segmentation.features(learnt.one[at.numpy()], learnt.other[at.numpy()])
        logits = network(torch.from_numpy(rows)).squeeze(1)
        loss: Any = torch.nn.functional.binary_cross_entropy_with_logits(
            logits, same[at], weight[at]
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()


def _exported(network: Any) -> dict[str, Floats]:
    """The weights as they are shipped: rounded to half precision."""
    return {
        f"{name}.{kind}": value.detach().half().float().numpy().copy()
        for name, layer in (("hidden", network[1]), ("out", network[4]))
        for kind, value in layer.named_parameters()
    }


def save(weights: dict[str, Floats], path: Path) -> None:
    """Write the weights in half precision; raises ConfigError where that cannot be done."""
    from safetensors.numpy import save_file

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file({name: value.astype("float16") for name, value in weights.items()}, path)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error}") from None
