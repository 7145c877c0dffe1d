"""Does attribution find the passage that an answer was taken from, and at how many calls?

``python benchmarks/attribution.py nq PATH`` or ``… biographies``. The packaged reader answers from
the gold passage and so many distractors (NQ: of other questions' gold passages those that BM25
ranks highest; biographies: the rest of the document, cut into segments of 100 words). Answers that
are right and stand in the gold passage, with NQ in no other, are attributed by every method.
Intervals are clustered by document.

``… citations PATH``: sentences of NQ's gold passages cited for its answers, right and wrong ones,
and right ones for another question's answer; the share that the judge takes for support.
"""

import argparse
import json
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from crossover import catalog
from crossover.experiments.statistics import clustered_mean
from crossover.faithfulness import ByReader, Search, segments
from crossover.faithfulness._values import ReaderSpans
from crossover.faithfulness.method import Job
from crossover.metrics.answer import substring_match
from crossover.metrics.faithfulness import citation_recall
from crossover.normalise import plain
from crossover.pipelines._answering import FROM_PASSAGES, ask
from crossover.roles import Chunker, Dataset, Model, Retriever
from crossover.sentences import sentences
from crossover.types import Answer, Document, Example, Passage, Question

READER = catalog.load(Model, "reader")
# passages stay whole
CHUNKER = catalog.load(Chunker, "tokens(1000)")
METHODS = {
    "reader": ByReader(),
    "search: stc": Search(scores=("stc",)),
    "search: loo": Search(scores=("loo",)),
    "search: shapley": Search(scores=("shapley",)),
    "search: all three": Search(),
    "search: all three, 5 orders": Search(permutations=5),
    "every passage: stc": Search(scores=("stc",), halving=False),
    "every passage: loo": Search(scores=("loo",), halving=False),
}
Case = tuple[Example, Answer, set[int]]


def nq(path: str, distractors: int, most: int) -> Iterator[Case]:
    lines = (Path(path) / "nq-open-oracle.train.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    texts = dict.fromkeys(row["ctxs"][0]["text"] for row in rows)
    documents = [Document(text, text) for text in texts]
    index = catalog.load(Retriever, "bm25").index(documents, CHUNKER, READER)
    for number, row in enumerate(rows[:most]):
        gold, title = row["ctxs"][0]["text"], row["ctxs"][0]["title"]
        near = [p.document for p in index.search(row["question"], 2 * distractors, READER)]
        others = [text for text in dict.fromkeys(near) if text != gold][:distractors]
        mixed = random.Random(number).sample([gold, *others], len(others) + 1)
        passages = [_whole(f"nq-{at}", text) for at, text in enumerate(mixed)]
        example = Example(Question(str(number), row["question"]), tuple(row["answers"]), (), title)
        yield from _answered(example, passages, {mixed.index(gold)}, alone=True)


def biographies(tokens: int, documents: int) -> Iterator[Case]:
    kinds = "[lookup, paraphrase]"
    text = f"biographies(documents={documents}, tokens={tokens}, questions=4, kinds={kinds})"
    for example in catalog.load(Dataset, text).examples():
        document, (span,) = example.question.documents[0], example.evidence
        passages = segments([_whole(document.id, document.text)])
        gold = {n for n, p in enumerate(passages) if p.start < span.end and span.start < p.end}
        yield from _answered(example, passages, gold)


def citations(path: str, most: int) -> None:
    lines = (Path(path) / "nq-open-oracle.train.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines[:most]]
    scores: dict[str, list[float]] = defaultdict(list)
    groups: dict[str, list[str]] = defaultdict(list)
    for number, row in enumerate(rows):
        drawn, text, said = random.Random(number), row["ctxs"][0]["text"], row["answers"][0]
        every = [text[start:end] for start, end in sentences(text)]
        right = [one for one in every if said in one]
        other = rows[(number + 7) % len(rows)]["answers"][0]
        planted = {
            "holds the answer": (said, right),
            "from the same passage": (said, [one for one in every if said not in one]),
            "holds another answer": (other, right),
        }
        example = Example(Question("q", row["question"]), tuple(row["answers"]))
        for name, (claim, among) in planted.items():
            if among and not (name == "holds another answer" and other in among[0]):
                answer = Answer(f"{claim} [1]", (_whole("d", drawn.choice(among)),))
                scores[name].append(citation_recall(example, answer) or 0.0)
                groups[name].append(row["ctxs"][0]["title"])
    print("\n| cited sentence | taken for support | citations |\n|---|---:|---:|")
    for name, found in scores.items():
        print(f"| {name} | {_interval(found, groups[name])} | {len(found)} |")


def _whole(name: str, text: str) -> Passage:
    return Passage(name, 0, len(text), text)


def _answered(
    example: Example, passages: Sequence[Passage], gold: set[int], alone: bool = False
) -> Iterator[Case]:
    """The case, where the answer is right and stands in the gold passage; ``alone``: only there."""
    answer = ask(example.question, READER, passages, FROM_PASSAGES, 256)
    if answer.outcome == "answered" and substring_match(example, answer):
        said = plain(answer.text)
        holding = {n for n, passage in enumerate(passages) if said in plain(passage.text)}
        if holding == gold or (gold <= holding and not alone):
            yield example, answer, gold


def retrieved(question: str, passages: Sequence[Passage]) -> list[int]:
    documents = [Document(str(n), passage.text) for n, passage in enumerate(passages)]
    index = catalog.load(Retriever, "bm25").index(documents, CHUNKER, READER)
    return [int(p.document) for p in index.search(question, 5, READER)]


def measure(cases: Sequence[Case]) -> None:
    rows: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for number, (example, answer, gold) in enumerate(cases):
        question, passages = example.question, answer.passages
        shuffled = random.Random(number).sample(range(len(passages)), 5)
        orders = {"random": (shuffled, 0), "BM25": (retrieved(question.text, passages), 0)}
        # the reader's one reading serves all methods; what is counted is what others would ask
        worth = ReaderSpans(answer.text, question, passages, READER)
        job = Job(answer.text, question, passages, READER, 5, worth=worth)
        for name, method in METHODS.items():
            found = method.score(job)
            best = sorted(found.scores, key=lambda n: (-found.scores[n], n))[:5]
            orders[name] = best, found.tried
        for name, (order, tried) in orders.items():
            rows[name].append((bool(gold & {order[0]}), bool(gold & set(order)), tried))
    show(cases, rows)


def show(cases: Sequence[Case], rows: Mapping[str, Sequence[tuple[int, int, int]]]) -> None:
    groups = [example.group for example, _, _ in cases]
    sizes = [len(answer.passages) for _, answer, _ in cases]
    print(f"\n{len(cases)} answers, {len(set(groups))} documents, ", end="")
    print(f"{min(sizes)} to {max(sizes)} passages\n")
    print("| method | hit@1 | hit@5 | sets tried |\n|---|---:|---:|---:|")
    for name, found in rows.items():
        first, five, tried = zip(*found, strict=True)
        shown = " | ".join(_interval(hits, groups) for hits in (first, five))
        print(f"| {name} | {shown} | {sum(tried) / len(tried):.0f} |")


def _interval(hits: Sequence[float], groups: Sequence[str]) -> str:
    found = clustered_mean([float(hit) for hit in hits], groups)
    return f"{found.mean:.2f} ({found.low:.2f}–{found.high:.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", choices=["nq", "biographies", "citations"])
    parser.add_argument("path", nargs="?", default="../shared/data/nq")
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--distractors", type=int, nargs="*", default=[10, 49])
    parser.add_argument("--tokens", type=int, default=4000)
    parser.add_argument("--documents", type=int, default=10)
    given = parser.parse_args()
    if given.data == "biographies":
        measure(list(biographies(given.tokens, given.documents)))
        return
    if given.data == "citations":
        citations(given.path, given.questions)
        return
    for distractors in given.distractors:
        measure(list(nq(given.path, distractors, given.questions)))


if __name__ == "__main__":
    main()
