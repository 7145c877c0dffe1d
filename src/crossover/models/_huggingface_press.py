"""What a local model reads before it writes; by kvpress with fewer key-value pairs."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, Literal

from crossover.errors import MissingExtra

Press = Literal["", "expected_attention", "snapkv", "chunkkv", "knorm", "streaming_llm", "tova"]
# the names under which kvpress has them; chunkkv holds another
PRESSES = {
    "expected_attention": "ExpectedAttentionPress",
    "snapkv": "SnapKVPress",
    "knorm": "KnormPress",
    "streaming_llm": "StreamingLLMPress",
    "tova": "TOVAPress",
}
PACKAGE = "kvpress, which excludes transformers 5.3 and pandas 3, in an environment of its own"


def check_press(press: Press) -> None:
    """Raise MissingExtra where a press is asked for and kvpress is not installed."""
    if press and find_spec("kvpress") is None:
        raise MissingExtra(PACKAGE, "rag,kvpress", f"huggingface(press={press})")


def prompted(model: Any, tokens: Sequence[int], press: Press, ratio: float) -> dict[str, Any]:
    """What ``generate`` goes on from: the prompt, or with a press what it left of its cache.

    The press sees all but the prompt's last token, so that the whole reply rests on what is left.
    """
    import torch

    ids = torch.tensor([tokens], device=model.device)
    if not press or not ratio or len(tokens) < 2:
        return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    from transformers import DynamicCache

    cache = DynamicCache()
    with torch.no_grad(), _press(press, ratio)(model):
        model.model(input_ids=ids[:, :-1], past_key_values=cache, use_cache=True)
    # generate takes as read as many tokens as the cache holds; positions stay those of the prompt
    ids = ids[:, -cache.get_seq_length() - 1 :]
    last = torch.tensor([[len(tokens) - 1]], device=model.device)
    whole = torch.ones_like(ids)
    return {
        "input_ids": ids,
        "attention_mask": whole,
        "past_key_values": cache,
        "position_ids": last,
    }


def _press(press: Press, ratio: float) -> Any:
    import kvpress

    if press == "chunkkv":
        return kvpress.ChunkKVPress(press=kvpress.SnapKVPress(compression_ratio=ratio))
    return getattr(kvpress, PRESSES[press])(compression_ratio=ratio)
