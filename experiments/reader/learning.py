"""One training step: forward in short batches of like length, one loss over each question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from crossover import precision
from crossover.experiments.reader.groups import Group, Sample
from crossover.models.reader._network import Network

BATCH_TOKENS = 4096
SPAN, SENTENCE, RERANK, ANSWERABLE = 1.0, 0.5, 0.25, 0.25


@dataclass
class Flat:
    """All logits of a step side by side, with the question and the label of each."""

    logits: list[Tensor]
    groups: list[int]
    gold: list[bool]

    def loss(self, questions: int, null: bool) -> Tensor:
        """Shared normalisation (Clark & Gardner 2018): softmax over all windows of a question.

        With ``null`` one more choice of logit 0 stands for "none of these", right where no gold
        choice is; without it, questions that have no gold choice do not count.
        """
        logits = torch.cat(self.logits)
        groups = torch.tensor(self.groups)
        gold = torch.tensor(self.gold)
        if null:
            logits = torch.cat([logits, torch.zeros(questions)])
            groups = torch.cat([groups, torch.arange(questions)])
            answered = torch.zeros(questions, dtype=torch.bool)
            answered[groups[: len(gold)][gold]] = True
            gold = torch.cat([gold, ~answered])
        everything = _logsumexp(logits, groups, questions)
        right = _logsumexp(logits[gold], groups[gold], questions)
        counted = torch.isfinite(right) & torch.isfinite(everything)
        return (everything - right)[counted].sum()


def _logsumexp(logits: Tensor, groups: Tensor, questions: int) -> Tensor:
    top = torch.full((questions,), -torch.inf)
    top = top.scatter_reduce(0, groups, logits.detach(), "amax")
    safe = top.masked_fill(torch.isinf(top), 0.0)
    total = torch.zeros(questions).index_add(0, groups, (logits - safe[groups]).exp())
    empty = total == 0
    return torch.where(empty, -torch.inf, total.masked_fill(empty, 1.0).log() + safe)


def forward(network: Network, samples: Sequence[Sample]) -> list[tuple[Tensor, Tensor]]:
    """Token logits (length × 3) and window logits (2) of every sample, in its order."""
    device = precision.device()
    order = sorted(range(len(samples)), key=lambda at: -len(samples[at].ids))
    found: list[tuple[Tensor, Tensor]] = [(torch.empty(0), torch.empty(0))] * len(samples)
    while order:
        size = max(1, BATCH_TOKENS // len(samples[order[0]].ids))
        batch, order = order[:size], order[size:]
        longest = len(samples[batch[0]].ids)
        rows = [samples[at] for at in batch]
        ids = torch.tensor([_padded(row.ids, longest) for row in rows])
        kinds = torch.tensor([_padded(row.kinds, longest) for row in rows])
        mask = torch.tensor([_padded([1] * len(row.ids), longest) for row in rows])
        with precision.fast():
            tokens, windows = network(ids.to(device), kinds.to(device), mask.to(device))
        for at, token, window in zip(batch, tokens.cpu(), windows.cpu(), strict=True):
            found[at] = (token[: len(samples[at].ids)], window)
    return found


def _padded(row: list[int], length: int) -> list[int]:
    return row + [0] * (length - len(row))


def loss(network: Network, groups: Sequence[Group]) -> dict[str, Tensor]:
    """The loss of every head over these questions, each divided by their number."""
    owners = [number for number, group in enumerate(groups) for _ in group]
    samples = [sample for group in groups for sample in group]
    outputs = forward(network, samples)
    starts, ends, sentences, rerank = (Flat([], [], []) for _ in range(4))
    answerable, labels = [], []
    for owner, sample, (tokens, window) in zip(owners, samples, outputs, strict=True):
        if sample.known:
            first = sample.kinds.index(1)
            for flat, column, gold in ((starts, 0, sample.starts), (ends, 1, sample.ends)):
                flat.logits.append(tokens[first:-1, column] - tokens[0, column])
                flat.groups += [owner] * (len(sample.ids) - 1 - first)
                marks = set(gold)
                flat.gold += [at in marks for at in range(first, len(sample.ids) - 1)]
        sentences.logits.append(_pooled(tokens[:, 2], sample))
        sentences.groups += [owner] * len(sample.relevant)
        sentences.gold += [bool(label) for label in sample.relevant]
        rerank.logits.append(window[:1])
        rerank.groups.append(owner)
        rerank.gold.append(sample.answers)
        answerable.append(window[1])
        labels.append(float(sample.answers))
    size = len(groups)
    found = {
        "sentence": sentences.loss(size, null=True) * SENTENCE / size,
        "rerank": rerank.loss(size, null=False) * RERANK / size,
        "answerable": torch.nn.functional.binary_cross_entropy_with_logits(
            torch.stack(answerable), torch.tensor(labels)
        )
        * ANSWERABLE,
    }
    if starts.logits:
        both = starts.loss(size, null=True) + ends.loss(size, null=True)
        found["span"] = both / 2 * SPAN / size
    return found


def _pooled(logits: Tensor, sample: Sample) -> Tensor:
    """Mean of the token logits of every sentence."""
    number = torch.tensor(sample.sentence_of)
    inside = number >= 0
    count = len(sample.relevant)
    total = torch.zeros(count).index_add(0, number[inside], logits[inside])
    size = torch.zeros(count).index_add(0, number[inside], torch.ones(int(inside.sum())))
    return total / size.clamp(min=1)
