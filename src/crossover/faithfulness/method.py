"""How an answer is attributed: configurations, each a way to score its passages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Interval, MinLen

from crossover import catalog, meter
from crossover.errors import ConfigError, LimitReached
from crossover.faithfulness import _attention, _local, _values
from crossover.faithfulness._search import Scores, ensemble, search
from crossover.faithfulness._values import ReaderSpans, Values, Worth, bare
from crossover.models.huggingface import HuggingFace
from crossover.models.reader import Reader
from crossover.roles import Model
from crossover.types import Passage, Question

Way = Literal["stc", "loo", "shapley"]


@dataclass(frozen=True, slots=True)
class Job:
    """An answer to attribute: to which passages, to how many, and at how many calls at most.

    ``worth`` is what sets of the passages are worth, where an earlier job has that at hand.
    """

    answer: str
    question: Question
    passages: Sequence[Passage]
    model: Model
    k: int
    max_calls: int | None = None
    worth: Worth | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """Scores by the passage's number, and how many sets of passages were tried for them.

    ``limit`` is the budget that ended it, with what there was by then; None where it was finished.
    """

    scores: Mapping[int, float]
    tried: int
    limit: LimitReached | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """Informed search over groups of passages after TracLLM (Wang et al., 2025, arXiv 2506.04202).

    For each of ``scores`` in turn: 2k groups are scored, the k best halved, till each is one
    passage. Scores are gains of what a set of passages is worth; a passage gets its best one,
    leave-one-out scaled by ``loo_weight``. Where calls run out, the searches that were finished
    count, or else the groups of the last round. Any model.
    """

    scores: Annotated[tuple[Way, ...], MinLen(1)] = field(
        default=("stc", "loo", "shapley"), metadata={"help": "ways of scoring groups, in turn"}
    )
    permutations: Annotated[int, Ge(1)] = field(
        default=20, metadata={"help": "random orders for shapley; 5 is faster"}
    )
    share: Annotated[float, Interval(gt=0, le=1)] = field(
        default=0.2, metadata={"help": "share of a group's gains, the largest, that shapley means"}
    )
    loo_weight: Annotated[float, Interval(gt=0)] = field(
        default=2.0, metadata={"help": "what leave-one-out scores are scaled by"}
    )
    halving: bool = field(
        default=True, metadata={"help": "search groups; false scores each passage at once"}
    )
    seed: int = field(default=0, metadata={"help": "seed of the orders"})

    def score(self, job: Job) -> Scored:
        """Score passages; raises what the model raises."""
        worth = job.worth or _values.worth(job.answer, job.question, job.passages, job.model)
        values = Values(worth, job.max_calls)
        scores = Scores(values, self.permutations, self.share, self.seed)
        found = list[tuple[float, Mapping[int, float]]]()
        latest: Mapping[int, float] = {}
        limit = None
        try:
            for way in self.scores:
                for scored in search(len(job.passages), job.k, getattr(scores, way), self.halving):
                    latest = scored
                found.append((self.loo_weight if way == "loo" else 1.0, latest))
        except LimitReached as reached:
            limit = reached
        return Scored(ensemble(found) or latest, len(values.known), limit)

    def check(self, model: Model) -> None:
        """Every model can be asked."""


@dataclass(frozen=True, slots=True)
class Attention:
    """Attention from the answer to passages after AttnTrace (Wang et al., 2025, arXiv 2508.03793).

    ``samples`` times a random ``share`` of the passages stands in the prompt in order, the answer
    behind it; a passage scores the mean of its ``top_tokens`` best tokens' attention, averaged over
    layers, heads, the answer's tokens and the samples that it was in. Local models alone.
    """

    samples: Annotated[int, Ge(1)] = field(
        default=30, metadata={"help": "random subsets of passages, a forward pass each"}
    )
    share: Annotated[float, Interval(gt=0, le=1)] = field(
        default=0.4, metadata={"help": "share of the passages in each"}
    )
    top_tokens: Annotated[int, Ge(1)] = field(
        default=5, metadata={"help": "tokens of a passage that count, those attended to most"}
    )
    seed: int = field(default=0, metadata={"help": "seed of the subsets"})

    def score(self, job: Job) -> Scored:
        """Score passages; raises ConfigError for a model whose attention cannot be read."""
        model = _local_model(job.model)
        seen: list[list[float]] = [[] for _ in job.passages]
        limit, done = None, 0
        for sample in _attention.subsamples(len(job.passages), self.samples, self.share, self.seed):
            if job.max_calls is not None and done >= job.max_calls:
                limit = LimitReached("calls", f"{done} of {self.samples} forward passes made")
                break
            meter.working("forward passes", done, self.samples)
            shown = [job.passages[n] for n in sample]
            one = _local.prompted(model, job.question, shown, job.answer)
            scores = _attention.by_passage(one, self.top_tokens)
            for n, score in zip(sample, scores, strict=True):
                seen[n].append(score)
            done += 1
        means = {n: sum(some) / len(some) for n, some in enumerate(seen) if some}
        return Scored(means, done, limit)

    def check(self, model: Model) -> None:
        """Raise ConfigError for a model whose attention cannot be read."""
        _local_model(model)


@dataclass(frozen=True, slots=True)
class ByReader:
    """Where the packaged reader finds the answer: one local reading, whoever gave the answer.

    A passage scores the probability of the reader's spans in it, each weighed by how much it
    resembles the answer; among equals the passage that likelier answers the question comes first.
    """

    def score(self, job: Job) -> Scored:
        """Read all passages once."""
        spans = job.worth
        if not isinstance(spans, ReaderSpans):
            spans = ReaderSpans(job.answer, job.question, job.passages, _reader(job.model))
        scores = spans.by_passage(tuple(range(len(job.passages))))
        return Scored(dict(enumerate(scores)), 1)

    def check(self, model: Model) -> None:
        """The packaged reader is always there."""


def _reader(model: Model) -> Reader:
    behind = bare(model)
    return behind if isinstance(behind, Reader) else Reader()


def _local_model(model: Model) -> HuggingFace:
    behind = bare(model)
    if not isinstance(behind, HuggingFace):
        raise ConfigError(
            f"attention is read from huggingface:NAME models alone, not from "
            f"{catalog.spec(behind)}; use method=search"
        )
    _attention.check(behind.name)
    return behind
