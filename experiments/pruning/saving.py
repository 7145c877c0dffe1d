"""What a training leaves behind: the weights as they are shipped, and Hugging Face folders."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from crossover.compressors._packaged import (
    CAUSAL,
    CLASSIFIER,
    TOKENIZER,
    packaged_causal,
    packaged_classifier,
)
from crossover.errors import ConfigError

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor
    from transformers import LlamaForCausalLM

# what a causal model is made of again; all else is transformers' default
CONFIG = (
    "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
    "max_position_embeddings", "tie_word_embeddings", "bos_token_id", "eos_token_id",
)  # fmt: skip
FOLDERS = {"causal": packaged_causal, "classifier": packaged_classifier}


def folder(out: Path) -> None:
    """Make the folder; raises ConfigError where there can be none."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{out}: no folder can be made there: {error.strerror}") from None


def causal(model: LlamaForCausalLM, cut: Tokenizer, out: Path) -> None:
    """Write the language model in half precision, its shape as metadata, and the tokenizer."""
    from safetensors.torch import save_file

    tied = {"lm_head.weight"}
    weights = {k: v.half().contiguous() for k, v in model.state_dict().items() if k not in tied}
    shape = {name: getattr(model.config, name) for name in CONFIG}
    save_file(weights, out / CAUSAL, {"config": json.dumps(shape)})
    cut.save(str(out / TOKENIZER), pretty=False)


def classifier(weights: Mapping[str, Tensor], out: Path) -> None:
    """Write the classifier's trained part."""
    from safetensors.torch import save_file

    save_file(dict(weights), out / CLASSIFIER)


def hugging_face(out: Path) -> list[Path]:
    """Make the folders that transformers loads, in place of those of before."""
    places = []
    for name, made in FOLDERS.items():
        place = out / name
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(made(out), place)
        places.append(place)
    return places
