"""BEIR: retrieval over corpora of thousands to millions of documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from crossover.datasets._fields import Fields
from crossover.datasets._published import About, Part
from crossover.datasets.benchmarks._corpora import Grades, RetrievalOnly, of_hub, read
from crossover.errors import DataError
from crossover.metrics.retrieval import ITSELF

SPLITS = ("test", "dev")
FORUMS = "cqadupstack"


class Beir(RetrievalOnly):
    """BEIR (Thakur et al. 2021): 18 sets of queries on corpora, for retrieval alone.

    A folder of one set or of many. ``qrels/test.tsv`` counts (``dev`` where there is none, else
    the ``split`` asked for). Queries that it does not judge are left out, and so is a hit that is
    the query itself, as published. Of the hub, one set at a time (``BeIR/scifact``). Its score is
    the mean over sets of nDCG@10.
    """

    name = "beir"
    about = About(
        source="github.com/beir-cellar/beir",
        licence="Apache-2.0 (code); each set its own",
        size="49 to 13,145 test queries on 3.6k to 8.8M documents a set",
        verified="beir-cellar/beir@ef83d2930706 beir/datasets/, beir/retrieval/evaluation.py",
        paper="arXiv 2104.08663",
        hub="BeIR/scifact",
    )
    scores = ("ndcg(k=10)", "evidence_recall(k=100)")
    aggregates = ("task", "forum")
    files = (
        f"{{task}}/queries.jsonl|{FORUMS}/{{forum}}/queries.jsonl",
        f"queries.jsonl|{FORUMS}/{{forum}}/queries.jsonl",
    )
    configs: ClassVar[Mapping[str, Mapping[str, str]]] = {"queries:queries": {}}
    document = ("_id", "title", "text")
    query = ("_id", "text")

    def asked(
        self, name: str, text: str, golds: Mapping[str, int], part: Part
    ) -> Mapping[str, object]:
        """The record of a query; a hit that is the query itself is taken out before scoring."""
        tags = {ITSELF: name} if name in self.corpus(part) else {}
        return {**RetrievalOnly.asked(self, name, text, golds, part), "tags": tags}

    def passages(self, part: Part) -> Iterator[tuple[str, Fields]]:
        """The rows of corpus.jsonl."""
        if part.path:
            return read(part.path.with_name("corpus.jsonl"))
        return of_hub(self.path, "corpus", "corpus", self.revision)

    def read_judged(self, part: Part) -> Grades:
        """Those of the split."""
        found: dict[str, dict[str, int]] = {}
        for place, row in self._judgements(part):
            try:
                query, name = row.text("query-id"), row.text("corpus-id")
                grade = row.whole("score")
            except DataError as error:
                raise DataError(f"{place}: {error}") from None
            if grade > 0:
                found.setdefault(query, {})[name] = grade
        return found

    def _judgements(self, part: Part) -> Iterator[tuple[str, Fields]]:
        if not part.path:
            return of_hub(f"{self.path}-qrels", "", self.split or SPLITS[0], "")
        folder = part.path.with_name("qrels")
        wanted = [f"{split}.tsv" for split in ([self.split] if self.split else SPLITS)]
        there = next((folder / name for name in wanted if (folder / name).is_file()), None)
        if there is None:
            raise DataError(f"{folder}: there is no {' or '.join(wanted)} there")
        return read(there)

    def _corpora(self, part: Part) -> Iterator[Part]:
        """Forums are parts of one set."""
        forum = {"task": FORUMS} if "forum" in part.tags else {}
        return RetrievalOnly._corpora(self, part._replace(tags={**forum, **part.tags}))
