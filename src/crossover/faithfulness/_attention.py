"""What an answer attends to in a local model, averaged over layers and heads."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from functools import cache
from typing import Any

from crossover.compressors._attention import (
    ARCHITECTURES,
    Handed,
    attention_from,
    numbers,
)
from crossover.errors import ConfigError
from crossover.faithfulness import _local
from crossover.faithfulness._local import Prompted
from crossover.models import _huggingface_files as files

NAME = "crossover_all_layers"


class _Watched:
    """The attention from ``first`` on that the layers of one pass have shown so far."""

    def __init__(self, first: int) -> None:
        self.take = attention_from(first)
        self.total: Any = 0.0
        self.heads = self.layers = 0

    def note(self, layer: Handed) -> None:
        self.total = self.total + self.take(layer).mean(0)
        self.heads, self.layers = layer.query.shape[0], self.layers + 1


_watched: ContextVar[_Watched | None] = ContextVar("crossover_all_attention", default=None)


def check(name: str) -> None:
    """Raise ConfigError for a model whose attention cannot be read."""
    kind = files.config(name).model_type
    if kind not in ARCHITECTURES:
        raise ConfigError(
            f"{name} is of the architecture {kind}; attention is read from "
            f"{', '.join(ARCHITECTURES)}: use method=search"
        )


def weights(one: Prompted) -> list[float]:
    """Attention from the answer's tokens to every token: the mean over them, layers and heads."""
    _register()
    network = one.network
    with _local.running(one, "attention read") as ids:
        watched = _Watched(one.answer)
        token, before = _watched.set(watched), network.model.config._attn_implementation
        try:
            network.model.set_attn_implementation(NAME)
            network.model.model(ids, use_cache=False)
        finally:
            network.model.set_attn_implementation(before)
            _watched.reset(token)
    if not watched.layers:
        raise ConfigError(f"{network.name} hands no attention to be looked at; use method=search")
    found: list[float] = numbers(watched.total / watched.layers / watched.heads).tolist()
    return found


def by_passage(one: Prompted, top: int) -> list[float]:
    """For every passage of a prompt the mean of its ``top`` best tokens' weights."""
    found = weights(one)
    best = (sorted(found[start:end], reverse=True)[:top] for start, end in one.places)
    return [sum(some) / max(len(some), 1) for some in best]


def subsamples(count: int, samples: int, share: float, seed: int) -> Iterator[Sequence[int]]:
    """Random shares of the passages, each in order."""
    drawn, size = random.Random(seed), max(1, round(share * count))
    for _ in range(samples):
        yield sorted(drawn.sample(range(count), size))


@cache
def _register() -> None:
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.integrations.sdpa_attention import sdpa_attention_forward
    from transformers.masking_utils import sdpa_mask

    def attend(module: Any, query: Any, key: Any, value: Any, mask: Any, **how: Any) -> Any:
        if watched := _watched.get():
            watched.note(Handed(query[0], key[0], mask, how["scaling"]))
        return sdpa_attention_forward(module, query, key, value, mask, **how)

    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, sdpa_mask)
