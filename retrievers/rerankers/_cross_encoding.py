"""Any sentence-transformers cross-encoder: loaded once, fed by tokens, nothing cut off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from crossover import meter, precision
from crossover.errors import ConfigError, MissingExtra

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

Pair = tuple[str, str]
HUB_SECONDS = 5
WINDOW = 512
_running = Lock()


@lru_cache(maxsize=2)
def load(name: str) -> CrossEncoder:
    """Load from a folder, the hub's cache or the hub; raises ConfigError where there is none."""
    try:
        precision.quiet()
        from sentence_transformers import CrossEncoder
    except ImportError:
        raise MissingExtra("sentence-transformers", "rag", "cross_encoder") from None
    try:
        # what is here or cached is used as it is: the hub is asked for nothing
        encoder: CrossEncoder = CrossEncoder(name, device=precision.device(), local_files_only=True)
    except (OSError, ValueError) as error:
        if Path(name).exists():
            raise ConfigError(f"cross_encoder: cannot load {name!r}: {_line(error)}") from None
        encoder = _from_hub(name)
    if encoder.num_labels != 1:
        raise ConfigError(
            f"cross_encoder: {name} gives {encoder.num_labels} labels; a reranker gives one score"
        )
    return encoder


def scores(
    encoder: CrossEncoder, query: str, texts: Sequence[str], tokens_at_once: int
) -> tuple[list[float], int]:
    """Score texts against a query; a text longer than the window by its best part (MaxP).

    Also returns how many tokens were read. Batches hold pairs of about the same length, at most
    ``tokens_at_once`` tokens with padding.
    """
    pairs, owners, lengths = _windows(encoder, query, texts)
    best = [float("-inf")] * len(texts)
    order = sorted(range(len(pairs)), key=lambda at: -lengths[at])
    done = 0
    with meter.turn(_running), precision.inference():
        for batch in _batches(order, lengths, tokens_at_once):
            found = encoder.predict(
                [pairs[at] for at in batch], batch_size=len(batch), show_progress_bar=False
            )
            for at, score in zip(batch, found, strict=True):
                best[owners[at]] = max(best[owners[at]], float(score))
            done += len(batch)
            meter.working("passages reranked", done, len(pairs))
    return best, sum(lengths)


def _windows(
    encoder: CrossEncoder, query: str, texts: Sequence[str]
) -> tuple[list[Pair], list[int], list[int]]:
    """Pairs that fit, the text that each is a part of, and each pair's tokens."""
    tokenizer = encoder.tokenizer
    window = min(encoder.max_seq_length or WINDOW, tokenizer.model_max_length)
    special = tokenizer.num_special_tokens_to_add(pair=True)
    spans = _spans(encoder, [query, *texts])
    # of a question that would fill the window, its beginning: the passage needs room too
    asked = spans[0][: max((window - special) // 2, 1)]
    query = query[: asked[-1][1]] if asked else query
    room = max(window - special - len(asked), 1)
    pairs, owners, lengths = [], [], []
    for owner, (text, places) in enumerate(zip(texts, spans[1:], strict=True)):
        for first in range(0, max(len(places), 1), room):
            part = places[first : first + room]
            pairs.append((query, text[part[0][0] : part[-1][1]] if part else text))
            owners.append(owner)
            lengths.append(special + len(asked) + len(part))
    return pairs, owners, lengths


def _spans(encoder: CrossEncoder, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
    """Where each token stands in its text."""
    found: list[list[tuple[int, int]]] = encoder.tokenizer(
        list(texts),
        add_special_tokens=False,
        return_offsets_mapping=True,
        truncation=False,
        verbose=False,
    )["offset_mapping"]
    return found


def _batches(order: Sequence[int], lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    batch: list[int] = []
    for at in order:
        # the longest comes first, and all of a batch are padded to it
        if batch and (len(batch) + 1) * lengths[batch[0]] > most:
            yield batch
            batch = []
        batch.append(at)
    if batch:
        yield batch


def _from_hub(name: str) -> CrossEncoder:
    """Download; fails within seconds where the hub has no such model or is out of reach."""
    from huggingface_hub import HfApi
    from sentence_transformers import CrossEncoder

    try:
        HfApi().model_info(name, timeout=HUB_SECONDS)
        found: CrossEncoder = CrossEncoder(name, device=precision.device())
    # the libraries raise errors of many kinds here, and all mean that there is no model
    except Exception as error:
        raise ConfigError(
            f"cross_encoder: no model {name!r} here or on the Hugging Face hub: {_line(error)}"
        ) from None
    return found


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
