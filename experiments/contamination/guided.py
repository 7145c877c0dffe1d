"""Guided completion: whether a model knows how a dataset's texts go on, told whose they are."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from crossover import catalog
from crossover.datasets.jsonl import Jsonl
from crossover.errors import DataError
from crossover.experiments.answering import Progress, Silent, execute
from crossover.experiments.grid import Job, Source
from crossover.experiments.questions import sampled
from crossover.experiments.statistics import Estimate, clustered_mean, sign_flip
from crossover.experiments.store import Store
from crossover.judging.calls import Judging, bill
from crossover.metrics.summary import rouge_l
from crossover.roles import Dataset, Model
from crossover.types import Answer, Example, Question, Usage

if TYPE_CHECKING:
    from pandas import DataFrame

Of = Literal["question", "document"]
# words of a document's piece that is shown, and of the piece that is to be written
SHOWN, HIDDEN = 100, 60
# fewer hidden words can be guessed
LEAST = 8
# ROUGE-L from which a completion counts as nearly exact
NEAR = 0.75
SURE = 0.05
GUIDED = """Below is the beginning of a text from the {split} of the dataset {name}.
Write the rest of it, exactly as it stands in that dataset, and nothing else.

{first}"""
GENERAL = """Below is the beginning of a text.
Write how it is likely to go on, and nothing else.

{first}"""


@dataclass(frozen=True, slots=True)
class Piece:
    """The shown beginning of a text and what truly follows it."""

    id: str
    group: str
    first: str
    rest: str


@dataclass(frozen=True, slots=True)
class Guided:
    """What came of it: a row per text, and over them the difference between the two prompts.

    ``rows``: id, group, guided and general (ROUGE-L with the true rest, None where the call
    failed), both outcomes, near and exact (of the guided completion). ``p`` is one-sided.
    """

    rows: DataFrame
    difference: Estimate
    p: float | None
    bill: Usage

    @property
    def by_overlap(self) -> bool:
        """Whether naming the dataset brings completions closer to the truth than chance."""
        return self.p is not None and self.p <= SURE

    @property
    def by_replication(self) -> bool:
        """Whether a text was replicated, or as many nearly as make two of ten."""
        told = self.rows["guided"].notna()
        nearly = int(self.rows.loc[told, "near"].sum())
        return bool(self.rows.loc[told, "exact"].any()) or nearly >= max(2, 0.2 * told.sum())


def pieces(dataset: Dataset, of: Of, limit: int, seed: int) -> list[Piece]:
    """Cut texts of a dataset in two, at places drawn by the seed; spread over its documents.

    ``question``: a question with its first gold answer. ``document``: words somewhere in each
    document. Raises DataError where no text is long enough.
    """
    every = list(dataset.examples())
    texts = _documents(every) if of == "document" else every
    cut = (_cut(one, of, random.Random(f"{seed}/{one.question.id}")) for one in texts)
    found = {piece.id: piece for piece in cut if piece}
    if not found:
        hint = "; try documents" if of == "question" else ""
        raise DataError(f"no {of} of this dataset has enough words to be cut in two{hint}")
    kept = sampled([one for one in texts if one.question.id in found], limit, seed)
    return [found[one.question.id] for one in kept]


def guided_completion(
    dataset: Dataset,
    model: Model,
    folder: Path,
    *,
    of: Of = "question",
    name: str = "",
    split: str = "test split",
    limit: int = 20,
    seed: int = 0,
    progress: Progress | None = None,
) -> Guided:
    """Let a model complete texts with and without being told which dataset they are from.

    As Golchin & Surdeanu (ICLR 2024, "Time Travel in LLMs"): where it was trained on the dataset,
    the guided completions are closer to the truth (ROUGE-L). Tested by flipping signs of whole
    documents instead of a bootstrap. Calls are kept in ``folder``: asked once, billed once.
    Raises DataError where there is nothing to complete.
    """
    texts = pieces(dataset, of, limit, seed)
    named = name or catalog.spec(dataset).partition("(")[0]
    prompts = [
        (GUIDED.format(name=named, split=split, first=one.first), GENERAL.format(first=one.first))
        for one in texts
    ]
    replies = _replies([text for both in prompts for text in both], model, folder, seed, progress)
    return _compared(texts, list(zip(replies[::2], replies[1::2], strict=True)))


def _documents(every: Sequence[Example]) -> list[Example]:
    """An example per document, in the group of the first question on it."""
    found = dict[str, Example]()
    for example in every:
        for document in example.question.documents:
            question = Question(document.id, "", (document,))
            found.setdefault(document.id, Example(question, group=example.group))
    return list(found.values())


def _cut(example: Example, of: Of, chance: random.Random) -> Piece | None:
    if of == "question":
        gold = f"\nAnswer: {example.answers[0]}" if example.answers else ""
        words = f"Question: {example.question.text}{gold}".split(" ")
        at = chance.randint(len(words) // 3, max(len(words) // 3, 2 * len(words) // 3))
    else:
        text = example.question.documents[0].text.split(" ")
        start = chance.randint(0, max(0, len(text) - SHOWN - HIDDEN))
        words = text[start : start + SHOWN + HIDDEN]
        at = SHOWN
    first, rest = " ".join(words[:at]), " ".join(words[at:])
    if not first.strip() or len(rest.split()) < LEAST:
        return None
    return Piece(example.question.id, example.group, first, rest)


def _replies(
    prompts: Sequence[str], model: Model, folder: Path, seed: int, progress: Progress | None
) -> list[Answer]:
    strategy = Judging(max_tokens=256)
    # no dataset is read: the whole prompt is the question
    source = Source("guided", Jsonl(""), ())
    jobs = [
        Job(source, Example(Question(_key(text, model, seed)[:12], text)), strategy, model, key)
        for text in prompts
        for key in [_key(text, model, seed)]
    ]
    with Store(folder) as store:
        execute(jobs, store, seed, progress or Silent())
        answers = store.answered(job.key for job in jobs)
    return [answers[job.key] for job in jobs]


def _key(text: str, model: Model, seed: int) -> str:
    return hashlib.sha256(f"guided/{catalog.identity(model)}/{seed}/{text}".encode()).hexdigest()


def _compared(texts: Sequence[Piece], replies: Sequence[tuple[Answer, Answer]]) -> Guided:
    import pandas as pd

    rows = []
    for one, (told, untold) in zip(texts, replies, strict=True):
        guided, general = _overlap(one.rest, told), _overlap(one.rest, untold)
        rows.append(
            {
                "id": one.id,
                "group": one.group,
                "guided": guided,
                "general": general,
                "guided_outcome": told.outcome,
                "general_outcome": untold.outcome,
                "near": (guided or 0.0) >= NEAR,
                "exact": _exact(one.rest, told.text),
                "rest": one.rest,
                "completion": told.text,
            }
        )
    table = pd.DataFrame(rows)
    apart = list(table["guided"].astype(float) - table["general"].astype(float))
    groups = table["group"].to_numpy(object)
    difference = clustered_mean(apart, groups, share=False)
    both = sign_flip(apart, groups)
    closer = (difference.mean or 0.0) > 0
    p = None if both is None else both / 2 if closer else 1 - both / 2
    return Guided(table, difference, p, bill([reply for pair in replies for reply in pair]))


def _overlap(rest: str, reply: Answer) -> float | None:
    """ROUGE-L of as many words as truly follow; a refusal knows nothing, a failure is unknown."""
    if reply.outcome == "refused":
        return 0.0
    if not reply.scorable:
        return None
    said = " ".join(reply.text.split()[: len(rest.split())])
    return rouge_l(Example(Question("", ""), (rest,)), Answer(said))


def _exact(rest: str, completion: str) -> bool:
    return " ".join(completion.split()).startswith(" ".join(rest.split()))
