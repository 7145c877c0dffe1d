"""Held-out scores: reading, among distractors, sentence ranking, answerability, calibration."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import numpy as np

from crossover import precision
from crossover.experiments.reader import invented
from crossover.experiments.reader.items import Item
from crossover.metrics.answer import f1_squad
from crossover.models.reader import _calibration
from crossover.models.reader._calibration import Calibration
from crossover.models.reader._reading import Asked, Reading, read
from crossover.models.reader._spans import SPANS_ALONE, Weighing
from crossover.types import Answer, Example, Question

READ = ("nq", "xquad", "qed", "quoref", "quoref-contrast", "friendsqa", "covid-qa")


def table(
    network: Any, calibration: Calibration, held_out: Sequence[Item]
) -> Iterator[tuple[str, float]]:
    """Name and value of every score; probabilities were calibrated on other datasets than NQ."""
    of = {source: [i for i in held_out if i.source == source] for source in (*READ, "selqa")}
    of["biographies"] = [i for i in invented.questions(invented.REPORTED, 60) if i.spans]
    weighing, questions = Weighing(*calibration.weighing), of["nq"]
    for source in (*READ, "biographies"):
        found = reading(network, of[source], weighing)
        yield f"{source}: F1 on its own passage ({len(of[source])})", statistics.mean(found)
    for others, asked in ((9, questions), (99, questions[::3])):
        f1s, ranks = among(network, asked, others, weighing)
        yield f"nq: F1 among {others} others ({len(asked)})", statistics.mean(f1s)
        yield f"nq: MRR of the gold passage among {others} others", statistics.mean(ranks)
    yield f"selqa: sentence MRR ({len(of['selqa'])})", reciprocal_rank(network, of["selqa"])
    for kind, strangers in (("random", drawn(questions)), ("alike", alike(questions))):
        truth, supports = answerability(network, questions, strangers, calibration)
        yield f"nq: AUROC of answerability, strangers {kind}", area(truth, supports)
        probabilities = [_calibration.probability(logit) for logit in supports]
        yield f"nq: its calibration error, strangers {kind}", error(truth, probabilities)


def run(network: Any, asked: Sequence[Asked], weighing: Weighing = SPANS_ALONE) -> list[Reading]:
    """Read as the shipped reader does."""
    network.train(False)
    with precision.inference():
        return read(network, asked, weighing)


def best(found: Reading, texts: Sequence[str]) -> str:
    """The likeliest answer, wherever it stands."""
    if not found.spans:
        return ""
    span = found.spans[0]
    return texts[span.passage][span.start : span.end]


def f1(text: str, answers: Sequence[str]) -> float:
    """Best SQuAD F1 over the answers."""
    return f1_squad(Example(Question("", ""), tuple(answers)), Answer(text)) or 0.0


def reading(network: Any, items: Sequence[Item], weighing: Weighing = SPANS_ALONE) -> list[float]:
    """F1 of the best span over each question's own text."""
    asked = [Asked(item.question, [item.text]) for item in items]
    found = run(network, asked, weighing)
    return [
        f1(best(one, [item.text]), item.answers) for one, item in zip(found, items, strict=True)
    ]


def among(
    network: Any,
    items: Sequence[Item],
    others: int,
    weighing: Weighing = SPANS_ALONE,
    seed: int = 0,
) -> tuple[list[float], list[float]]:
    """F1 where the gold text stands among others' texts, and its reciprocal rank as reranked."""
    random = Random(seed)
    pool = list(dict.fromkeys(item.text for item in items))
    f1s, ranks = [], []
    for item in items:
        drawn = random.sample(pool, min(len(pool), others + 1))
        texts = [item.text, *[text for text in drawn if text != item.text][:others]]
        random.shuffle(texts)
        (found,) = run(network, [Asked(item.question, texts)], weighing)
        f1s.append(f1(best(found, texts), item.answers))
        order = sorted(found.windows, key=lambda window: -window[1])
        places = dict.fromkeys(passage for passage, _, _ in order)
        ranks.append(1 / (1 + list(places).index(texts.index(item.text))))
    return f1s, ranks


def reciprocal_rank(network: Any, items: Sequence[Item]) -> float:
    """Mean reciprocal rank of the first relevant sentence among the text's own sentences."""
    asked = [Asked(item.question, [item.text], [item.sentences]) for item in items]
    ranks = []
    for item, found in zip(items, run(network, asked), strict=True):
        score: dict[int, float] = {}
        for _, start, end, value in found.sentences:
            for number, (first, last) in enumerate(item.sentences):
                if start < last and first < end:
                    score[number] = max(value, score.get(number, value))
        order = sorted(score, key=lambda number: -score[number])
        ranks.append(next((1 / (r + 1) for r, n in enumerate(order) if n in item.relevant), 0.0))
    return statistics.mean(ranks)


def drawn(items: Sequence[Item], seed: int = 0) -> list[str]:
    """For every question another's text, without its answer."""
    random = Random(seed)
    return [
        random.choice([other.text for other in items if not holds(other.text, item)])
        for item in items
    ]


def alike(items: Sequence[Item]) -> list[str]:
    """For every question the nearest other text by tf–idf that does not hold its answer."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = list(dict.fromkeys(item.text for item in items))
    vectors = TfidfVectorizer(sublinear_tf=True, stop_words="english")
    table = vectors.fit_transform(texts)
    scores = (vectors.transform([item.question for item in items]) @ table.T).toarray()
    return [
        next(texts[at] for at in np.argsort(-row) if not holds(texts[at], item))
        for item, row in zip(items, scores, strict=True)
    ]


def holds(text: str, item: Item) -> bool:
    """Whether a text is the question's own or has its answer's words."""
    low = text.lower()
    return text == item.text or any(answer.lower() in low for answer in item.answers)


def answerability(
    network: Any, items: Sequence[Item], strangers: Sequence[str], calibration: Calibration
) -> tuple[list[int], list[float]]:
    """1 and 0 for own and strange texts, and the logit of answerability of each."""
    own = [Asked(item.question, [item.text]) for item in items]
    other = [Asked(i.question, [text]) for i, text in zip(items, strangers, strict=True)]
    found = run(network, [*own, *other], Weighing(*calibration.weighing))
    supports = [
        _calibration.logistic(calibration.answerable, _calibration.features(one)) for one in found
    ]
    return [1] * len(own) + [0] * len(other), supports


def area(truth: Sequence[int], values: Sequence[float]) -> float:
    """Area under the ROC curve."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(truth, values))


def error(truth: Sequence[int], probabilities: Sequence[float], bins: int = 10) -> float:
    """Expected calibration error over equal bins."""
    given, true = np.array(probabilities), np.array(truth)
    place = np.minimum((given * bins).astype(int), bins - 1)
    gaps = [
        abs(given[place == n].mean() - true[place == n].mean()) * (place == n).mean()
        for n in range(bins)
        if (place == n).any()
    ]
    return float(sum(gaps))
