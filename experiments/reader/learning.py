"""One training step: forward in short batches of like length, one loss over each question."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from crossover import precision
from crossover.experiments.reader.groups import Group, Sample
from crossover.models.reader import _spans
from crossover.models.reader._network import Logits, Network

BATCH_TOKENS = 4096
SPAN, ENDS, SENTENCE, RERANK, ANSWERABLE = 1.0, 0.5, 0.5, 0.25, 0.25
# word pieces of an answer where only its sentence is known
SHORT = 12


class Flat:
    """All logits of a step side by side, with the question and the label of each."""

    def __init__(self) -> None:
        self.logits, self.owners, self.gold = list[Tensor](), list[Tensor](), list[Tensor]()

    def add(self, owner: int, logits: Tensor, gold: Tensor) -> None:
        """Take in choices of one question, all of one shape."""
        self.logits.append(logits.flatten())
        self.owners.append(torch.full((logits.numel(),), owner))
        self.gold.append(gold.flatten())

    def loss(self, questions: int, null: bool) -> Tensor:
        """Shared normalisation (Clark & Gardner 2018): softmax over all windows of a question.

        With ``null`` one more choice of logit 0 stands for "none of these", right where no gold
        choice is; without it, questions that have no gold choice do not count.
        """
        logits, owners, gold = (torch.cat(one) for one in (self.logits, self.owners, self.gold))
        if null:
            asked = torch.bincount(owners, minlength=questions).nonzero().flatten()
            answered = torch.zeros(questions, dtype=torch.bool)
            answered[owners[gold]] = True
            logits = torch.cat([logits, torch.zeros(len(asked))])
            owners = torch.cat([owners, asked])
            gold = torch.cat([gold, ~answered[asked]])
        everything = _logsumexp(logits, owners, questions)
        right = _logsumexp(logits[gold], owners[gold], questions)
        counted = torch.isfinite(right) & torch.isfinite(everything)
        return (everything - right)[counted].sum()


def _logsumexp(logits: Tensor, groups: Tensor, questions: int) -> Tensor:
    top = torch.full((questions,), -torch.inf)
    top = top.scatter_reduce(0, groups, logits.detach(), "amax")
    safe = top.masked_fill(torch.isinf(top), 0.0)
    total = torch.zeros(questions).index_add(0, groups, (logits - safe[groups]).exp())
    empty = total == 0
    return torch.where(empty, -torch.inf, total.masked_fill(empty, 1.0).log() + safe)


def forward(network: Network, samples: Sequence[Sample]) -> list[Logits]:
    """Run the network on every sample; spans by length (see ``_spans.band``)."""
    device = precision.device()
    order = sorted(range(len(samples)), key=lambda at: -len(samples[at].ids))
    found: list[Logits] = [Logits(torch.empty(0), torch.empty(0), torch.empty(0))] * len(samples)
    while order:
        size = max(1, BATCH_TOKENS // len(samples[order[0]].ids))
        batch, order = order[:size], order[size:]
        longest = len(samples[batch[0]].ids)
        rows = [samples[at] for at in batch]
        ids = torch.tensor([_padded(row.ids, longest) for row in rows])
        kinds = torch.tensor([_padded(row.kinds, longest) for row in rows])
        mask = torch.tensor([_padded([1] * len(row.ids), longest) for row in rows])
        with precision.fast():
            tokens, spans, windows = network(ids.to(device), kinds.to(device), mask.to(device))
            spans = _spans.band(spans)
        for at, one, table, window in zip(
            batch, tokens.cpu(), spans.cpu(), windows.cpu(), strict=True
        ):
            size = len(samples[at].ids)
            found[at] = Logits(one[:size], table[:, :size], window)
    return found


def _padded(row: list[int], length: int) -> list[int]:
    return row + [0] * (length - len(row))


def loss(network: Network, groups: Sequence[Group]) -> dict[str, Tensor]:
    """The loss of every head over these questions, each divided by their number."""
    owners = [number for number, group in enumerate(groups) for _ in group]
    samples = [sample for group in groups for sample in group]
    starts, ends, spans, sentences, rerank = (Flat() for _ in range(5))
    answerable, labels = list[Tensor](), list[float]()
    for owner, sample, found in zip(owners, samples, forward(network, samples), strict=True):
        inside = slice(sample.kinds.index(1), len(sample.ids) - 1)
        spans.add(owner, *_spans_of(sample, found.spans[:, inside], inside.start))
        if sample.known:
            for flat, column, gold in ((starts, 0, sample.starts), (ends, 1, sample.ends)):
                logits = found.tokens[inside, column] - found.tokens[0, column]
                flat.add(owner, logits, _marked(len(logits), gold, inside.start))
        relevant = torch.tensor(sample.relevant, dtype=torch.bool)
        sentences.add(owner, _pooled(found.tokens[:, 2], sample), relevant)
        rerank.add(owner, found.windows[:1], torch.tensor([sample.answers]))
        answerable.append(found.windows[1])
        labels.append(float(sample.answers))
    size = len(groups)
    losses = {
        "span": spans.loss(size, null=True) * SPAN / size,
        "sentence": sentences.loss(size, null=True) * SENTENCE / size,
        "rerank": rerank.loss(size, null=False) * RERANK / size,
        "answerable": torch.nn.functional.binary_cross_entropy_with_logits(
            torch.stack(answerable), torch.tensor(labels)
        )
        * ANSWERABLE,
    }
    if starts.logits:
        both = starts.loss(size, null=True) + ends.loss(size, null=True)
        losses["ends"] = both / 2 * ENDS / size
    return losses


def _marked(size: int, places: Sequence[int], first: int) -> Tensor:
    marks = torch.zeros(size, dtype=torch.bool)
    marks[torch.tensor(places, dtype=torch.long) - first] = True
    return marks


def _spans_of(sample: Sample, table: Tensor, first: int) -> tuple[Tensor, Tensor]:
    """Spans that end in the passage, and which are right: where only a sentence is known, any.

    ``table`` is length of a span × its first piece. The likeliest of a sentence's spans then gain
    most (as in Min et al. 2019): the network says itself which words of the sentence answer.
    """
    lengths, size = table.shape
    inside = torch.arange(lengths)[:, None] + torch.arange(size)[None, :] < size
    gold = torch.zeros_like(inside)
    for start, end in zip(sample.starts, sample.ends, strict=True):
        gold[min(end - start, lengths - 1), start - first] = True
    if not sample.known:
        right = _relevant(sample)[first : first + size]
        for apart in range(min(SHORT, lengths, size)):
            gold[apart, : size - apart] = right[: size - apart] & right[apart:]
    return table[inside], gold[inside]


def _relevant(sample: Sample) -> Tensor:
    """Which word pieces stand in relevant sentences."""
    labels = torch.tensor([*sample.relevant, 0], dtype=torch.bool)
    return labels[torch.tensor(sample.sentence_of)]


def _pooled(logits: Tensor, sample: Sample) -> Tensor:
    """Mean of the token logits of every sentence."""
    number = torch.tensor(sample.sentence_of)
    inside = number >= 0
    count = len(sample.relevant)
    total = torch.zeros(count).index_add(0, number[inside], logits[inside])
    size = torch.zeros(count).index_add(0, number[inside], torch.ones(int(inside.sum())))
    return total / size.clamp(min=1)
