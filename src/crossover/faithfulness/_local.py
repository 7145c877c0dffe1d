"""A local model's prompt for an answer with the place of every passage in it, and what it gives."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from crossover import meter
from crossover.errors import ConfigError, WindowError
from crossover.models import _huggingface_files as files
from crossover.models import _huggingface_network as networks
from crossover.models._huggingface_network import Network
from crossover.models._huggingface_writing import prompt
from crossover.models._rendering import marked, messages, rendered_text
from crossover.models.huggingface import HuggingFace
from crossover.pipelines._answering import FROM_PASSAGES, final_request
from crossover.types import Passage, Question, Request, Step, Usage


@dataclass(frozen=True, slots=True)
class Prompted:
    """The tokens of prompt and answer; ``places`` are each passage's first token and the next."""

    model: HuggingFace
    ids: list[int]
    places: list[tuple[int, int]]
    answer: int

    @property
    def network(self) -> Network:
        """The model's network, loaded outside of what is timed."""
        with meter.wait():
            return networks.load(self.model.name, self.model.dtype)


def prompted(
    model: HuggingFace, question: Question, passages: Sequence[Passage], answer: str
) -> Prompted:
    """The model's own prompt for this question with these passages, and the answer behind it.

    Raises WindowError where both exceed the window, ConfigError where the tokenizer does not tell
    places or the model's chat template changes the passages.
    """
    request = final_request(question, FROM_PASSAGES[question.form], 1, passages)
    tokenizer = files.tokenizer(model.name)
    if not tokenizer.is_fast:
        raise ConfigError(f"{model.name}: its tokenizer does not tell the places of its tokens")
    text, ids, starts = _tokens(tokenizer, request)
    said = tokenizer(answer, add_special_tokens=False, verbose=False)["input_ids"]
    if len(ids) + len(said) > model.window:
        raise WindowError(
            f"{model.name}: {len(ids) + len(said):,} tokens with the answer exceed the context "
            f"window of {model.window:,}"
        )
    spans = list(_found(text, passages, model.name))
    places = [(bisect_left(starts, start), bisect_left(starts, end)) for start, end in spans]
    return Prompted(model, [*ids, *said], places, len(ids))


def log_probability(one: Prompted) -> float:
    """The log probability of the answer's tokens after the prompt, in nats."""
    network, written = one.network, len(one.ids) - one.answer
    with running(one, "answer weighed") as ids:
        logits = network.model(ids, use_cache=False, logits_to_keep=written + 1).logits[0, :-1]
        chances = logits.float().log_softmax(-1)
        return float(chances.gather(1, ids[0, one.answer :, None]).sum())


@contextmanager
def running(one: Prompted, what: str) -> Iterator[Any]:
    """Hand out the tokens for a forward pass, which is charged when it ends."""
    import torch

    network = one.network
    with meter.turn(networks.running), torch.inference_mode():
        clock = meter.Meter()
        try:
            yield torch.tensor([one.ids], device=network.model.device)
        finally:
            usage = Usage(len(one.ids), 0, calls=1, compute_seconds=clock.elapsed())
            detail = f"{network.name}; {len(one.ids):,} tokens"
            meter.current().charge(usage, Step(what, clock.elapsed(), detail))


def _tokens(tokenizer: Any, request: Request) -> tuple[str, list[int], list[int]]:
    """The prompt as text, its tokens, and where in the text each begins."""
    expected = prompt(tokenizer, request)
    text, chat = rendered_text(request), bool(getattr(tokenizer, "chat_template", None))
    if chat:
        turns = [{"role": role, "content": said} for role, said in messages(request)]
        text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    found = tokenizer(text, add_special_tokens=not chat, return_offsets_mapping=True, verbose=False)
    ids, starts, last = list(found["input_ids"]), list[int](), 0
    for start, end in found["offset_mapping"]:
        # special tokens that were added have no place
        last = max(last, start) if end else last
        starts.append(last)
    if ids != expected:
        raise ConfigError("the tokenizer gives other tokens when it is asked for their places")
    return text, ids, starts


def _found(text: str, passages: Sequence[Passage], name: str) -> Iterator[tuple[int, int]]:
    """Where the passages stand in the prompt."""
    at = 0
    for number, passage in enumerate(passages, 1):
        head, _, rest = marked(number, passage).partition("\n")
        shown = rest.removesuffix("\n</passage>")
        start = text.find(head, at) + len(head) + 1
        if not text.startswith(shown, start):
            raise ConfigError(f"{name}: its chat template changes the passages; use method=search")
        at = start + len(shown)
        yield start, at
