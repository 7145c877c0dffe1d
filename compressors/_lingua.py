"""What the compressors on the llmlingua library share: from passages to the library and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from annotated_types import Ge, MaxLen

from crossover import meter, precision
from crossover.compressors import _lingua_loading as loading
from crossover.compressors._keeping import joined
from crossover.compressors._lingua_budget import Fitting
from crossover.compressors._lingua_places import Forced, Part, Pruned, Text, concatenated
from crossover.roles import Compressor, Model
from crossover.sentences import sentences
from crossover.types import Passage, Step, Usage

# the share of the small model's window that a question may take
QUESTION_SHARE = 4


@dataclass(frozen=True, slots=True)
class Pruning:
    """How a small model prunes: its name, what stays in any case, and how often it may run."""

    model: str
    forced: Forced
    passes: int
    threads: int


@dataclass(frozen=True, slots=True)
class TokenPruner(Compressor):
    """The options that the compressors on the library have in common."""

    model: str = field(
        default="NousResearch/Llama-2-7b-hf",
        metadata={"help": "causal language model: hub id, folder or `packaged`"},
    )
    force_tokens: Annotated[tuple[str, ...], MaxLen(100)] = field(
        default=(), metadata={"help": "words and characters that always stay"}
    )
    force_reserve_digit: bool = field(default=False, metadata={"help": "keep every number"})
    force_negations: bool = field(default=False, metadata={"help": "keep not, no, never, …"})
    force_names: bool = field(default=False, metadata={"help": "keep what looks like a name"})
    passes: Annotated[int, Ge(1)] = field(
        default=4, metadata={"help": "most runs to come within 5 % of the budget"}
    )
    threads: Annotated[int, Ge(0)] = field(
        default=0, metadata={"help": "CPU threads; 0: all", "operational": True}
    )

    @property
    def pruning(self) -> Pruning:
        """How the small model is to prune."""
        forced = Forced(
            self.force_tokens, self.force_reserve_digit, self.force_negations, self.force_names
        )
        return Pruning(self.model, forced, self.passes, self.threads)


def fits(passages: Sequence[Passage], budget: int, model: Model) -> bool:
    """Whether there is nothing to shorten."""
    return sum(model.count(passage.text) for passage in passages) <= budget


def by_perplexity(
    how: Pruning,
    query: str,
    passages: Sequence[Passage],
    budget: int,
    model: Model,
    document_tokens: int = 0,
    **options: Any,
) -> list[Passage]:
    """Prune by what a causal model finds predictable; passages above a length in documents."""
    if fits(passages, budget, model):
        return list(passages)
    with meter.wait():
        pruner = loading.causal(how.model)
    precision.set_threads(how.threads)
    with meter.turn(loading.running):
        clock = meter.Meter()
        pruner.begin()
        window = pruner.max_position_embeddings
        question = _shortened(query, pruner.tokenizer, window // QUESTION_SHARE)
        room = min(document_tokens, window // 2)
        cut = (_documents(at, one, room, pruner) for at, one in enumerate(passages))
        texts = [text for documents in cut for text in documents]
        if not texts:
            return []
        plain = [text.text for text in texts]
        forced = [[*how.forced.spans(text)] for text in plain]
        runs = list[float]()

        def prune(share: float) -> Pruned:
            runs.append(share)
            return pruner.prune(plain, forced, question, share, **options)

        fitting = Fitting(prune, passages, texts, concatenated, model)
        kept = fitting.fit(budget, how.passes)
        _charge(clock, pruner.model.read, len(runs))
    return kept


def by_classifier(
    how: Pruning, passages: Sequence[Passage], budget: int, model: Model, **options: Any
) -> list[Passage]:
    """Prune by what a keep/drop classifier says of every word."""
    if fits(passages, budget, model):
        return list(passages)
    with meter.wait():
        pruner = loading.classifier(how.model)
    precision.set_threads(how.threads)
    with meter.turn(loading.running):
        clock = meter.Meter()
        pruner.begin()
        texts = [
            Text(at, start, one.text[start:end])
            for at, one in enumerate(passages)
            for start, end in pruner.chunks(one.text, how.forced.tokens)
        ]
        if not texts:
            return []
        plain = [text.text for text in texts]
        always = [
            Part(at, *span) for at, text in enumerate(plain) for span in how.forced.spans(text)
        ]
        runs = list[float]()

        def prune(share: float) -> Pruned:
            runs.append(share)
            found = pruner.prune(
                plain,
                share,
                force_tokens=list(how.forced.tokens),
                force_reserve_digit=how.forced.digits,
                **options,
            )
            return Pruned(found.order, (*found.parts, *always))

        kept = Fitting(prune, passages, texts, joined, model).fit(budget, how.passes)
        _charge(clock, pruner.model.read, len(runs))
    return kept


def _charge(clock: meter.Meter, read: int, runs: int) -> None:
    seconds = clock.elapsed()
    usage = Usage(input_tokens=read, calls=1, compute_seconds=seconds)
    detail = f"{read:,} tokens read by the small model, {runs} run{'s' * (runs > 1)} of llmlingua"
    meter.current().charge(usage, Step("tokens pruned", seconds, detail))


def _shortened(query: str, tokenizer: Any, most: int) -> str:
    """The end of a question that would fill the small model's window; there it asks, mostly."""
    places = tokenizer(query, add_special_tokens=False, return_offsets_mapping=True)[
        "offset_mapping"
    ]
    return query if len(places) <= most else query[places[-most][0] :]


def _documents(at: int, passage: Passage, room: int, pruner: Any) -> list[Text]:
    """A passage as one text, or cut between sentences into documents of at most ``room`` tokens."""
    text = passage.text
    if not text.strip():
        return []
    places = pruner.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)[
        "offset_mapping"
    ]
    if not room or len(places) <= room:
        return [Text(at, 0, text)]
    ends = _ends(text, places, room)
    starts = [0, *ends[:-1]]
    return [
        Text(at, start, text[start:end])
        for start, end in zip(starts, ends, strict=True)
        if text[start:end].strip()
    ]


def _ends(text: str, places: Sequence[tuple[int, int]], room: int) -> list[int]:
    """Where documents end: at a sentence's end, or within one that is longer than a document."""
    closing = [end for _, end in sentences(text)]
    ends, first = list[int](), 0
    while first + room < len(places):
        limit = places[first + room][0]
        begin = places[first][0]
        whole = [end for end in closing if begin < end <= limit]
        ends.append(whole[-1] if whole else limit)
        first = next(
            (n for n in range(first + 1, len(places)) if places[n][0] >= ends[-1]), len(places)
        )
    return [*ends, len(text)]
