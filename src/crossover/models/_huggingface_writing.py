"""One reply of a local model, written token by token through transformers' ``generate``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread
from typing import Any

from crossover import meter
from crossover.errors import ProviderError, UnsupportedRequest
from crossover.models import _huggingface_files as files
from crossover.models._huggingface_network import Network, running
from crossover.models._huggingface_press import Press, prompted
from crossover.models._rendering import messages, prompt_digest, rendered_text
from crossover.types import Request, Step, Usage

# what a tokenizer shows of a character whose bytes are not all there yet
UNFINISHED = "\ufffd"


def prompt(tokenizer: Any, request: Request) -> list[int]:
    """The request as the model's tokens, by its chat template where it has one."""
    text, chat = rendered_text(request), bool(getattr(tokenizer, "chat_template", None))
    if chat:
        from jinja2 import TemplateError

        turns = [{"role": role, "content": said} for role, said in messages(request)]
        try:
            text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        except TemplateError as error:
            raise UnsupportedRequest(
                f"the model's chat template refuses this: {files.line(error)}"
            ) from None
    found: list[int] = tokenizer(text, add_special_tokens=not chat, verbose=False)["input_ids"]
    return found


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be written: by whom, after which tokens, and how."""

    network: Network
    tokens: Sequence[int]
    request: Request
    press: Press = ""
    ratio: float = 0.0
    reuse: bool = False


class Reply:
    """A reply while it is written; charged to the open meter when writing ends, however it does."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.text = ""
        self.ids: list[int] = []
        self.usage = Usage()
        self.logprobs: tuple[tuple[str, float], ...] = ()
        self._pieces: SimpleQueue[str | None] = SimpleQueue()
        self._prompted = self._given_up = False
        self._shown = self._read = self._known = 0

    @property
    def cut(self) -> bool:
        """Whether the reply was cut at its limit."""
        return len(self.ids) >= self.job.request.max_tokens and self.ids[-1] not in self._ends

    @property
    def _ends(self) -> list[int]:
        ends = self.job.network.model.generation_config.eos_token_id
        return ends if isinstance(ends, list) else [ends]

    def write(self) -> None:
        """Write the reply; raises ProviderError where memory runs out."""
        import torch

        job = self.job
        with meter.turn(running):
            clock = meter.Meter()
            try:
                with torch.random.fork_rng():
                    torch.manual_seed(job.request.seed or 0)
                    self._generate()
            except torch.OutOfMemoryError as error:
                raise ProviderError("out_of_memory", files.line(error)) from None
            except _GivenUp:
                pass
            finally:
                self._charge(clock.elapsed())

    def pieces(self) -> Iterator[str]:
        """Yield the text as it is written, in a thread of its own; ends it when given up."""
        failed: list[BaseException] = []
        thread = Thread(target=copy_context().run, args=(self._write_for, failed), daemon=True)
        thread.start()
        try:
            yield from iter(self._pieces.get, None)
        finally:
            self._given_up = True
            thread.join()
        if failed:
            raise failed[0]

    def put(self, value: Any) -> None:
        """Take the next token, as ``generate`` hands it to its streamer; the prompt comes first."""
        if not self._prompted:
            self._prompted = True
            return
        if self._given_up:
            raise _GivenUp
        if not self.ids:
            meter.current().mark_first_token()
        self.ids += value.flatten().tolist()
        meter.working("tokens written", len(self.ids), self.job.request.max_tokens)
        self._show(final=False)

    def end(self) -> None:
        """Show what is left, characters that never became whole included."""
        self._show(final=True)

    def _write_for(self, failed: list[BaseException]) -> None:
        try:
            self.write()
        # whoever reads the pieces is told
        except BaseException as error:
            failed.append(error)
        finally:
            self._pieces.put(None)

    def _show(self, final: bool) -> None:
        """Decode what is new after what was shown last: spaces depend on the token before."""
        before = self._decoded(self.ids[self._shown : self._read])
        now = self._decoded(self.ids[self._shown :])
        if len(now) > len(before) and (final or not now.endswith(UNFINISHED)):
            self._shown, self._read = self._read, len(self.ids)
            self.text += now[len(before) :]
            self._pieces.put(now[len(before) :])

    def _decoded(self, ids: Sequence[int]) -> str:
        text: str = self.job.network.tokenizer.decode(ids, skip_special_tokens=True)
        return text

    def _generate(self) -> None:
        job, request = self.job, self.job.request
        sampled = request.temperature > 0
        inputs = prompted(job.network.model, job.tokens, job.press, job.ratio)
        if job.reuse:
            inputs["past_key_values"], self._known = job.network.prefix.take(
                job.network.model, job.tokens, meter.current().asker
            )
        written = job.network.model.generate(
            **inputs,
            max_new_tokens=request.max_tokens,
            do_sample=sampled,
            **({"temperature": request.temperature, "top_k": 0} if sampled else {}),
            output_logits=request.logprobs,
            return_dict_in_generate=True,
            streamer=self,
        )
        if job.reuse:
            job.network.prefix.keep([*job.tokens, *self.ids], inputs["past_key_values"])
        if request.logprobs:
            self.logprobs = tuple(self._certainties(written.logits))

    def _certainties(self, logits: Sequence[Any]) -> Iterator[tuple[str, float]]:
        for token, scores in zip(self.ids, logits, strict=True):
            if token not in self._ends:
                logprob = scores[0].float().log_softmax(-1)[token].item()
                yield self.job.network.tokenizer.decode([token]), logprob

    def _charge(self, seconds: float) -> None:
        read, written = len(self.job.tokens), len(self.ids)
        self.usage = Usage(read, written, self._known, calls=1, compute_seconds=seconds)
        known = f" ({self._known:,} of them known)" if self._known else ""
        detail = f"{self.job.network.name}; {read:,} tokens in{known}, {written:,} out"
        prompt = prompt_digest(self.job.request)
        meter.current().charge(self.usage, Step("model call", seconds, detail, prompt=prompt))


class _GivenUp(Exception):
    """Whoever read the pieces wants no more."""
