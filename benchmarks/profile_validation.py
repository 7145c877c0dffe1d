"""Does the estimated profile of a question tell what its gold evidence and its answers say?

Usage: python benchmarks/profile_validation.py [--locomo FOLDER] [--lara FOLDER] [--reader].
Weights were chosen on the sets marked with a star; intervals resample documents.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr
from tabulate import tabulate

from crossover import catalog
from crossover.datasets.lara import Lara
from crossover.datasets.profiled import ESTIMATED
from crossover.experiments.statistics import clustered_mean
from crossover.measure import measured
from crossover.metrics.answer import answer_recall
from crossover.profiles import gold_profile, profile
from crossover.profiles.searched import indexed
from crossover.roles import Dataset, Model, Strategy
from crossover.types import Answer, Example

BIOGRAPHIES = "biographies(tokens={}, documents={}, questions=28, seed={})"
CHOSEN_ON = ("conv-26", "conv-30", "conv-42", "26", "30", "42")
NAMES = ("scope", "diffusion")
RESAMPLES = 2_000


def spearman(first: Any, second: Any, groups: Sequence[str]) -> str:
    """The correlation with its 95 % percentile interval over resampled documents."""
    one, two, codes = np.asarray(first), np.asarray(second), np.unique(groups, return_inverse=True)
    members = [np.flatnonzero(codes[1] == at) for at in range(len(codes[0]))]
    chance = np.random.default_rng(0)
    drawn = []
    for _ in range(RESAMPLES):
        rows = np.concatenate(
            [members[at] for at in chance.integers(len(members), size=len(members))]
        )
        drawn.append(spearmanr(one[rows], two[rows]).statistic)
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return f"{spearmanr(one, two).statistic:+.2f} ({low:+.2f} to {high:+.2f})"


def against_gold(name: str, examples: Iterable[Example]) -> list[Any]:
    """How the estimates go with what the evidence says."""
    kept = [example for example in examples if example.evidence]
    found = [profile(example.question) for example in kept]
    gold = [gold_profile(example) for example in kept]
    groups = [example.group for example in kept]
    row: list[Any] = [name, len(kept), len(set(groups))]
    for estimate, measure in zip(NAMES + NAMES[:1], (*NAMES, "coverage"), strict=True):
        values = [getattr(each, estimate) for each in found]
        row.append(spearman(values, [getattr(each, measure) for each in gold], groups))
    return row


def gold_table(locomo: Path | None) -> None:
    sets = [
        (
            f"biographies {tokens:,}{' *' if tokens == 8000 else ''}",
            BIOGRAPHIES.format(tokens, n, s),
        )
        for tokens, n, s in ((2000, 12, 11), (8000, 8, 3), (32_000, 12, 11), (128_000, 12, 11))
    ]
    rows = [against_gold(name, catalog.load(Dataset, text).examples()) for name, text in sets]
    if locomo:
        every = list(catalog.load(Dataset, f'locomo("{locomo}")').examples())
        for name, chosen in (("LoCoMo, three dialogues *", True), ("LoCoMo, the others", False)):
            some = [each for each in every if (each.group in CHOSEN_ON) == chosen]
            rows.append(against_gold(name, some))
    heads = ["set", "questions", "documents", "scope, passages", "diffusion, share to read"]
    print(tabulate(rows, [*heads, "scope, coverage"], tablefmt="github"), "\n")


def tasks(examples: Sequence[Example]) -> None:
    """What LaRA's tasks are estimated at: labels that no estimate sees."""
    rows = []
    for task in ("location", "reasoning", "comp", "hallu"):
        some = [each for each in examples if each.tags["task"] == task]
        found = [profile(each.question) for each in some]
        means = [
            clustered_mean([getattr(one, name) for one in found], [each.group for each in some])
            for name in NAMES
        ]
        rows.append(
            [task, len(some), *(f"{m.mean:.2f} ({m.low:.2f} to {m.high:.2f})" for m in means)]
        )
    print(tabulate(rows, ["LaRA's task", "questions", *NAMES], tablefmt="github"), "\n")


def gaps(title: str, kept: Sequence[tuple[Example, float]]) -> None:
    """Mean full-rag gap in points by the estimates' words, and how it goes with the estimates."""
    rows = []
    for name in NAMES:
        found = [getattr(profile(example.question), name) for example, _ in kept]
        groups, gap = [each.group for each, _ in kept], [100 * gap for _, gap in kept]
        whole = spearman(found, gap, groups)
        for word in ESTIMATED[name].words:
            of = [at for at, value in enumerate(found) if ESTIMATED[name].word(value) == word]
            mean = clustered_mean([gap[at] for at in of], [groups[at] for at in of], share=False)
            told = (
                ""
                if mean.low is None
                else f"{mean.mean:+.1f} ({mean.low:+.1f} to {mean.high:+.1f})"
            )
            rows.append([name, word, len(of), told, whole])
            whole = ""
    heads = [title, "slice", "questions", "full - rag, points", "Spearman over questions"]
    print(tabulate(rows, heads, tablefmt="github"), "\n")


def within(kept: Sequence[tuple[Example, float]]) -> None:
    """How the gap goes with the estimates among questions of one task and length."""
    rows = []
    for cell in sorted({(each.tags["task"], each.tags["length"]) for each, _ in kept}):
        some = [(e, gap) for e, gap in kept if (e.tags["task"], e.tags["length"]) == cell]
        groups, found = [each.group for each, _ in some], [profile(e.question) for e, _ in some]
        told = (
            spearman([getattr(one, name) for one in found], [gap for _, gap in some], groups)
            for name in NAMES
        )
        rows.append([*cell, len(some), *told])
    print(tabulate(rows, ["task", "length", "questions", *NAMES], tablefmt="github"), "\n")


def released_gaps(folder: Path, examples: Sequence[Example]) -> list[tuple[Example, float]]:
    """LaRA's published answers: the gap of each question, mean over models."""
    dataset = Lara(str(folder), questions="predictions")
    answers = [dataset.released(p.name) for p in sorted((folder / "prediction").iterdir())]
    found = []
    for example in examples:
        of = [_gap(example, one) for one in answers]
        told = [gap for gap in of if gap is not None]
        if told and example.answers:
            found.append((example, sum(told) / len(told)))
    return found


def _gap(example: Example, released: Any) -> float | None:
    keys = [(arm, example.question.id) for arm in ("full", "rag")]
    if not all(key in released for key in keys):
        return None
    full, rag = (answer_recall(example, Answer(released[key])) or 0.0 for key in keys)
    return full - rag


def reader_gaps(text: str, rag: str) -> list[tuple[Example, float]]:
    """The packaged reader on biographies: the gap of each question."""
    model = catalog.load(Model, "reader")
    arms = [catalog.load(Strategy, each) for each in ("full_context", rag)]
    found = []
    for example in catalog.load(Dataset, text).examples():
        if example.answers:
            answers = [measured(arm, example.question, model) for arm in arms]
            full, less = (answer_recall(example, answer) or 0.0 for answer in answers)
            found.append((example, full - less))
    return found


def speed() -> None:
    """Seconds of a profile on 32,000 tokens, its index built before, and of that index."""
    dataset = catalog.load(Dataset, BIOGRAPHIES.format(32_000, 1, 11))
    questions = [example.question for example in dataset.examples()]
    questions[0].documents[0].digest  # noqa: B018 - the text is written when first used
    started = time.perf_counter()
    indexed(questions[0].documents)
    built = time.perf_counter() - started
    taken = []
    for question in questions:
        started = time.perf_counter()
        profile(question)
        taken.append(1000 * (time.perf_counter() - started))
    print(f"32,000 tokens: index {1000 * built:.0f} ms, then {np.median(taken):.1f} ms a question")
    print(f"(slowest of {len(taken)}: {max(taken):.1f} ms)\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--locomo", type=Path)
    parser.add_argument("--lara", type=Path)
    parser.add_argument("--reader", action="store_true", help="ask the packaged reader (minutes)")
    parser.add_argument("--rag", default="rag(k=4)", help="what full_context is compared with")
    given = parser.parse_args()
    speed()
    gold_table(given.locomo)
    if given.lara:
        examples = list(Lara(str(given.lara)).examples())
        tasks(examples)
        kept = released_gaps(given.lara, examples)
        gaps("LaRA, 9 models", kept)
        within(kept)
    if given.reader:
        text = "biographies(tokens=8000, documents=12, questions=14, seed=5)"
        gaps(f"reader, 8,000 tokens, {given.rag}", reader_gaps(text, given.rag))


if __name__ == "__main__":
    main()
