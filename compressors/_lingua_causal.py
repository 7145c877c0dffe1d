"""LLMLingua and LongLLMLingua of the llmlingua library: exact places, today's transformers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf
from types import SimpleNamespace
from typing import Any

import torch
from llmlingua import PromptCompressor
from transformers import DynamicCache

from crossover import meter, precision
from crossover.compressors._lingua_loading import Counting, pretrained
from crossover.compressors._lingua_places import Part, Pruned

Pairs = list[tuple[Any, Any]]
GLUE = "\n\n"


class Cached:
    """A causal model that takes and returns its cache as pairs of tensors, as the library does.

    transformers has a class for it since 4.36 and nothing else since 4.48.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.read = 0

    def __call__(
        self,
        input_ids: Any,
        attention_mask: Any,
        past_key_values: Pairs | None = None,
        use_cache: bool = True,
    ) -> SimpleNamespace:
        """Run the model on what follows the cache."""
        cache = DynamicCache()
        for layer, (keys, values) in enumerate(past_key_values or ()):
            cache.update(keys, values, layer)
        found = self.model(
            input_ids, attention_mask=attention_mask, past_key_values=cache, use_cache=use_cache
        )
        self.read += input_ids.numel()
        return SimpleNamespace(logits=found.logits, past_key_values=_pairs(found.past_key_values))


def _pairs(cache: Any) -> Pairs:
    if hasattr(cache, "layers"):
        return [(layer.keys, layer.values) for layer in cache.layers]
    return list(cache.to_legacy_cache())


class CausalPruner(PromptCompressor):  # type: ignore[misc]
    """The library's compressor with its steps as they are, overridden where they lose places.

    Hold ``_lingua_loading.running`` while using it.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name, precision.device())
        self.oai_tokenizer = Counting()
        self._known = dict[tuple[Any, ...], Any]()

    def load_model(self, model_name: str, device_map: str = "", model_config: Any = None) -> None:
        """Load safetensors alone, with no code of the model's own and no guess at weights."""
        model, self.tokenizer, config = pretrained(model_name, "AutoModelForCausalLM")
        self.model = Cached(model)
        self.device = model.device
        self.context_idxs: list[list[int]] = []
        self.max_position_embeddings = config.max_position_embeddings

    def begin(self) -> None:
        """Forget what was read for another question or other texts."""
        self._known.clear()
        self.model.read = 0

    def prune(
        self,
        texts: Sequence[str],
        forced: Sequence[Iterable[tuple[int, int]]],
        question: str,
        share: float,
        **how: Any,
    ) -> Pruned:
        """Run the library on texts for a share of their tokens; ``how`` are its own options."""
        self._forced = forced
        self._order = tuple(range(len(texts)))
        self._parts = list[Part]()
        length = sum(self.get_token_length(text) for text in texts)
        self.compress_prompt(
            list(texts),
            question=question,
            target_token=max(1.0, share * length),
            concate_question=False,
            **how,
        )
        self.context_idxs.clear()
        return Pruned(self._order, tuple(self._parts))

    def control_context_budget(self, *given: Any, **named: Any) -> Any:
        """Note which texts are used, in which order."""
        found = super().control_context_budget(*given, **named)
        self._order = tuple(found[2])
        return found

    def get_dynamic_compression_ratio(self, *given: Any, **named: Any) -> Any:
        """Have a ratio for the last window too where joined texts have more tokens than apart."""
        found = super().get_dynamic_compression_ratio(*given, **named)
        return [*found, *found[-1:] * 2]

    def get_prefix_length(self, prefix: str, text: str) -> int:
        """Count by places: not every tokenizer decodes to exactly what it was given."""
        found = self.tokenizer(
            prefix + text[:100], add_special_tokens=False, return_offsets_mapping=True
        )
        return sum(start < len(prefix) for start, _ in found["offset_mapping"])

    def get_ppl(
        self,
        text: str,
        granularity: str = "sentence",
        input_ids: Any = None,
        attention_mask: Any = None,
        past_key_values: Any = None,
        return_kv: bool = False,
        end: int | None = None,
        condition_mode: str = "none",
        condition_pos_id: int = 0,
    ) -> Any:
        """Read no text twice: what stands at the beginning is the same in every run."""
        meter.working("reading tokens for compression", self.model.read, self.model.read)
        rest = granularity, input_ids, attention_mask, past_key_values
        last = end, condition_mode, condition_pos_id
        if past_key_values is not None or end is not None:
            return super().get_ppl(text, *rest, return_kv, *last)
        ids = () if input_ids is None else tuple(input_ids[0].tolist())
        key = text, ids, granularity, *last
        if key not in self._known:
            self._known[key] = super().get_ppl(text, *rest, False, *last)
        loss = self._known[key].clone()
        # the library drops this cache: what it holds is about to be pruned
        return (loss, []) if return_kv else loss

    def iterative_compress_prompt(
        self, context: list[str], target_token: float, iterative_size: int = 200, **named: Any
    ) -> Any:
        """Prune in windows of about one size, so that no rest is left as it is; note the places."""
        start = named.get("start", 0)
        places = self._places(GLUE.join(context))
        begins = _begins(context)[-len(self._order) :]
        self._left = list(range(len(places)))
        self._fixed = self._forced_tokens(begins, context[-len(begins) :], places)
        room = (self.max_position_embeddings - start - self.cache_bos_num) // 2
        size = evenly(len(places) - start, max(1, min(iterative_size, room)))
        kept = super().iterative_compress_prompt(context, target_token, size, **named)
        for begin, text, at in zip(begins, context[-len(begins) :], self._order, strict=True):
            for token in self._left[start:]:
                first, last = places[token]
                first, last = max(first - begin, 0), min(last - begin, len(text))
                if first < last:
                    self._parts.append(Part(at, first, last))
        return kept

    def _places(self, text: str) -> list[tuple[int, int]]:
        found = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        places: list[tuple[int, int]] = found["offset_mapping"]
        # a space that the tokenizer puts before every text stands nowhere in it
        if (
            places
            and not text[:1].isspace()
            and not self.tokenizer.decode(found.input_ids[:1]).strip()
        ):
            places[0] = (0, 0)
        return places

    def _forced_tokens(
        self, begins: Sequence[int], texts: Sequence[str], places: Sequence[tuple[int, int]]
    ) -> set[int]:
        marked = bytearray(begins[-1] + len(texts[-1]))
        for begin, at in zip(begins, self._order, strict=True):
            for start, end in self._forced[at]:
                marked[begin + start : begin + end] = b"\1" * (end - start)
        return {at for at, (start, end) in enumerate(places) if any(marked[start:end])}

    def get_compressed_input(
        self, loss: Any, input_ids: Any, attention_mask: Any, end: Any, **named: Any
    ) -> Any:
        """Keep what is forced, and note which tokens are left: the library keeps ids alone."""
        # what left the model's window comes no more
        ahead = len(self._left) - input_ids.shape[1]
        fixed = [at for at, token in enumerate(self._left[ahead:]) if token in self._fixed]
        fixed = [at for at in fixed if at < len(loss)]
        # contrastive: what the question makes likely is kept, else what is unlikely
        sure = inf if named.get("self_loss") is None else -inf
        marked = loss.clone()
        marked[fixed] = sure
        pruned, numbers = super().get_compressed_input, torch.arange(input_ids.shape[1])[None]
        # a number, since a tensor would be changed in its place
        found = list(pruned(marked, input_ids, attention_mask, int(end), **named))
        kept = pruned(marked, numbers.to(self.device), attention_mask, int(end), **named)[0][0]
        self._left[ahead:] = [self._left[ahead + at] for at in kept.tolist()]
        # thresholds are of all losses, and those of forced tokens are not to move them
        found[4][found[4] == sure] = loss[fixed]
        return tuple(found)


def evenly(length: int, size: int) -> int:
    """The size of the fewest windows of at most ``size`` tokens that leave no rest."""
    return max(1, length // max(1, -(-length // size)))


def _begins(texts: Sequence[str]) -> list[int]:
    begins, reached = [], 0
    for text in texts:
        begins.append(reached)
        reached += len(text) + len(GLUE)
    return begins
