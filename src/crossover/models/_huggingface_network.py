"""A causal language model in memory: loaded once per process, used by one thread at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock
from typing import Any, Literal

from crossover import precision
from crossover.errors import ConfigError
from crossover.models import _huggingface_files as files
from crossover.models._huggingface_prefix import Prefix

Dtype = Literal["auto", "float32", "bfloat16", "float16"]
running = Lock()
_loading = Lock()


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A model with its tokenizer; hold ``running`` while using it."""

    name: str
    model: Any
    tokenizer: Any
    prefix: Prefix = field(default_factory=Prefix)


def load(name: str, dtype: Dtype = "auto") -> Network:
    """Load a model from a folder or by its id on the hub.

    Weights are safetensors alone, and a model's own code is never run. Raises ConfigError where
    it cannot be loaded as it stands, MissingExtra where torch or transformers is missing.
    """
    with _loading:
        return _load(name, dtype)


@lru_cache(maxsize=2)
def _load(name: str, dtype: Dtype) -> Network:
    tokenizer = files.tokenizer(name)
    from transformers import AutoModelForCausalLM, GenerationConfig

    model, told = files.loaded(
        name,
        AutoModelForCausalLM.from_pretrained,
        use_safetensors=True,
        dtype=dtype,
        output_loading_info=True,
    )
    if lacking := sorted(told["missing_keys"]):
        raise ConfigError(
            f"{name}: {len(lacking)} of a language model's weights are missing, such as "
            f"{lacking[0]}; they would be random"
        )
    own = model.generation_config
    ends = own.eos_token_id if own.eos_token_id is not None else tokenizer.eos_token_id
    first = ends[0] if isinstance(ends, list) else ends
    # a checkpoint's sampling preferences must not shape measured answers
    settings: Any = GenerationConfig
    model.generation_config = settings(eos_token_id=ends, pad_token_id=first or 0)
    return Network(name, model.eval().to(precision.device()), tokenizer)
