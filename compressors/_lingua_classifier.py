"""LLMLingua-2 of the llmlingua library: exact places, no global state, each text read once."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from llmlingua import PromptCompressor

from crossover import meter, precision
from crossover.compressors._lingua_loading import Counting, pretrained
from crossover.compressors._lingua_places import Part, Pruned, placed
from crossover.errors import ConfigError

# the library tells tokenizers apart by these names, which a folder's path need not hold
KINDS = {"WordPiece": "bert-base-multilingual-cased", "Unigram": "xlm-roberta-large"}
# the library keeps that many places for forced tokens
MOST_FORCED = 100
WINDOW = 512
# percentiles in which the library counts: it knows no threshold above the last
SMALLEST = 0.01


class Remembering:
    """A classifier that reads nothing twice, and no padding."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.read = 0
        self.known = dict[bytes, Any]()

    def __call__(self, input_ids: Any, attention_mask: Any) -> SimpleNamespace:
        """Run the model on the rows that are new; logits of padding are zeros."""
        keys = [row.tobytes() for row in input_ids.cpu().numpy()]
        new = [at for at, key in enumerate(keys) if key not in self.known]
        if new:
            self.read += int(attention_mask[new].sum())
            meter.working("reading tokens for compression", self.read, self.read)
            longest = int(attention_mask[new].sum(1).max())
            ids, mask = input_ids[new, :longest], attention_mask[new, :longest]
            found = self.model(input_ids=ids, attention_mask=mask).logits.float()
            padding = (0, 0, 0, input_ids.shape[1] - longest)
            wide = torch.nn.functional.pad(found, padding)
            self.known.update((keys[at], row) for at, row in zip(new, wide, strict=True))
        return SimpleNamespace(loss=None, logits=torch.stack([self.known[key] for key in keys]))


class ClassifierPruner(PromptCompressor):  # type: ignore[misc]
    """The library's LLMLingua-2; hold ``_lingua_loading.running`` while using it."""

    model: Any
    tokenizer: Any
    max_position_embeddings: int

    def __init__(self, name: str) -> None:
        super().__init__(name, precision.device(), use_llmlingua2=True)
        self.max_seq_len = min(WINDOW, self.max_position_embeddings)
        self.model = Remembering(self.model)
        self.oai_tokenizer = Counting()

    def load_model(self, model_name: str, device_map: str = "", model_config: Any = None) -> None:
        """Load safetensors alone, with no code of the model's own and no guess at weights."""
        model, tokenizer, config = pretrained(model_name, "AutoModelForTokenClassification")
        kind = json.loads(tokenizer.backend_tokenizer.to_str())["model"]["type"]
        if kind not in KINDS or config.num_labels != 2:
            raise ConfigError(
                f"{model_name}: no LLMLingua-2 model: it needs 2 labels (drop, keep) and a "
                f"{' or '.join(KINDS)} tokenizer, not {config.num_labels} and {kind}"
            )
        self.model_name = KINDS[kind]
        self.model, self.tokenizer, self.device = model, tokenizer, model.device
        self.max_position_embeddings = config.max_position_embeddings

    def init_llmlingua2(self, *given: Any, **named: Any) -> None:
        """Let the library seed everything for its new embeddings, then undo it."""
        with _own_seeds(), _unsaid():
            super().init_llmlingua2(*given, **named)

    def begin(self) -> None:
        """Forget what was read for other texts."""
        self.model.known.clear()
        self.model.read = 0

    def chunks(self, text: str, force_tokens: Sequence[str]) -> list[tuple[int, int]]:
        """Cut a text as the library does: at the last full stop or line end within the window."""
        found = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        places, tokens = found["offset_mapping"], found.tokens()
        unknown = [one == self.tokenizer.unk_token_id for one in found["input_ids"]]
        ends = [place[0] for place in places[1:]] + [len(text)]
        # every forced token that is no token of the model becomes one
        mapped = [one for one in force_tokens if len(self.tokenizer.tokenize(one)) != 1]

        def closes(at: int) -> bool:
            gap = text[places[at][1] : ends[at]]
            return bool(tokens[at] == "." or ("\n" in mapped and "\n" in gap))

        cut, first = [], 0
        while first < len(places):
            last = self._fitting(text, places, ends, mapped, first)
            if last + 1 < len(places):
                stops = range(last, first, -1)
                closing = (at for at in stops if closes(at))
                last = next(closing, last)
            if not all(unknown[first : last + 1]):
                cut.append((places[first][0], ends[last]))
            first = last + 1
        return cut

    def _fitting(
        self,
        text: str,
        places: Sequence[tuple[int, int]],
        ends: Sequence[int],
        mapped: Sequence[str],
        first: int,
    ) -> int:
        """The last token that fits into a window from ``first`` on."""
        # the library lets the closing special token go for one more
        room, at = self.max_seq_len - 1, first
        while at < len(places):
            room -= 1 + sum(text[places[at][0] : ends[at]].count(one) for one in mapped)
            if room < 0 and at > first:
                return at - 1
            at += 1
        return at - 1

    def prune(self, texts: Sequence[str], share: float, **how: Any) -> Pruned:
        """Run the library on texts for a share of their tokens; ``how`` are its own options."""
        order = tuple(range(len(texts)))
        if share >= 1:
            return Pruned(order, tuple(Part(at, 0, len(texts[at])) for at in order))
        between, before = _unused(texts)
        found = self.compress_prompt(
            list(texts),
            rate=max(SMALLEST, share),
            return_word_label=True,
            word_sep=between,
            label_sep=before,
            **how,
        )
        labelled = [
            one.rpartition(before) for one in found["fn_labeled_original_prompt"].split(between)
        ]
        places = placed([word for word, _, _ in labelled], texts)
        kept = (part for part, one in zip(places, labelled, strict=True) if one[2] == "1")
        return Pruned(order, tuple(part for part in kept if part))


def _unused(texts: Sequence[str]) -> tuple[str, str]:
    """Two characters that none of the texts holds."""
    held = set[str]().union(*texts)
    free = (chr(code) for code in range(0xE000, 0xF900) if chr(code) not in held)
    return next(free), next(free)


@contextmanager
def _unsaid() -> Iterator[None]:
    """Keep from users what transformers says of the library's new embeddings."""
    from transformers.utils import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)


@contextmanager
def _own_seeds() -> Iterator[None]:
    """Give the random generators and settings that the library sets back as they were."""
    ours, numpys = random.getstate(), np.random.get_state()
    hashes = os.environ.get("PYTHONHASHSEED")
    cudnn = torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark
    try:
        with torch.random.fork_rng():
            yield
    finally:
        random.setstate(ours)
        np.random.set_state(numpys)
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = cudnn
        os.environ.pop("PYTHONHASHSEED", None)
        if hashes is not None:
            os.environ["PYTHONHASHSEED"] = hashes
