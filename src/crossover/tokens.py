"""Token counts by the encodings that llama-index bundles: never a download at run time."""

from __future__ import annotations

import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from crossover.errors import ConfigError

if TYPE_CHECKING:
    from tiktoken import Encoding

BUNDLED = ("o200k_base", "cl100k_base")
DEFAULT = "o200k_base"
# tiktoken's time grows with the square of a run without a boundary, so long texts go in pieces
PIECE = 100_000


@cache
def encoding(name: str = DEFAULT) -> Encoding:
    """Load a bundled encoding; raises ConfigError where llama-index-core is not installed."""
    if name not in BUNDLED:
        raise ConfigError(f"no encoding {name!r} is bundled; there is: {', '.join(BUNDLED)}")
    folder = bundled_folder()
    if folder is None:
        raise ConfigError(
            "counting tokens needs llama-index-core: pip install 'crossover-rag[rag]'"
        )
    before = os.environ.get("TIKTOKEN_CACHE_DIR")
    os.environ["TIKTOKEN_CACHE_DIR"] = str(folder)
    try:
        import tiktoken

        return tiktoken.get_encoding(name)
    finally:
        if before is None:
            del os.environ["TIKTOKEN_CACHE_DIR"]
        else:
            os.environ["TIKTOKEN_CACHE_DIR"] = before


def bundled_folder() -> Path | None:
    """Where llama-index-core keeps its encodings, found without importing it."""
    found = find_spec("llama_index")
    for root in (found.submodule_search_locations or []) if found else []:
        folder = Path(root) / "core" / "_static" / "tiktoken_cache"
        if folder.is_dir():
            return folder
    return None


def count_tokens(text: str, name: str = DEFAULT) -> int:
    """Count the tokens of a text in a bundled encoding."""
    return sum(len(encoding(name).encode_ordinary(piece)) for piece in pieces(text))


def pieces(text: str) -> list[str]:
    """Cut a text before a space or newline at least every PIECE characters, losing nothing."""
    cut, start = [], 0
    while len(text) - start > PIECE:
        end = start + PIECE
        space = max(text.rfind(" ", start + 1, end), text.rfind("\n", start + 1, end))
        end = space if space > start else end
        cut.append(text[start:end])
        start = end
    return [*cut, text[start:]]
