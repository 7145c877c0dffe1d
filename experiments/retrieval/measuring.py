"""Retrieval measured alone: ranked passages against gold evidence, and no answer asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from crossover import catalog, meter
from crossover.errors import ConfigError, DataError, MissingExtra, UnknownName
from crossover.experiments.answering import Progress, Silent
from crossover.experiments.grid import Grid, Job, retrieves_only
from crossover.measure import measured
from crossover.metrics.retrieval import (
    covered,
    evidence_recall,
    evidence_token_recall,
    first_of_each,
    judged,
)
from crossover.roles import Model, Retrieving, Strategy
from crossover.types import Answer, Example, Passage, Question
from crossover.wrapped import at_once

if TYPE_CHECKING:
    import pandas as pd

DEPTHS = (1, 3, 5, 10, 20)
# of datasets that are for retrieval alone: their own first metric
OWN = "benchmark"
MEASURES = (*(f"recall@{k}" for k in DEPTHS), "nDCG@10", "MRR", "token_recall", OWN)
# a passage is relevant where at least half of an evidence span's words stand in it, or where at
# least half of its own words are evidence
RELEVANT = 0.5


@dataclass(frozen=True)
class Alone(Strategy):
    """Retrieves for a strategy and asks nothing: its answer holds the passages, best first."""

    strategy: Retrieving

    def answer(self, question: Question, model: Model) -> Answer:
        """Return the passages without an answer."""
        return Answer("", tuple(self.strategy.retrieve(question, model)))


def measure_retrieval(grid: Grid, progress: Progress | None = None) -> pd.DataFrame:
    """One row per dataset × example with evidence × strategy that retrieves × model.

    ``recall@k`` is the share of evidence spans found in the k best passages and ``token_recall``
    the share of their words in all of them, whatever the chunking; ``nDCG@10`` and ``MRR`` are
    ir-measures' over passages. Where a dataset judges whole documents, the documents that the
    passages come from are ranked instead, with their grades. ``benchmark`` is the own metric of a
    dataset that is for retrieval alone. A retrieval that failed scores 0. ``attrs["left_out"]``
    names the strategies that do not retrieve and counts the questions without evidence. Raises
    ConfigError where no strategy retrieves, DataError where no question names evidence.
    """
    try:
        import pandas as pd
    except ImportError:
        raise MissingExtra("pandas", "report", "measuring retrieval") from None
    jobs, left_out = _jobs(grid)
    progress = progress or Silent()
    progress.start(len(jobs), 0)
    rows = list[dict[str, Any]]()
    with meter.watched(progress.working):
        for job, answer in _answers(jobs, progress):
            rows.append(_row(job, answer))
    frame = pd.DataFrame(_with_rank_measures(rows))
    frame.attrs["left_out"] = left_out
    frame.attrs["aggregates"] = {
        source.name: [*getattr(source.dataset, "aggregates", ())] for source in grid.sources
    }
    return frame


def check_measure(name: str, grid: Grid | None = None) -> None:
    """Raise UnknownName for what is not measured, ConfigError for what this grid has not."""
    if name not in MEASURES:
        raise UnknownName(name, "the measures of retrieval", MEASURES)
    without = [s.name for s in grid.sources if not retrieves_only(s.dataset)] if grid else []
    if name == OWN and without:
        raise ConfigError(f"{without[0]} has no measure of retrieval of its own; name another")


def _jobs(grid: Grid) -> tuple[list[Job], list[str]]:
    """What can be measured, and a line about each kind of thing that cannot."""
    every = list(grid.jobs(keyed=False))
    retrieving = [job for job in every if catalog.plays(job.strategy, Retrieving)]
    if not retrieving:
        named = ", ".join(catalog.spec(strategy) for strategy in grid.strategies)
        raise ConfigError(f"no strategy of the grid retrieves passages: {named}; name rag(…)")
    jobs = [job for job in retrieving if job.example.evidence]
    if not jobs:
        named = ", ".join(source.name for source in grid.sources)
        raise DataError(f"no question of {named} names its evidence: nothing to measure against")
    left_out = []
    silent = [s for s in grid.strategies if not catalog.plays(s, Retrieving)]
    if silent:
        named = ", ".join(map(catalog.spec, silent))
        left_out.append(f"left out, for they retrieve nothing: {named}")
    bare, asked = ({_asked(job) for job in some} for some in (retrieving, jobs))
    if bare - asked:
        left_out.append(f"left out, for they name no evidence: {len(bare - asked):,} questions")
    return jobs, left_out


def _asked(job: Job) -> tuple[str, str]:
    return job.source.name, job.example.question.id


def _answers(jobs: Sequence[Job], progress: Progress) -> Iterator[tuple[Job, Answer]]:
    def answered(job: Job) -> Answer:
        strategy: Any = job.strategy
        return measured(Alone(strategy), job.example.question, job.model)

    for _, together in groupby(jobs, key=lambda job: catalog.spec(job.model)):
        todo = list(together)
        threads = at_once(todo[0].model)
        with ThreadPoolExecutor(threads) as pool:
            for job, answer in zip(todo, pool.map(answered, todo), strict=True):
                progress.advance(answer)
                yield job, answer


def _row(job: Job, answer: Answer) -> dict[str, Any]:
    example, usage = job.example, answer.usage
    passages = answer.passages
    if judged(example):
        passages = tuple(first_of_each(example, passages))
    # as returned: a selector or a foreign retriever may not order by score
    placed = tuple(replace(one, score=-float(at)) for at, one in enumerate(passages))
    answer = replace(answer, passages=placed)
    row: dict[str, Any] = {
        "dataset": job.source.name,
        "example": example.question.id,
        "group": example.group,
        "strategy": catalog.spec(job.strategy),
        "model": catalog.spec(job.model),
        "outcome": answer.outcome,
        "message": answer.message,
    }
    row |= {f"recall@{k}": evidence_recall(example, answer, k) for k in DEPTHS}
    if retrieves_only(job.source.dataset):
        row[OWN] = job.source.metrics[0](example, answer)
    row |= {
        "token_recall": evidence_token_recall(example, answer),
        "judged": _graded(example, placed),
        "passages": len(answer.passages),
        "seconds": answer.seconds,
        "input_tokens": usage.input_tokens,
        "calls": usage.calls,
        "dollars": usage.dollars,
        "indexing_seconds": answer.indexing.compute_seconds,
        "indexing_tokens": answer.indexing.input_tokens,
        "indexing_dollars": answer.indexing.dollars,
        "index_bytes": answer.index_bytes,
    }
    return row | {f"tag.{name}": value for name, value in example.tags.items()}


def _graded(example: Example, passages: Sequence[Passage]) -> tuple[list[int], list[int]]:
    """How relevant each passage is, and the grades of the evidence that none of them holds."""
    if grades := judged(example):
        found = [one.document for one in passages]
        unseen = [grade for name, grade in grades.items() if name not in found]
        return [grades.get(name, 0) for name in found], unseen
    relevant = [
        any(_holds(example, passage, at) for at in range(len(example.evidence)))
        for passage in passages
    ]
    missing = sum(
        not any(_holds(example, passage, at) for passage in passages)
        for at in range(len(example.evidence))
    )
    return [*map(int, relevant)], [1] * missing


def _holds(example: Example, passage: Passage, at: int) -> bool:
    span = example.evidence[at]
    if passage.document != span.document:
        return False
    shared = min(passage.end, span.end) - max(passage.start, span.start)
    inside = shared >= RELEVANT * max(passage.end - passage.start, 1)
    return inside or covered(example, span, [passage]) >= RELEVANT


def _with_rank_measures(
    rows: Sequence[dict[str, Any]],
) -> list[Mapping[str, Any]]:
    """Add nDCG@10 and MRR; an evidence span that is not found counts as a passage not retrieved."""
    import ir_measures

    ndcg, rank = ir_measures.nDCG @ 10, ir_measures.RR
    judgements: dict[str, dict[str, int]] = {}
    runs: dict[str, dict[str, float]] = defaultdict(dict)
    for number, row in enumerate(rows):
        found, missing = row.pop("judged")
        graded = {f"p{place}": grade for place, grade in enumerate(found)}
        judgements[str(number)] = graded | {f"missing{n}": one for n, one in enumerate(missing)}
        runs[str(number)] = {name: -float(place) for place, name in enumerate(graded)}
        # the library leaves out a question for which nothing was retrieved
        runs[str(number)] |= {} if graded else {"nothing": 0.0}
    values = {
        (m.query_id, m.measure): m.value
        for m in ir_measures.iter_calc([ndcg, rank], judgements, runs)
    }
    return [
        row | {"nDCG@10": values[str(n), ndcg], "MRR": values[str(n), rank]}
        for n, row in enumerate(rows)
    ]
