"""MiniLM for the reader: word pieces, and cosines of sentences with a question."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from threading import Lock
from typing import Any

from crossover import meter, precision, tokens
from crossover.errors import MissingExtra
from crossover.models.reader._windows import tokenizer

LONGEST = 256
BATCH_TOKENS = 1536
_running = Lock()


@cache
def encoder() -> Any:
    """Load the encoder onto this machine's fastest device."""
    try:
        precision.quiet()
        from transformers import BertModel
    except ImportError:
        raise MissingExtra("transformers", "rag", "the embedded reader") from None
    model = BertModel.from_pretrained(str(precision.minilm_folder()), local_files_only=True)
    return model.train(False).to(precision.device())


def count(text: str) -> int:
    """Count word pieces."""
    found = tokenizer().encode_batch(tokens.pieces(text), add_special_tokens=False)
    return sum(len(piece) for piece in found)


def similarities(query: str, texts: Sequence[str], stride: int, threads: int) -> list[float]:
    """Cosine of every text with the query; ``stride`` texts are held in memory at a time.

    Raises KeyboardInterrupt between two strides where the run is stopping.
    """
    precision.set_threads(threads)
    scores: list[float] = []
    with meter.turn(_running), precision.inference():
        target = _vectors([query])[0]
        for start in range(0, len(texts), stride):
            vectors = _vectors(texts[start : start + stride])
            scores += (vectors @ target).tolist()
            meter.working("reading", len(scores), len(texts))
    return scores


def _vectors(texts: Sequence[str]) -> Any:
    """Unit vectors (len(texts) × 384): mean over word pieces, longest texts first."""
    import torch

    ids = [e.ids[: LONGEST - 1] + e.ids[-1:] for e in tokenizer().encode_batch(list(texts))]
    order = sorted(range(len(ids)), key=lambda at: -len(ids[at]))
    vectors = torch.zeros(len(ids), 384)
    while order:
        size = max(1, BATCH_TOKENS // len(ids[order[0]]))
        batch, order = order[:size], order[size:]
        vectors[batch] = _batch([ids[at] for at in batch]).cpu()
    return torch.nn.functional.normalize(vectors, dim=1)


def _batch(ids: Sequence[Sequence[int]]) -> Any:
    import torch

    longest = max(map(len, ids))
    padded = torch.tensor([[*row, *[0] * (longest - len(row))] for row in ids])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in ids])
    padded, mask = padded.to(precision.device()), mask.to(precision.device())
    hidden = encoder()(input_ids=padded, attention_mask=mask).last_hidden_state.float()
    weights = mask.unsqueeze(-1).float()
    return (hidden * weights).sum(1) / weights.sum(1)
