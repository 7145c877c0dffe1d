"""The small models for token pruning that come with Crossover, as Hugging Face folders.

What is shipped is what was trained: a causal language model with its tokenizer, and the last layer
and head of a keep/drop classifier on the packaged MiniLM. See MODEL_CARD.md for what they can't do.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from crossover.errors import DamagedIndex, DataError, MissingExtra
from crossover.retrievers import _cache, _stored
from crossover.types import Usage

PACKAGED = "packaged"
HERE = Path(__file__).parent
CAUSAL, TOKENIZER, CLASSIFIER = "causal.safetensors", "tokenizer.json", "classifier.safetensors"
END = "<|endoftext|>"
# raised where the same weights are to be written differently
FORMAT = 1
_temporary: list[TemporaryDirectory[str]] = []


@cache
def packaged_causal(source: Path = HERE) -> Path:
    """Folder for ``AutoModelForCausalLM`` and ``AutoTokenizer``: the small language model.

    It is made in the cache from the shipped weights, checked by hash on first use, and made anew
    where it is damaged. ``source`` is another training's folder.
    """
    return _made("causal", [source / CAUSAL, source / TOKENIZER], _write_causal)


@cache
def packaged_classifier(source: Path = HERE) -> Path:
    """Folder for ``AutoModelForTokenClassification`` and ``AutoTokenizer``: label 1 is keep."""
    return _made("classifier", [source / CLASSIFIER], _write_classifier)


def _made(kind: str, files: list[Path], write: Callable[[Path, Path], None]) -> Path:
    about = {"model": kind, "format": str(FORMAT), **{path.name: _hash(path) for path in files}}
    place = _place(about)
    if place.exists():
        try:
            _stored.read(place, about)
            return place
        except DamagedIndex:
            _stored.remove(place)
    try:
        _stored.write(place, about, Usage(), lambda folder: write(files[0].parent, folder))
    except ImportError as error:
        raise MissingExtra(str(error.name), "rag", "the packaged pruning models") from None
    return place


def _place(about: dict[str, str]) -> Path:
    text = json.dumps(about, sort_keys=True)
    parent = _cache.folder("models")
    if parent is None:
        _temporary.append(TemporaryDirectory(prefix="crossover-models-"))
        parent = Path(_temporary[-1].name)
    return parent / f"{about['model']}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path}: no weights of a pruning model: {error.strerror}") from None


def _write_causal(source: Path, folder: Path) -> None:
    from safetensors import safe_open
    from safetensors.torch import load_file
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    from crossover import precision

    precision.quiet()
    with safe_open(source / CAUSAL, "pt") as file:
        config = LlamaConfig(**json.loads(file.metadata()["config"]))
    model = LlamaForCausalLM(config)
    weights = {name: value.float() for name, value in load_file(source / CAUSAL).items()}
    model.load_state_dict(weights, strict=False)
    model.save_pretrained(folder)
    tokenizer: Any = PreTrainedTokenizerFast
    tokenizer(
        tokenizer_file=str(source / TOKENIZER),
        bos_token=END,
        eos_token=END,
        pad_token=END,
        model_max_length=config.max_position_embeddings,
        clean_up_tokenization_spaces=False,
    ).save_pretrained(folder)


def _write_classifier(source: Path, folder: Path) -> None:
    import shutil

    from safetensors.torch import load_file
    from transformers import BertConfig, BertForTokenClassification

    from crossover import precision
    from crossover.compressors._packaged import _weights

    precision.quiet()
    labels = {0: "drop", 1: "keep"}
    minilm = precision.minilm_folder()
    config = BertConfig.from_pretrained(
        minilm, num_labels=2, id2label=labels, label2id={v: k for k, v in labels.items()}
    )
    model = BertForTokenClassification(config)
    model.load_state_dict(_weights.complete(load_file(source / CLASSIFIER)), strict=False)
    model.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json"):
        if (minilm / name).exists():
            shutil.copy(minilm / name, folder / name)
