"""Lengths by any tokenizer, told from parts of a text, so that no long text is counted often."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from crossover.errors import ConfigError, MissingExtra
from crossover.tokens import BUNDLED, encoding, pieces

LOCAL = re.compile(r"[./~]|\w:[\\/]")
HUB_SECONDS = 5
SAMPLE = 4000
# characters around a wanted place in which the end of a word is looked for
AROUND = 60
STEPS = 12
UNITS = ((1024 * 1024, "M"), (1024, "k"), (1_000_000, "M"), (1000, "k"))


def one_or_many(value: object) -> object:
    """Take a single value for a list of one."""
    return value if isinstance(value, list | tuple) else (value,)


Lengths = Annotated[
    tuple[Annotated[int, Field(ge=500, le=10_000_000)], ...],
    Field(min_length=1),
    BeforeValidator(one_or_many),
]
Depths = Annotated[
    tuple[Annotated[float, Field(ge=0, le=1)], ...],
    BeforeValidator(one_or_many),
]
Counts = Annotated[
    tuple[Annotated[int, Field(ge=1, le=1_000_000)], ...],
    Field(min_length=1),
    BeforeValidator(one_or_many),
]


class Counter:
    """Counts tokens by one tokenizer; ``each`` is the number of every text of a list."""

    def __init__(self, each: Callable[[Sequence[str]], list[int]]) -> None:
        self.each = each

    def count(self, text: str) -> int:
        """How many tokens a text of any length has."""
        return sum(self.each(pieces(text)))

    def cut(self, text: str, tokens: int) -> int:
        """Where the first ``tokens`` tokens of a text end, at the nearest end of a word.

        Counts the text once up to about there, then only what lies between two guesses.
        """
        each = len(text[:SAMPLE]) / max(self.count(text[:SAMPLE]), 1)
        found, at, have = (abs(tokens), 0), 0, 0
        for _ in range(STEPS):
            guess = _end_of_word(text, at + int((tokens - have) * each))
            if guess == at:
                break
            between = self.count(text[min(at, guess) : max(at, guess)])
            at, have = guess, have + (between if guess > at else -between)
            found = min(found, (abs(tokens - have), at))
            if found[0] <= 1:
                break
        return found[1]


@cache
def counter(tokenizer: str) -> Counter:
    """The counter of a bundled encoding, a ``tokenizer.json``, or a model's on the hub.

    Raises ConfigError where there is none of that name, MissingExtra where a package is missing.
    """
    if tokenizer in BUNDLED:
        encode = encoding(tokenizer).encode_ordinary
        return Counter(lambda texts: [len(encode(text)) for text in texts])
    found = _loaded(tokenizer)
    found.no_truncation()
    found.no_padding()

    def each(texts: Sequence[str]) -> list[int]:
        encoded = found.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(one.ids) for one in encoded]

    return Counter(each)


def token_starts(text: str, tokenizer: str) -> list[int]:
    """Where each token of a text begins, in characters, and at last the text's end.

    Raises what ``counter`` raises.
    """
    if tokenizer in BUNDLED:
        codec, starts, at = encoding(tokenizer), list[int](), 0
        for piece in pieces(text):
            _, found = codec.decode_with_offsets(codec.encode_ordinary(piece))
            starts += [at + start for start in found]
            at += len(piece)
    else:
        offsets = _loaded(tokenizer).encode(text, add_special_tokens=False).offsets
        starts = [start for start, _ in offsets]
    return [*starts, len(text)]


def length_names(lengths: Sequence[int]) -> dict[int, str]:
    """Name lengths as the field does (500, 4k, 1M), in digits where two would get one name."""
    named = {tokens: _short(tokens) for tokens in lengths}
    if len(set(named.values())) < len(named):
        return {tokens: str(tokens) for tokens in lengths}
    return named


def _short(tokens: int) -> str:
    for size, unit in UNITS:
        if tokens % size == 0:
            return f"{tokens // size}{unit}"
    return f"{tokens / 1000:.4g}k" if tokens > 1000 else str(tokens)


def _end_of_word(text: str, target: int) -> int:
    """The end of a word nearest to a place, the place itself where none is near."""
    if target <= 0 or target >= len(text):
        return min(max(target, 0), len(text))
    first = max(target - AROUND, 0)
    near = [first + match.start() for match in re.finditer(r"\s+", text[first : target + AROUND])]
    return min(near, key=lambda at: abs(at - target), default=target)


def _loaded(name: str) -> Any:
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise MissingExtra("tokenizers", "rag", f"the tokenizer {name}") from None
    path = _file_of(name)
    # the library raises errors of many kinds here, and all mean that it is no tokenizer
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:
        raise ConfigError(f"{path}: not a tokenizer.json: {_line(error)}") from None


def _file_of(name: str) -> Path:
    path = Path(name).expanduser()
    path = path / "tokenizer.json" if path.is_dir() else path
    if path.is_file():
        return path
    known = f"give {', '.join(BUNDLED)}, a tokenizer.json or a model's id on the hub"
    if LOCAL.match(name) or path.suffix == ".json" or path.name == "tokenizer.json":
        raise ConfigError(f"{path}: there is no such tokenizer; {known}")
    try:
        from huggingface_hub import hf_hub_download

        return Path(hf_hub_download(name, "tokenizer.json", etag_timeout=HUB_SECONDS))
    # the library raises errors of many kinds here, and all mean that there is none
    except Exception as error:
        raise ConfigError(f"no tokenizer {name!r}: {_line(error)}; {known}") from None


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
