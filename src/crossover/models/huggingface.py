"""A language model of Hugging Face's transformers, run in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from annotated_types import Ge, Interval

from crossover import meter
from crossover.errors import ConfigError, UnsupportedRequest, WindowError
from crossover.models import _huggingface_files as files
from crossover.models import _huggingface_network as networks
from crossover.models._huggingface_network import Dtype
from crossover.models._huggingface_press import Press, check_press
from crossover.models._huggingface_writing import Job, Reply, prompt
from crossover.models._rendering import cited
from crossover.roles import Model
from crossover.types import Completion, Request


@dataclass(frozen=True, slots=True)
class HuggingFace(Model):
    """A causal language model from a folder or, by its id, from the Hugging Face hub.

    Greedy at temperature 0; else sampled with the request's seed. Weights must be safetensors, and
    a model's own code is never run. With ``press``, kvpress drops a share of the prompt's key-value
    pairs, passages and question alike, before the reply is written. With ``reuse_prefix`` what the
    prompt has in common with the one before it is not read again (``cached_tokens``). Raises
    WindowError, UnsupportedRequest (tools) and ProviderError (out_of_memory); ConfigError where the
    model cannot be loaded as it stands.
    """

    version: ClassVar[int] = 1
    concurrency: ClassVar[int] = 1

    name: str = field(metadata={"help": "a model's folder, or its id on the Hugging Face hub"})
    context_window: Annotated[int, Ge(1)] | None = field(
        default=None, metadata={"help": "tokens at most, where less than the model's own window"}
    )
    dtype: Dtype = field(
        default="auto", metadata={"help": "number format of the weights; auto: as they are stored"}
    )
    press: Press = field(
        default="", metadata={"help": "compress the prompt's key-value cache by this of kvpress"}
    )
    compression_ratio: Annotated[float, Interval(ge=0, lt=1)] = field(
        default=0.5, metadata={"help": "share of key-value pairs that the press drops"}
    )
    reuse_prefix: bool = field(
        default=False, metadata={"help": "read only what differs from the prompt before it"}
    )

    def __post_init__(self) -> None:
        if self.press and self.reuse_prefix:
            raise ConfigError("huggingface: a press leaves no prefix to reuse; choose one of both")

    @property
    def prefix(self) -> str | None:
        """What the catalog prints before the name, where the name needs no quotes."""
        return None if set(self.name) & set("()[],=\"'\n") else "huggingface:"

    @property
    def window(self) -> int:
        """The context window in tokens, as the model's configuration says or the option caps it."""
        own = getattr(files.config(self.name).get_text_config(), "max_position_embeddings", None)
        known = [tokens for tokens in (own, self.context_window) if tokens]
        if not known:
            raise ConfigError(f"{self.name} names no window; give context_window=TOKENS")
        return int(min(known))

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the model's files: other weights are other answers."""
        return files.fingerprint(self.name)

    def check(self) -> None:
        """Load everything; raises ConfigError or MissingExtra where it cannot be used."""
        check_press(self.press)
        networks.load(self.name, self.dtype)
        _ = self.window

    def count(self, text: str) -> int:
        """Count the text's tokens, special ones not added."""
        found = files.tokenizer(self.name)(text, add_special_tokens=False, verbose=False)
        return len(found["input_ids"])

    def complete(self, request: Request) -> Completion:
        """Answer one request."""
        reply = Reply(self._job(request))
        reply.write()
        return Completion(
            reply.text,
            reply.usage,
            finish="length" if reply.cut else "stop",
            evidence=cited(reply.text, request.passages) if request.wants == "evidence" else (),
            logprobs=reply.logprobs,
        )

    def complete_many(self, requests: Sequence[Request]) -> list[Completion]:
        """Answer one request after the other: they would share this machine's processor."""
        return [self.complete(request) for request in requests]

    def stream(self, request: Request) -> Iterator[str]:
        """Yield the reply as it is written; charged when it ends or is given up."""
        yield from Reply(self._job(request)).pieces()

    def _job(self, request: Request) -> Job:
        if request.tools:
            raise UnsupportedRequest(f"{self.name}: a local Hugging Face model calls no tools here")
        tokens = prompt(files.tokenizer(self.name), request)
        needed = len(tokens) + request.max_tokens
        if needed > self.window:
            raise WindowError(
                f"{self.name}: {needed:,} tokens with the reply's {request.max_tokens:,} exceed "
                f"the context window of {self.window:,}"
            )
        with meter.wait():
            self.check()
            network = networks.load(self.name, self.dtype)
        return Job(network, tokens, request, self.press, self.compression_ratio, self.reuse_prefix)
