"""How much a causal language model is surprised by each token of a text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from crossover import meter, precision
from crossover.compressors._packaged import PACKAGED, packaged_causal
from crossover.compressors._words import Scored
from crossover.errors import ConfigError
from crossover.retrievers._encoders import running

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# tokens that are read at once: what a batch of logits takes in memory
BATCH = 1024
# a longer text is read in pieces, however long the model's window is
LONGEST = 1024


class Causal:
    """A causal language model of transformers with its tokenizer."""

    def __init__(self, network: Any, tokenizer: PreTrainedTokenizerBase) -> None:
        self.network = network.to(precision.device()).train(False)
        self.tokenizer: Any = tokenizer
        ids = (tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.cls_token_id)
        self.begin: Any = next((at for at in ids if at is not None), None)
        window = getattr(network.config, "max_position_embeddings", None) or LONGEST
        self.room = min(window, LONGEST) - 1

    def read(self, texts: Sequence[str]) -> list[list[Scored]]:
        """Every token with its nats, each text by itself, in pieces where it exceeds the window."""
        found: list[list[Scored]] = [[] for _ in texts]
        pieces = list(self._pieces(texts))
        order = sorted(range(len(pieces)), key=lambda at: -len(pieces[at][1]))
        known = dict[int, list[float]]()
        while order:
            length = 1 + len(pieces[order[0]][1])
            rows, order = order[: max(1, BATCH // length)], order[max(1, BATCH // length) :]
            known.update(zip(rows, self._information([pieces[r][1] for r in rows]), strict=True))
            meter.working("passages", len(known), len(pieces))
        for at, (owner, _, offsets) in enumerate(pieces):
            found[owner] += [
                Scored(*place, nats) for place, nats in zip(offsets, known[at], strict=True)
            ]
        return found

    def _pieces(
        self, texts: Sequence[str]
    ) -> Iterator[tuple[int, list[int], list[tuple[int, int]]]]:
        if not texts:
            return
        encoded = self.tokenizer(
            list(texts), add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )
        for owner, ids in enumerate(encoded["input_ids"]):
            offsets = encoded["offset_mapping"][owner]
            for first in range(0, len(ids), self.room):
                last = first + self.room
                yield owner, ids[first:last], [(a, b) for a, b in offsets[first:last]]

    def _information(self, ids: Sequence[Sequence[int]]) -> list[list[float]]:
        """Nats of every token after those before it; padding comes last, where nothing sees it."""
        import torch

        length = max(len(one) for one in ids)
        whole = torch.full((len(ids), length + 1), self.begin)
        for row, one in enumerate(ids):
            whole[row, 1 : len(one) + 1] = torch.tensor(one)
        whole = whole.to(precision.device())
        with precision.inference():
            logits = self.network(input_ids=whole, use_cache=False).logits[:, :-1].float()
            nats = torch.nn.functional.cross_entropy(
                logits.flatten(0, 1), whole[:, 1:].flatten(), reduction="none"
            ).view(len(ids), length)
        return [row[: len(one)] for row, one in zip(nats.tolist(), ids, strict=True)]


def read(name: str, texts: Sequence[str], threads: int = 0) -> list[list[Scored]]:
    """Read texts with the model of that name, one caller at a time."""
    causal = load(name)
    precision.set_threads(threads)
    with meter.turn(running):
        return causal.read(texts)


@lru_cache(maxsize=2)
def load(name: str) -> Causal:
    """Load the packaged model, a local folder or one of the hub; raises ConfigError, MissingExtra.

    What is here or cached is used as it is, and the hub is asked for nothing.
    """
    source = str(packaged_causal()) if name == PACKAGED else name
    network, tokenizer = _loaded(source)
    found = Causal(network, tokenizer)
    if found.begin is None or not tokenizer.is_fast:
        wrong = "does not place its tokens" if found.begin is not None else "begins with no token"
        raise ConfigError(f"{name}: its tokenizer {wrong}; choose another causal language model")
    return found


def _loaded(name: str) -> tuple[Any, Any]:
    from crossover.models import _huggingface_files as files

    files.folder(name)
    import torch
    from transformers import AutoModelForCausalLM

    network = files.loaded(name, AutoModelForCausalLM.from_pretrained, dtype=torch.float32)
    return network, files.tokenizer(name)
