"""The reader's network: MiniLM with heads for spans, sentences, passages and answerability.

Written out rather than taken from transformers: with plain attention in bfloat16 it trains three
times and reads 1.3 times as fast on a CPU, and loading it needs torch alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from crossover.models.reader._packed import Linear

WIDTH, HEADS, LAYERS, INNER = 384, 12, 6, 1536
WORD_PIECES, POSITIONS = 30522, 512
# features in which the first and the last word piece of a span are matched
MATCHED = 64
EPSILON = 1e-12
# attention weights held at once where nothing is trained: a megabyte in bfloat16
BLOCK = 1 << 19
# sums of exponentials that leave room for products with values, and for precision
SUMS = 1e-30, 1e34


class Logits(NamedTuple):
    """What is read in windows.

    ``tokens`` (batch × length × 3) are start, end and relevance; ``spans`` (batch × first × last)
    the log odds of every span against "no answer", whose logits are those of [CLS]; ``windows``
    (batch × 2) are rerank and answerable. Spans are scored as a whole (Lee et al. 2016, RaSoR), so
    that the start of one answer is not taken with the end of another.
    """

    tokens: Tensor
    spans: Tensor
    windows: Tensor


class Layer(nn.Module):
    """One transformer layer (post-norm, as in BERT)."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.attend = Linear(WIDTH, 3 * WIDTH)
        self.mix = Linear(WIDTH, WIDTH)
        self.attended = nn.LayerNorm(WIDTH, EPSILON)
        self.widen = Linear(WIDTH, INNER, "gelu")
        self.narrow = Linear(INNER, WIDTH)
        self.finished = nn.LayerNorm(WIDTH, EPSILON)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Update states (batch × length × WIDTH); ``mask`` is added to the attention logits."""
        mixed = self.mix(self._attention(states, mask))
        states = self.attended(states + self._drop(mixed))
        finished: Tensor = self.finished(states + self._drop(self.narrow(self.widen(states))))
        return finished

    def _attention(self, states: Tensor, mask: Tensor) -> Tensor:
        batch, length, _ = states.shape
        each = WIDTH // HEADS
        split = self.attend(states).view(batch, length, 3, HEADS, each).permute(2, 0, 3, 1, 4)
        query, key, value = split.reshape(3, batch * HEADS, length, each)
        attended = _trained if torch.is_grad_enabled() else _read
        mixed = attended(query, key, value, mask.to(query.dtype)).view(batch, HEADS, length, each)
        return mixed.transpose(1, 2).reshape(batch, length, WIDTH)

    def _drop(self, states: Tensor) -> Tensor:
        """Drop features of a whole sequence: drawing one number per token costs a CPU more."""
        if not self.training or not self.dropout:
            return states
        kept = torch.empty(states.shape[0], 1, WIDTH, device=states.device)
        kept = kept.bernoulli_(1 - self.dropout) / (1 - self.dropout)
        return states * kept.to(states.dtype)


def _trained(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    """Attend in operations that can be differentiated; all are heads × length × features."""
    logits = torch.baddbmm(mask, query, key.transpose(1, 2), alpha=1 / math.sqrt(key.shape[2]))
    return torch.bmm(torch.softmax(logits, -1).to(value.dtype), value)


def _read(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    """The same in blocks: weights that stay in the cache are made several times as fast."""
    found = torch.empty_like(value)
    size = max(1, BLOCK // key.shape[1] ** 2)
    for first in range(0, len(query), size):
        part = slice(first, first + size)
        logits = torch.baddbmm(
            mask[part], query[part], key[part].transpose(1, 2), alpha=1 / math.sqrt(key.shape[2])
        )
        if not _weighed(logits, value[part], found[part]):
            torch.softmax(logits, -1, out=logits)
            torch.bmm(logits, value[part], out=found[part])
    return found


def _weighed(logits: Tensor, value: Tensor, found: Tensor) -> bool:
    """Softmax without looking for each row's maximum, and put the mean of the values in ``found``.

    In bfloat16 on a CPU that is twice as fast as torch's, and no less exact. False where sums of
    exponentials leave the format's range, which these logits hardly ever do.
    """
    if logits.dtype is not torch.bfloat16 or logits.is_cuda:
        return False
    weights = logits.exp()
    total = weights.sum(-1, keepdim=True, dtype=torch.float32)
    least, most = total.aminmax()
    if not (least > SUMS[0] and most < SUMS[1]):
        return False
    torch.bmm(weights, value, out=found)
    found.div_(total)
    return True


class Network(nn.Module):
    """Reads windows of ``[CLS] question [SEP] passage [SEP]`` word pieces."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.words = nn.Embedding(WORD_PIECES, WIDTH)
        self.positions = nn.Embedding(POSITIONS, WIDTH)
        self.kinds = nn.Embedding(2, WIDTH)
        self.embedded = nn.LayerNorm(WIDTH, EPSILON)
        self.layers = nn.ModuleList(Layer(dropout) for _ in range(LAYERS))
        self.token_head = nn.Linear(WIDTH, 3)
        self.match_head = nn.Linear(WIDTH, 2 * MATCHED)
        self.window_head = nn.Linear(WIDTH, 2)

    def forward(self, ids: Tensor, kinds: Tensor, mask: Tensor, spans: bool = True) -> Logits:
        """Read windows; without ``spans`` these are left empty.

        ``ids``, ``kinds`` (0 question, 1 passage) and ``mask`` (1 word piece, 0 padding) are
        batch × length.
        """
        states = self.words(ids) + self.positions.weight[: ids.shape[1]] + self.kinds(kinds)
        states = self.embedded(states)
        added = ((mask == 0) * -1e4).repeat_interleave(HEADS, 0)[:, None, :]
        for layer in self.layers:
            states = layer(states, added)
        tokens = self.token_head(states).float()
        found = self._spans(states, tokens) if spans else tokens.new_empty(0)
        return Logits(tokens, found, self.window_head(states[:, 0]).float())

    def _spans(self, states: Tensor, tokens: Tensor) -> Tensor:
        first, last = self.match_head(states).chunk(2, -1)
        matched = torch.bmm(first, last.transpose(1, 2)).float() / math.sqrt(MATCHED)
        odds = tokens[:, :, :2] - tokens[:, :1, :2]
        spans: Tensor = matched + odds[:, :, :1] + odds[:, None, :, 1]
        return spans


def from_minilm(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename BERT's weights to ours; the heads are not among them."""
    names = {
        "embeddings.word_embeddings.weight": "words.weight",
        "embeddings.position_embeddings.weight": "positions.weight",
        "embeddings.token_type_embeddings.weight": "kinds.weight",
        "embeddings.LayerNorm": "embedded",
    }
    parts = {
        "attention.output.dense": "mix",
        "attention.output.LayerNorm": "attended",
        "intermediate.dense": "widen",
        "output.dense": "narrow",
        "output.LayerNorm": "finished",
    }
    ours = {}
    for old, new in names.items():
        for end in ("", ".weight", ".bias"):
            if old + end in weights:
                ours[new + end] = weights[old + end]
    for number in range(LAYERS):
        old, new = f"encoder.layer.{number}", f"layers.{number}"
        for end in ("weight", "bias"):
            threes = [weights[f"{old}.attention.self.{name}.{end}"] for name in _THREE]
            ours[f"{new}.attend.{end}"] = torch.cat(threes)
            for part, name in parts.items():
                ours[f"{new}.{name}.{end}"] = weights[f"{old}.{part}.{end}"]
    return ours


_THREE = ("query", "key", "value")
