"""Does a text support a statement, or answer a question? Who judges it is named by a text.

``reader`` is the packaged one, ``nli:NAME`` an NLI model's folder or hub id (statements alone),
and anything else a model that is asked (``openai:gpt-4o-mini``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

from crossover import catalog, meter, precision
from crossover.errors import ConfigError
from crossover.models import _huggingface_files as files
from crossover.models._huggingface_network import running
from crossover.models.reader import Reader
from crossover.normalise import read, says_number
from crossover.pipelines._grading import do_they_answer, says_yes
from crossover.roles import Model
from crossover.types import Passage, Question, Step, Usage

NLI = "nli:"
DO_THEY_SUPPORT = (
    "The question below is a statement to check. Do the passages above, taken together, say what "
    "it says? Reply with yes or no alone."
)
# the share of a statement's own words that a text must hold for the reader to be asked about it
SHARED = 0.5
# pairs that an NLI model reads at once
BATCH = 16


class Claim(NamedTuple):
    """A statement, or a question, and the passages that are to support or answer it."""

    text: str
    passages: tuple[Passage, ...]

    @property
    def shown(self) -> str:
        """What the passages show together."""
        return " ".join(passage.text for passage in self.passages)


def supported(judge: str, question: str, claims: Sequence[Claim]) -> list[float]:
    """How probable it is of each statement that its passages support it; 0 where it has none.

    ``question`` is what the statements answer, or nothing. Each is judged once. Raises ConfigError,
    MissingExtra, and what a model that is asked raises.
    """
    different = list(dict.fromkeys(claim for claim in claims if claim.shown.strip()))
    if judge.startswith(NLI):
        found = _entailed(judge.removeprefix(NLI), different)
    elif isinstance(model := catalog.load(Model, judge), Reader):
        found = _read(model, question, different)
    else:
        found = _verdicts(model, different, DO_THEY_SUPPORT)
    known = dict(zip(different, found, strict=True))
    return [known.get(claim, 0.0) for claim in claims]


def answered(judge: str, claims: Sequence[Claim]) -> list[float]:
    """How probable it is of each question that its passages answer it; 0 where it has none."""
    if judge.startswith(NLI):
        raise ConfigError(f"{judge} judges statements, not questions; take reader or a model")
    different = list(dict.fromkeys(claim for claim in claims if claim.shown.strip()))
    model = catalog.load(Model, judge)
    if isinstance(model, Reader):
        found = [one.answerable for one in model.read([(c.text, c.passages) for c in different])]
    else:
        found = _verdicts(model, different)
    known = dict(zip(different, found, strict=True))
    return [known.get(claim, 0.0) for claim in claims]


def _read(reader: Reader, question: str, claims: Sequence[Claim]) -> list[float]:
    """The reader's probability of an answer to question and statement, where the words are there.

    The reader alone takes a passage on the same matter for support.
    """
    likely = [claim for claim in claims if _shares_words(claim, question)]
    asked = [(f"{question} {claim.text}".strip(), claim.passages) for claim in likely]
    found = {c: one.answerable for c, one in zip(likely, reader.read(asked), strict=True)}
    return [found.get(claim, 0.0) for claim in claims]


def _shares_words(claim: Claim, question: str) -> bool:
    """Whether the numbers and half of the words that a statement adds to its question are there."""
    asked, said, shown = read(question), read(claim.text), read(claim.shown)
    words, numbers = said.content - asked.content, said.numbers - asked.numbers
    if not words and not numbers:
        words = said.content
    enough = not words or len(words & shown.words) / len(words) >= SHARED
    return enough and all(says_number(number, shown) for number in numbers)


def _verdicts(model: Model, claims: Sequence[Claim], instruction: str = "") -> list[float]:
    requests = [do_they_answer(Question("", claim.text), claim.passages) for claim in claims]
    if instruction:
        requests = [replace(request, instruction=instruction) for request in requests]
    return [float(says_yes(reply)) for reply in model.complete_many(requests)]


def _entailed(name: str, claims: Sequence[Claim]) -> list[float]:
    """An NLI model's probability that what is shown entails each statement."""
    if not claims:
        return []
    import torch

    with meter.wait():
        network, label = _nli(name)
    tokenizer, found = files.tokenizer(name), list[float]()
    with meter.turn(running):
        clock, tokens = meter.Meter(), 0
        for first in range(0, len(claims), BATCH):
            meter.working("statements", first, len(claims))
            some = claims[first : first + BATCH]
            rows = tokenizer(
                [claim.shown for claim in some],
                [claim.text for claim in some],
                truncation="only_first",
                max_length=_longest(network),
                padding=True,
                return_tensors="pt",
            ).to(network.device)
            with torch.inference_mode():
                chances = network(**rows).logits.float().softmax(-1)[:, label]
            tokens += int(rows["attention_mask"].sum())
            found += chances.tolist()
    usage = Usage(tokens, 0, calls=len(claims), compute_seconds=clock.elapsed())
    meter.current().charge(usage, Step("statements checked", clock.elapsed(), name))
    return found


def _longest(network: Any) -> int:
    """The model's window in tokens; positions of RoBERTa's kind begin behind the padding."""
    config = network.config
    behind = (config.pad_token_id or 0) + 1 if "roberta" in config.model_type else 0
    return int(config.max_position_embeddings) - behind


@lru_cache(maxsize=2)
def _nli(name: str) -> tuple[Any, int]:
    """Load an NLI model and find which of its labels means entailment; raises ConfigError."""
    labels = {int(at): str(label) for at, label in files.config(name).id2label.items()}
    found = [at for at, label in labels.items() if label.lower().startswith("entail")]
    if len(found) != 1:
        raise ConfigError(
            f"{name}: no NLI model, for one of its labels must be entailment; it has "
            f"{', '.join(labels.values())}"
        )
    from transformers import AutoModelForSequenceClassification as Classifier

    network, told = files.loaded(
        name, Classifier.from_pretrained, use_safetensors=True, output_loading_info=True
    )
    if lacking := sorted(told["missing_keys"]):
        raise ConfigError(f"{name}: weights are missing, such as {lacking[0]}; they'd be random")
    return network.eval().to(precision.device()), found[0]
