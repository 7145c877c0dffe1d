"""Retrieval alone: BEIR, and LOFT's retrieval sets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crossover.datasets._fields import Fields
from crossover.datasets._published import About, Part
from crossover.datasets._retrieval_only import Query, RetrievalOnly, beside, read_beside
from crossover.datasets.benchmarks.passages_given import corpus_of
from crossover.types import Document


@dataclass(frozen=True, slots=True)
class Beir(RetrievalOnly):
    """BEIR (Thakur et al. 2021): a folder of one of its sets, or of many.

    Queries without a relevant document in ``split`` (default test) are left out, as published.
    Official nDCG@10 also counts grades, and leaves the query's own document out (ArguAna, Quora).
    """

    name = "beir"
    about = About(
        source="github.com/beir-cellar/beir",
        licence="Apache-2.0 (code); each set its own",
        size="18 sets of 3.6k to 8.8M documents, 49 to 13,145 queries",
        verified="beir-cellar/beir@ef83d2930706 beir/datasets/data_loader.py, beir/retrieval/",
        paper="arXiv 2104.08663",
    )
    aggregates = ("task",)
    files = ("queries.jsonl", "{task}/queries.jsonl", "datasets/{task}/queries.jsonl")
    _judged: dict[Path, dict[str, tuple[str, ...]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def corpus(self, part: Part) -> Iterator[Document]:
        """Titles and texts, one below the other."""
        yield from filter(None, read_beside(beside(part, "corpus.jsonl"), _titled))

    def query(self, row: Fields, part: Part) -> Query | None:
        """A query that is judged in the split."""
        name, text = row.text("_id"), row.text("text")
        relevant = self._judged[beside(part, "qrels")].get(name)
        return Query(name, text, relevant) if relevant else None

    def judge(self, part: Part) -> None:
        """Read the judgements of the split."""
        judged = defaultdict[str, list[str]](list)
        path = beside(part, f"qrels/{self.split or 'test'}.tsv")
        for asked, known, score in read_beside(path, _judgement):
            if score > 0:
                judged[asked].append(known)
        self._judged[path.parent] = {name: tuple(ids) for name, ids in judged.items()}


@dataclass(frozen=True, slots=True)
class LoftRetrieval(RetrievalOnly):
    """LOFT's retrieval sets (Lee et al. 2024): corpora of 32k, 128k or 1M tokens.

    Its score is recall of the first, or of as many as are relevant (multi-hop and list questions).
    """

    name = "loft_retrieval"
    about = About(
        source="github.com/google-deepmind/loft",
        licence="Apache-2.0 (code), CC BY 4.0, parts as their owners state",
        size="100 test queries of each set and length",
        verified="google-deepmind/loft@219f68e47026 utils.py, run_evaluation.py, evaluation/",
        tasks=(
            *("arguana", "fever", "fiqa", "msmarco", "nq", "quora", "scifact"),
            *("webis_touche2020", "topiocqa", "hotpotqa", "musique", "qampari", "quest"),
        ),
        paper="arXiv 2406.13121",
    )
    aggregates = ("length", "task")
    files = (
        "data/retrieval/{task}/{length}/test_queries.jsonl",
        "retrieval/{task}/{length}/test_queries.jsonl",
        "{task}/{length}/test_queries.jsonl",
    )

    def corpus(self, part: Part) -> Iterator[Document]:
        """The corpus beside the queries."""
        for name, text, title in corpus_of(beside(part, "corpus.jsonl")):
            yield Document(name, text, title)

    def query(self, row: Fields, part: Part) -> Query | None:
        """A query; of a conversation all turns, and what is relevant to the last one."""
        given = row.get("answers")
        pairs: list[Any] = given if isinstance(given, list) else []
        pairs = pairs[-1] if pairs and _is_list_of_pairs(pairs[-1]) else pairs
        if not _is_list_of_pairs(pairs):
            raise row.bad("answers", "expected pairs of a document and how relevant it is")
        relevant = tuple(str(name) for name, grade in pairs if grade > 0)
        return Query(row.text("qid"), "\n".join(row.texts("query_text")), relevant)


def _is_list_of_pairs(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(one, list)
            and len(one) == 2
            and isinstance(one[0], str)
            and isinstance(one[1], int)
            for one in value
        )
    )


def _titled(row: Fields) -> Document | None:
    """A document of BEIR's; one without title and text has nothing to be found by."""
    title, text = row.text("title", "").strip(), row.text("text", "").strip()
    whole = f"{title}\n{text}".strip()
    return Document(row.text("_id"), whole, {"title": title} if title else {}) if whole else None


def _judgement(row: Fields) -> tuple[str, str, int]:
    return row.text("query-id"), row.text("corpus-id"), row.whole("score")
