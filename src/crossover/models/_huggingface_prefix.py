"""What a local model has read already: a prompt that begins alike is read on from there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

ATTENTION = {"full_attention", "sliding_attention"}


@dataclass(slots=True)
class Prefix:
    """The tokens that a network read last, with their key-value pairs, and who asked."""

    tokens: list[int] = field(default_factory=list)
    pairs: Any = None
    asker: str = ""

    def take(self, model: Any, tokens: Sequence[int], asker: str) -> tuple[Any, int]:
        """Hand over the pairs of what ``tokens`` begin with, and how many tokens these are.

        At least the last token is read anew, as the reply rests on it; all of them for a strategy
        that did not ask last, or its cost would hang on what it is compared with.
        """
        known, pairs = (self.tokens, self.pairs) if asker == self.asker else ([], None)
        self.tokens, self.pairs, self.asker = [], None, asker
        alike = takewhile(lambda pair: pair[0] == pair[1], zip(known, tokens[:-1], strict=False))
        shared = sum(1 for _ in alike)
        if pairs is None or not shared:
            return _empty(model), 0
        # every version of transformers takes how many are to go, as a negative number
        if surplus := pairs.get_seq_length() - shared:
            pairs.crop(-surplus)
        return pairs, shared

    def keep(self, tokens: Sequence[int], pairs: Any) -> None:
        """Keep what was read and written, of which the last token has no pairs yet."""
        if pairs is not None:
            self.tokens, self.pairs = [*tokens][: pairs.get_seq_length()], pairs


def _empty(model: Any) -> Any:
    """A cache that can be cut back, sliding attention's too; None where a layer is no attention."""
    from transformers import DynamicCache

    kinds = getattr(model.config.get_text_config(), "layer_types", None) or ()
    return DynamicCache() if set(kinds) <= ATTENTION else None
