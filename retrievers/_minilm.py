"""The packaged MiniLM without sentence-transformers: faster, and loaded with torch alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file
from tokenizers import Encoding, Tokenizer
from torch import Tensor, nn

from crossover import precision
from crossover.models.reader._network import (
    EPSILON,
    HEADS,
    LAYERS,
    POSITIONS,
    WIDTH,
    WORD_PIECES,
    Layer,
    from_minilm,
)

if TYPE_CHECKING:
    from crossover.retrievers._encoders import Offsets

    Matrix = Any
CLS, SEP = 101, 102
# tokens of a text of usual length: a batch holds as many tokens as so many of these
USUAL = 64


class Network(nn.Module):
    """BERT's layers as the reader runs them, without its heads."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(WORD_PIECES, WIDTH)
        self.positions = nn.Embedding(POSITIONS, WIDTH)
        self.kinds = nn.Embedding(2, WIDTH)
        self.embedded = nn.LayerNorm(WIDTH, EPSILON)
        self.layers = nn.ModuleList(Layer(0.0) for _ in range(LAYERS))

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return the states (batch × length × WIDTH); ``mask`` is 1 on word pieces."""
        found = self.words(ids) + self.positions.weight[: ids.shape[1]] + self.kinds.weight[0]
        states: Tensor = self.embedded(found)
        added = ((mask == 0) * -1e4).repeat_interleave(HEADS, 0)[:, None, :]
        for layer in self.layers:
            states = layer(states, added)
        return states


class MiniLm:
    """all-MiniLM-L6-v2: mean of the states of the last layer, as unit vectors."""

    # its card says 256, its positions reach 512; the default chunk of 300 tokens needs them
    room = POSITIONS - 2

    def __init__(self) -> None:
        folder = precision.minilm_folder()
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.network = Network()
        weights = from_minilm(load_file(folder / "model.safetensors"))
        self.network.load_state_dict(weights)
        self.network.train(False).to(precision.device())

    def offsets(self, texts: Sequence[str]) -> list[Offsets]:
        """Where every word piece of every text stands."""
        return [list(found.offsets) for found in self._encoded(texts)]

    def encode(self, texts: Sequence[str], batch: int) -> Matrix:
        """Embed texts that fit the window, short ones more at once than ``batch`` whole ones."""
        found = torch.zeros(len(texts), WIDTH)
        for rows, states, mask in self._batches(self._fitting(texts), batch):
            pooled = (states.float() * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
            found[rows] = nn.functional.normalize(pooled).cpu()
        return found.numpy()

    def states(self, texts: Sequence[str], batch: int) -> list[tuple[Matrix, Offsets]]:
        """Return the state of every word piece of texts that fit the window, and its place."""
        encoded = self._fitting(texts)
        found: list[Any] = [None] * len(texts)
        for rows, states, _ in self._batches(encoded, batch):
            for row, mine in zip(rows, states.float().cpu().numpy(), strict=True):
                size = len(encoded[row].ids)
                found[row] = mine[1 : 1 + size], list(encoded[row].offsets)
        return found

    def finish(self, pooled: Matrix) -> Matrix:
        """Make pooled states unit vectors."""
        return nn.functional.normalize(torch.from_numpy(pooled)).numpy()

    def _encoded(self, texts: Sequence[str]) -> list[Encoding]:
        found: list[Encoding] = self.tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return found

    def _fitting(self, texts: Sequence[str]) -> list[Encoding]:
        """Encode texts that fit; a window that cuts a word in two may be a little longer."""
        found = self._encoded(texts)
        for one in found:
            one.truncate(self.room)
        return found

    def _batches(
        self, encoded: Sequence[Encoding], batch: int
    ) -> Iterator[tuple[list[int], Tensor, Tensor]]:
        """Run the network over texts of about one length at a time."""
        order = sorted(range(len(encoded)), key=lambda at: -len(encoded[at].ids))
        together = list[list[int]]()
        while order:
            size = max(1, batch * USUAL // (2 + len(encoded[order[0]].ids)))
            together.append(order[:size])
            order = order[size:]
        pieces = [[encoded[row].ids for row in rows] for rows in together]
        for rows, (states, mask) in zip(together, precision.spread(self._run, pieces), strict=True):
            yield rows, states, mask

    def _run(self, pieces: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """The states of texts' word pieces, the longest text first, and their mask."""
        ids = torch.zeros(len(pieces), 2 + len(pieces[0]), dtype=torch.long)
        mask = torch.zeros(ids.shape)
        for at, one in enumerate(pieces):
            whole = [CLS, *one, SEP]
            ids[at, : len(whole)] = torch.tensor(whole)
            mask[at, : len(whole)] = 1
        mask = mask.to(precision.device())
        with precision.inference():
            return self.network(ids.to(precision.device()), mask), mask


@cache
def load() -> MiniLm:
    """Load it once."""
    return MiniLm()
