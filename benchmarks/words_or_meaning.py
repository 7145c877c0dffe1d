"""Where BM25 finds what dense retrieval misses, and where it is the other way round.

``python benchmarks/words_or_meaning.py [DATA]``: recall@5 of ``bm25``, ``dense`` and a weighted
``hybrid`` on lookups of generated biographies, by name and in other words than the text's; with
DATA (a folder with ``nq/nq-open-oracle.train.jsonl``) on real questions asked of all gold passages
at once, on those of them that share at most half of their words with their passage, and on queries
of three words that stand in one passage alone. Differences to BM25 are paired, with 95 % intervals
clustered by document and the p of the sign-flip test.
"""

import argparse
import json
import random
from collections import Counter
from pathlib import Path

from tabulate import tabulate

from crossover import catalog
from crossover.datasets.biographies import Biographies
from crossover.experiments.statistics import clustered_mean, sign_flip
from crossover.metrics.retrieval import evidence_recall
from crossover.retrievers._words import words
from crossover.roles import Chunker, Model, Retriever
from crossover.types import Answer, Document, Example, Question, Span

K, RARE, SEED = 5, 3, 0
RETRIEVERS = ("bm25", "dense", "hybrid(fusion=weighted)")


def biographies(kind: str) -> list[Example]:
    dataset = Biographies(16_000, 12, 40, kinds=(kind,), seed=SEED)
    return [example for example in dataset.examples() if example.evidence]


def natural_questions(data: Path) -> list[Example]:
    """Every question, asked of the gold passages of all questions."""
    lines = (data / "nq" / "nq-open-oracle.train.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    texts = [record["ctxs"][0]["text"] for record in records]
    documents = tuple(Document(str(n), text) for n, text in enumerate(dict.fromkeys(texts)))
    named = {document.text: document for document in documents}
    return [
        _asking(record["question"], named[text], documents)
        for record, text in zip(records, texts, strict=True)
    ]


def _asking(query: str, document: Document, documents: tuple[Document, ...]) -> Example:
    evidence = (Span(document.id, 0, len(document.text)),)
    question = Question(f"{document.id} {query}", query, documents)
    return Example(question, evidence=evidence, group=document.id)


def reworded(examples: list[Example]) -> list[Example]:
    """Questions that share at most half of their words with their passage."""
    texts = {d.id: {*words(d.text)} for d in examples[0].question.documents}

    def shared(example: Example) -> float:
        asked = {*words(example.question.text)}
        return len(asked & texts[example.group]) / max(len(asked), 1)

    return [example for example in examples if shared(example) <= 0.5]


def rare(examples: list[Example], count: int) -> list[Example]:
    """Queries of words that stand in one passage alone, in an order of chance."""
    documents = examples[0].question.documents
    known = {document.id: {*words(document.text)} for document in documents}
    frequency = Counter(word for some in known.values() for word in some)
    draw, found = random.Random(SEED), []
    for document in draw.sample(documents, len(documents)):
        alone = sorted(word for word in known[document.id] if frequency[word] == 1)
        if len(alone) >= RARE and len(found) < count:
            found.append(_asking(" ".join(draw.sample(alone, RARE)), document, documents))
    return found


def recalls(name: str, examples: list[Example], chunker: Chunker, model: Model) -> list[float]:
    retriever, indexes = catalog.load(Retriever, name), {}
    found = []
    for example in examples:
        documents = example.question.documents
        if documents not in indexes:
            indexes = {documents: retriever.index(documents, chunker, model)}
        passages = indexes[documents].search(example.question.text, K, model)
        found.append(evidence_recall(example, Answer("", tuple(passages))))
    return found


def rows(title: str, examples: list[Example], chunker: str) -> list[tuple[object, ...]]:
    model, cut = catalog.load(Model, "fake"), catalog.load(Chunker, chunker)
    groups = [example.group for example in examples]
    scores = {name: recalls(name, examples, cut, model) for name in RETRIEVERS}
    shown = []
    for name, found in scores.items():
        apart = [a - b for a, b in zip(found, scores["bm25"], strict=True)]
        gap, p = clustered_mean(apart, groups, share=False), sign_flip(apart, groups)
        # queries on which both agree everywhere leave no interval
        interval = "" if gap.low is None else f"[{gap.low:+.3f}, {gap.high:+.3f}]"
        mean, own = sum(found) / len(found), name == "bm25"
        compared = ("", "", None) if own else (f"{gap.mean:+.3f}", interval, p)
        shown.append((title, len(examples), len({*groups}), name, mean, *compared))
    return shown


def main(data: Path | None) -> None:
    found = []
    for kind in ("paraphrase", "lookup"):
        found += rows(f"biographies, {kind}", biographies(kind), "sentence(size=100, overlap=0)")
    if data:
        asked = natural_questions(data)
        found += rows("questions", asked, "tokens(size=300)")
        found += rows("questions in other words", reworded(asked), "tokens(size=300)")
        found += rows("three rare words", rare(asked, 500), "tokens(size=300)")
    heads = ("", "queries", "documents", "retriever", "recall@5", "against bm25", "95 %", "p")
    print(tabulate(found, heads, floatfmt=".3f"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", type=Path)
    main(parser.parse_args().data)
