"""What a local model attends to: queries and keys of one layer, as its own modules make them.

transformers lets an attention function be named; ours is its ``sdpa`` up to the layer asked for,
where it notes what that layer was handed and ends the pass. Nothing behind it is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from crossover import meter
from crossover.errors import ConfigError, WindowError
from crossover.models import _huggingface_files as files
from crossover.models import _huggingface_network as networks
from crossover.models._huggingface_network import Dtype, Network
from crossover.types import Step, Usage

if TYPE_CHECKING:
    from numpy import ndarray

    Scores = ndarray[Any, Any]

NAME = "crossover"
# rotary positions, a plain softmax, and attention handed to a named function
ARCHITECTURES = ("llama", "mistral", "phi3", "qwen2", "qwen3")
PLACEHOLDER = "⟦passages⟧"


@dataclass(frozen=True, slots=True, eq=False)
class Handed:
    """What a layer's attention is handed; (heads, tokens, size), positions applied."""

    query: Any
    key: Any
    mask: Any
    scaling: float


Take = Callable[[Handed], Any]


class _Seen(Exception):
    """Ends a pass with what was taken from it."""

    def __init__(self, taken: Any) -> None:
        self.taken = taken


_watched: ContextVar[tuple[int, Take] | None] = ContextVar("crossover_attention", default=None)


@dataclass(slots=True)
class Attention:
    """A local model whose attention is looked at; the passes that this takes are charged together.

    Raises ConfigError where the model cannot be loaded or is of another architecture.
    """

    name: str
    dtype: Dtype = "auto"
    tokens: int = 0
    passes: int = 0
    seconds: float = 0.0
    network: Network = field(init=False)

    def __post_init__(self) -> None:
        with meter.wait():
            kind = files.config(self.name).model_type
            if kind not in ARCHITECTURES:
                raise ConfigError(
                    f"{self.name} is of the architecture {kind}; attention is read from "
                    f"{', '.join(ARCHITECTURES)}"
                )
            self.network = networks.load(self.name, self.dtype)
            _register()

    @property
    def layers(self) -> int:
        """How many layers the model has."""
        return int(self.network.model.config.num_hidden_layers)

    @property
    def window(self) -> int:
        """The model's window in tokens."""
        return int(self.network.model.config.max_position_embeddings)

    def encode(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """The text's tokens and where each stands; nothing in it counts as a special token."""
        literal = files.tokenizer(self.name, literal=True)
        found = literal(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        return found["input_ids"], found["offset_mapping"]

    def framed(self, question: str) -> tuple[list[int], list[int], list[int]]:
        """The tokens before the passages, between them and the question, and from there on."""
        before, after = "", ""
        if getattr(self.network.tokenizer, "chat_template", None):
            turn = {"role": "user", "content": PLACEHOLDER}
            rendered = self.network.tokenizer.apply_chat_template(
                [turn], tokenize=False, add_generation_prompt=True
            )
            before, _, after = rendered.partition(PLACEHOLDER)
            first = self._ids(before)
        else:
            # what the tokenizer begins a text with
            first = self.network.tokenizer("", verbose=False)["input_ids"]
            ends = self.network.tokenizer.eos_token_id
            first = first[:-1] if first and first[-1] == ends else first
        asked = self.encode(f"{question.strip()}\n\nAnswer:")[0]
        return first, self._ids("\n\nQuestion: "), [*asked, *self._ids(after)]

    def room(self, *around: Sequence[int]) -> int:
        """How many tokens of passages fit between these; raises WindowError where none do."""
        room = self.window - sum(map(len, around))
        if room < 1:
            raise WindowError(
                f"{self.name}: the question leaves none of its window of {self.window:,} tokens"
            )
        return room

    def look(self, ids: Sequence[int], layer: int, take: Take) -> Any:
        """Run the layers before ``layer`` and return what is taken from what that one is handed."""
        import torch

        if layer >= self.layers:
            raise ConfigError(f"{self.name} has the layers 0 to {self.layers - 1}, not {layer}")
        model = self.network.model
        with meter.turn(networks.running):
            clock = meter.Meter()
            token, before = _watched.set((layer, take)), model.config._attn_implementation
            try:
                model.set_attn_implementation(NAME)
                with torch.inference_mode():
                    model.model(torch.tensor([ids], device=model.device), use_cache=False)
            except _Seen as seen:
                return seen.taken
            finally:
                model.set_attn_implementation(before)
                _watched.reset(token)
                self.seconds += clock.elapsed()
                self.tokens += len(ids)
                self.passes += 1
        raise ConfigError(f"{self.name} hands no attention of layer {layer} to be looked at")

    def charge(self, step: str) -> None:
        """Put what all passes cost on the open meter."""
        usage = Usage(self.tokens, 0, calls=self.passes, compute_seconds=self.seconds)
        detail = f"{self.name}; {self.tokens:,} tokens in {self.passes:,} passes"
        meter.current().charge(usage, Step(step, self.seconds, detail))

    def _ids(self, text: str) -> list[int]:
        found: list[int] = self.network.tokenizer(text, add_special_tokens=False)["input_ids"]
        return found


@cache
def _register() -> None:
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.integrations.sdpa_attention import sdpa_attention_forward
    from transformers.masking_utils import sdpa_mask

    def attend(module: Any, query: Any, key: Any, value: Any, mask: Any, **how: Any) -> Any:
        layer, take = _watched.get() or (-1, None)
        if take and module.layer_idx == layer:
            raise _Seen(take(Handed(query[0], key[0], mask, how["scaling"])))
        return sdpa_attention_forward(module, query, key, value, mask, **how)

    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, sdpa_mask)


def last_query_times_keys(layer: Handed) -> Any:
    """The last token's query times every token's key, summed over heads."""
    key = layer.key.float()
    # the queries that share a key's head add up before the product, to the same sum
    query = layer.query[:, -1].float().view(key.shape[0], -1, key.shape[-1]).sum(1)
    return (key @ query[:, :, None]).sum(0)[:, 0]


def attention_from(first: int) -> Take:
    """Take the attention that tokens from ``first`` on pay to every token, summed over heads."""

    def take(layer: Handed) -> Any:
        import torch

        query, key = layer.query, layer.key
        keys = key.repeat_interleave(query.shape[0] // key.shape[0], 0)
        logits = query[:, first:] @ keys.transpose(1, 2) * layer.scaling
        if layer.mask is None:
            seen = torch.ones(key.shape[1], key.shape[1], dtype=torch.bool, device=key.device)
            seen = seen.tril()[first:]
        else:
            seen = layer.mask[0, :, first:]
        logits = logits.masked_fill(~seen, -torch.inf)
        return logits.softmax(-1, dtype=torch.float32).to(query.dtype).float().sum(0)

    return take


def numbers(values: Any) -> Scores:
    """A tensor as float64 numbers."""
    found: Scores = values.double().cpu().numpy()
    return found
