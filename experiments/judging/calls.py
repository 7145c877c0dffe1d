"""Asking a judge about many cases: side by side, each call once, kept as soon as answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crossover import meter
from crossover.datasets.jsonl import Jsonl
from crossover.experiments.answering import Progress, Silent, execute
from crossover.experiments.grid import Job, Source
from crossover.experiments.store import FILE, Store
from crossover.judging import verdicts
from crossover.judging.calls import (
    UNPARSABLE,
    Judging,
    Verdict,
    bill,
    failed,
    key_of,
    retried,
    verdict,
)
from crossover.judging.judge import MOST_ITEMS, Case, Judge
from crossover.types import Answer, Example, Question, Usage

FOLDER = "judge"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a judge said of one case, a verdict per call, and what that cost.

    A call that serves several cases (the same answer twice, a checklist) is billed to the first.
    ``seconds`` add up over calls, however many ran at once; None where one was not timed.
    """

    verdicts: tuple[Verdict, ...]
    usage: Usage = Usage()
    seconds: float | None = 0.0
    failed: int = 0
    retried: int = 0


@dataclass(frozen=True, slots=True)
class Planned:
    """What judging would take, beyond what is already answered; tokens are input tokens."""

    calls: int
    tokens: int
    dollars: float | None


def judge_cases(
    judge: Judge,
    cases: Sequence[Case],
    folder: Path,
    *,
    retry_failed: bool = False,
    progress: Progress | None = None,
) -> list[Judgement]:
    """Judge every case, in their order; what the folder already holds is not asked again.

    Raises ConfigError where the judge cannot be used; what fails on its way is an outcome.
    """
    check = getattr(judge.model, "check", None)
    if check:
        check()
    with Store(folder / FOLDER) as store:
        bench = _Bench(judge, store, retry_failed, progress or Silent())
        return bench.judged(cases)


def plan_cases(judge: Judge, cases: Sequence[Case], folder: Path) -> Planned:
    """Count what would be asked, asking nothing; a checklist not yet written is taken as long."""
    unwritten = judge.items or ("Does the answer say so?",) * MOST_ITEMS
    questions = [ask.question for case in cases for ask in judge.asks(case, unwritten)]
    if judge.mode == "checklist" and not judge.items:
        questions += [judge.listing(case) for case in cases]
    wanted = {key_of(judge, question): question.text for question in questions}
    if (folder / FOLDER / FILE).is_file():
        with Store(folder / FOLDER) as store:
            wanted = {key: text for key, text in wanted.items() if key not in store.outcomes()}
    tokens = sum(judge.model.count(text) for text in wanted.values())
    price = getattr(judge.model, "dollars", None)
    most = Usage(tokens, judge.max_tokens * len(wanted), calls=len(wanted))
    return Planned(len(wanted), tokens, price(most) if price else 0.0)


def total(judgements: Iterable[Judgement]) -> Judgement:
    """The bill of all, without their verdicts."""
    usage, seconds, lost, again = Usage(), list[float | None](), 0, 0
    for each in judgements:
        usage += each.usage
        seconds.append(each.seconds)
        lost += each.failed
        again += each.retried
    timed = [one for one in seconds if one is not None]
    return Judgement((), usage, sum(timed) if len(timed) == len(seconds) else None, lost, again)


class _Bench:
    """A judge at work on one store; every call is billed once."""

    def __init__(self, judge: Judge, store: Store, retry_failed: bool, progress: Progress) -> None:
        self.judge, self.store = judge, store
        self.retry_failed, self.progress = retry_failed, progress
        self.billed = set[str]()

    def judged(self, cases: Sequence[Case]) -> list[Judgement]:
        """See ``judge_cases``."""
        lists = self._checklists(cases)
        asks = {
            at: self.judge.asks(case, lists[at].items)
            for at, case in enumerate(cases)
            if lists[at].trouble is None
        }
        replies = self._replies(ask.question for some in asks.values() for ask in some)
        found = []
        for at in range(len(cases)):
            written = lists[at]
            keys = [key_of(self.judge, ask.question) for ask in asks.get(at, ())]
            said = [verdict(a, replies[k]) for a, k in zip(asks.get(at, ()), keys, strict=True)]
            calls = self._unbilled(replies, keys)
            if written.key:
                calls += self._unbilled(written.replies, [written.key])
            found.append(_judgement(tuple(said) or (_open(written),), calls))
        return found

    def _checklists(self, cases: Sequence[Case]) -> list[_Checklist]:
        if self.judge.mode != "checklist" or self.judge.items:
            return [_Checklist(self.judge.items)] * len(cases)
        questions = [self.judge.listing(case) for case in cases]
        replies = self._replies(questions)
        return [self._checklist(question, replies) for question in questions]

    def _checklist(self, question: Question, replies: Mapping[str, Answer]) -> _Checklist:
        key = key_of(self.judge, question)
        reply = replies[key]
        if reply.outcome not in ("answered", "truncated"):
            return _Checklist((), Verdict(None, reply.outcome, reply.message), key, replies)
        items = verdicts.items(reply.text, MOST_ITEMS) if reply.outcome == "answered" else None
        if items is None:
            trouble = Verdict(None, UNPARSABLE, "the judge wrote no checklist that can be read")
            return _Checklist((), trouble, key, replies)
        return _Checklist(items, None, key, replies)

    def _replies(self, questions: Iterable[Question]) -> dict[str, Answer]:
        keyed = {key_of(self.judge, question): question for question in questions}
        if self.retry_failed:
            known = self.store.outcomes()
            self.store.forget(key for key in keyed if known.get(key, "").startswith("failed:"))
        # no dataset is read: the whole prompt is the question
        source, strategy = Source(FOLDER, Jsonl(""), ()), Judging(self.judge.max_tokens)
        jobs = [
            Job(source, Example(question), strategy, self.judge.model, key)
            for key, question in keyed.items()
        ]
        if jobs:
            with meter.watched(self.progress.working):
                execute(jobs, self.store, self.judge.seed, self.progress)
        return self.store.answered(keyed)

    def _unbilled(self, replies: Mapping[str, Answer], keys: Iterable[str]) -> list[Answer]:
        new = [key for key in dict.fromkeys(keys) if key not in self.billed]
        self.billed.update(new)
        return [replies[key] for key in new]


@dataclass(frozen=True, slots=True)
class _Checklist:
    """The items for a case, or why there are none, and the call that wrote them."""

    items: tuple[str, ...] = ()
    trouble: Verdict | None = None
    key: str = ""
    replies: Mapping[str, Answer] = field(default_factory=dict)


def _open(written: _Checklist) -> Verdict:
    return written.trouble or Verdict(None, UNPARSABLE)


def _judgement(said: tuple[Verdict, ...], calls: Sequence[Answer]) -> Judgement:
    timed = [call.seconds for call in calls if call.seconds is not None]
    seconds = sum(timed) if len(timed) == len(calls) else None
    return Judgement(said, bill(calls), seconds, failed(calls), retried(calls))
