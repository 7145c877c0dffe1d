"""Where a Hugging Face model's files lie: a folder, the hub's cache, or the hub itself."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from crossover import precision
from crossover.errors import ConfigError, MissingExtra

HUB_SECONDS = 5
# never pickled weights, which are code, nor any program
FILES = ("*.json", "*.safetensors", "*.model", "*.txt", "*.jinja")
PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.h5", "*.msgpack")


@lru_cache(maxsize=16)
def folder(name: str) -> Path:
    """Find or download a model's files.

    Raises ConfigError with what is wrong in one line, MissingExtra where a package is missing.
    """
    for package in ("torch", "transformers"):
        if find_spec(package) is None:
            raise MissingExtra(package, "rag", "a local Hugging Face model")
    found = _local(name) or _cached(name) or _downloaded(name)
    if not (found / "config.json").is_file():
        raise ConfigError(f"{name}: no config.json there, so no Hugging Face model")
    if not any(found.glob("*.safetensors")):
        pickled = any(path for pattern in PICKLED for path in found.glob(pattern))
        why = "its weights are pickled, which could run code" if pickled else "it has no weights"
        raise ConfigError(f"{name}: {why}; *.safetensors files alone are loaded")
    return found


@lru_cache(maxsize=16)
def config(name: str) -> Any:
    """Read a model's configuration."""
    from transformers import AutoConfig

    return loaded(name, AutoConfig.from_pretrained)


@lru_cache(maxsize=16)
def tokenizer(name: str, literal: bool = False) -> Any:
    """Load a model's tokenizer; a literal one takes nothing in a text for a special token.

    They are two, because changing that in one that several threads use would break it.
    """
    from transformers import AutoTokenizer

    found = loaded(name, AutoTokenizer.from_pretrained, split_special_tokens=literal)
    # some versions make an empty one where there are no files
    if found.decode(found("a", add_special_tokens=False)["input_ids"]).strip() != "a":
        raise ConfigError(f"{name}: no tokenizer there that knows the letter a")
    return found


def loaded(name: str, load: Any, **how: Any) -> Any:
    """Load something from a model's folder; its own code is never run, whatever fails is told."""
    where = folder(name)
    precision.quiet()
    try:
        return load(where, local_files_only=True, trust_remote_code=False, **how)
    # the libraries raise errors of many kinds here, and all mean that it cannot be loaded
    except Exception as error:
        raise ConfigError(f"{name}: cannot load this model: {line(error)}") from None


@lru_cache(maxsize=16)
def fingerprint(name: str) -> str:
    """SHA-256 over a model's files: other weights under the same name are another model."""
    digest, where = hashlib.sha256(), folder(name)
    for path in sorted(path for pattern in FILES for path in where.glob(pattern)):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{path.name} {content}\n".encode())
    return digest.hexdigest()


def line(error: Exception) -> str:
    """Say what went wrong on one line."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _local(name: str) -> Path | None:
    path = Path(name).expanduser()
    if path.is_dir():
        return path
    # a hub's id is NAME or OWNER/NAME
    if path.is_absolute() or name.startswith((".", "~")) or name.count("/") > 1:
        raise ConfigError(f"{name}: no such folder; give a model's folder or its id on the hub")
    return None


def _cached(name: str) -> Path | None:
    """What an earlier download left, where its weights are among it; the hub is not asked."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        found = Path(snapshot_download(name, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):
        return None
    return found if any(found.glob("*.safetensors")) else None


def _downloaded(name: str) -> Path:
    """Download a model; fails within seconds where the hub has none or is out of reach."""
    from huggingface_hub import HfApi, snapshot_download

    precision.quiet()
    try:
        HfApi().model_info(name, timeout=HUB_SECONDS)
        return Path(snapshot_download(name, allow_patterns=list(FILES)))
    # the library raises errors of many kinds here, and all mean that there is no model
    except Exception as error:
        raise ConfigError(
            f"{name}: no such model here or on the Hugging Face hub: {line(error)}"
        ) from None
