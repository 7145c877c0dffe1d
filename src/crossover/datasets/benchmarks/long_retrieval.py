"""Retrieval of long documents and over long corpora: LongEmbed, LoCoV1 and LOFT's sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from crossover.datasets._fields import Fields
from crossover.datasets._published import About, Part
from crossover.datasets.benchmarks._corpora import Grades, RetrievalOnly, of_hub, read
from crossover.errors import DataError

# LongEmbed's made-up tasks, each a corpus of its own for each length
BY_LENGTH = ("passkey", "needle")
# LoCoV1's two folders are called alike but for the end
QUERIES = "Queries"
TABLES = ("data/*.parquet", "*.parquet", "*.jsonl")


class LongEmbed(RetrievalOnly):
    """LongEmbed (Zhu et al. 2024): retrieval of long documents, for retrieval alone.

    Its score is nDCG@10; of passkey and needle that of the first document, in a corpus of its own
    for each of eight lengths, of which the mean counts.
    """

    name = "longembed"
    about = About(
        source="huggingface.co/datasets/dwzhu/LongEmbed",
        licence="not stated",
        size="6 tasks, 13,412 queries; documents of 256 to 50k words",
        verified="dwzhu-pku/LongEmbed@033dc4a18e2d src/LEMB*Retrieval.py; no data file seen",
        tasks=("narrativeqa", "qmsum", "2wikimqa", "summ_screen_fd", "passkey", "needle"),
        paper="arXiv 2404.12096",
        hub="dwzhu/LongEmbed",
    )
    scores = ("longembed", "ndcg(k=10)")
    aggregates = ("task", "length")
    files = ("{task}/queries.jsonl", "queries.jsonl")
    configs: ClassVar[Mapping[str, Mapping[str, str]]] = {
        f"{task}:queries": {"task": task} for task in about.tasks
    }
    document = ("doc_id", "", "text")
    query = ("qid", "text")

    def told_apart(self, part: Part) -> tuple[str, str]:
        """Each length has a corpus of its own."""
        return ("length", "context_length") if part.tags["task"] in BY_LENGTH else ("", "")

    def passages(self, part: Part) -> Iterator[tuple[str, Fields]]:
        """The documents of the part's length."""
        return self.mine(self._other("corpus", part), part)

    def read_judged(self, part: Part) -> Grades:
        """The document that was made for each query."""
        found: dict[str, dict[str, int]] = {}
        for place, row in self.mine(self._other("qrels", part), part):
            try:
                found.setdefault(row.text("qid"), {})[row.text("doc_id")] = 1
            except DataError as error:
                raise DataError(f"{place}: {error}") from None
        return found

    def _other(self, what: str, part: Part) -> Iterator[tuple[str, Fields]]:
        if part.path:
            return read(part.path.with_name(f"{what}.jsonl"))
        return of_hub(self.path, part.tags["task"], what, self.revision)


class LocoV1(RetrievalOnly):
    """LoCoV1 (Saad-Falcon et al. 2024): queries on long documents, for retrieval alone.

    ``path`` holds the two published folders, documents and queries. A document without a text is
    left out, and a query whose documents are all such, as published.
    """

    name = "locov1"
    about = About(
        source="huggingface.co/datasets/hazyresearch/LoCoV1-Queries",
        licence="not stated",
        size="12 tasks in law, medicine, science, finance, meetings and code",
        verified="HazyResearch/m2@7d359e8ce0d1 bert/src/embeddings/; no data file seen",
        tasks=(
            *("summ_screen_fd", "gov_report", "qmsum", "qasper_title", "qasper_abstract"),
            *("multifieldqa", "2wikimqa", "passage_retrieval", "legal_case_reports"),
            *("courtlistener_HTML", "courtlistener_Plain_Text", "stackoverflow"),
        ),
        paper="arXiv 2402.07440",
        hub="hazyresearch/LoCoV1-Queries",
    )
    scores = ("ndcg(k=10)", "evidence_recall(k=10)")
    aggregates = ("task",)
    files = ("*Queries/data/*.parquet", "*Queries/*.parquet", "*Queries/*.jsonl")
    configs: ClassVar[Mapping[str, Mapping[str, str]]] = {"": {}}
    document = ("pid", "", "passage")
    query = ("qid", "query")

    def told_apart(self, part: Part) -> tuple[str, str]:
        """All tasks stand in one table."""
        return "task", "dataset"

    def golds(self, row: Fields, part: Part) -> Mapping[str, int]:
        """Its documents but for those without a text."""
        blank: set[str] = self._kept("blank", part, set)
        return {name: 1 for name in row.texts("answer_pids") if name not in blank}

    def passages(self, part: Part) -> Iterator[tuple[str, Fields]]:
        """The documents of the part's task; tells apart those without a text."""
        blank: set[str] = self._kept("blank", part, set)
        for place, row in self.mine(self._table(part), part):
            if "passage" in row:
                yield place, row
            else:
                blank.add(row.text("pid", ""))

    def _table(self, part: Part) -> Iterator[tuple[str, Fields]]:
        """The documents of all tasks."""
        if part.path is None:
            yield from of_hub(_of_documents(self.path), "", self.split or self.hub_split, "")
            return
        queries = next((one for one in part.path.parents if one.name.endswith(QUERIES)), None)
        folder = queries.with_name(_of_documents(queries.name)) if queries else part.path.parent
        found = [path for shape in TABLES if queries for path in sorted(folder.glob(shape))]
        if not found:
            raise DataError(f"{folder}: no documents of {self.name} beside its queries")
        for path in found:
            yield from read(path)


def _of_documents(name: str) -> str:
    return f"{name.removesuffix(QUERIES)}Documents"


class LoftRetrieval(RetrievalOnly):
    """LOFT (Lee et al. 2024), its retrieval sets: 32k, 128k or 1M tokens, for retrieval alone.

    Every turn of a conversation is a query, with the turns before it in front.
    """

    name = "loft_retrieval"
    about = About(
        source="github.com/google-deepmind/loft",
        licence="Apache-2.0 (code), CC BY 4.0, parts as their owners state",
        size="13 sets of 100 test queries at each of three lengths",
        verified="google-deepmind/loft@219f68e47026 utils.py, evaluation/retrieval.py",
        tasks=(
            *("arguana", "fever", "fiqa", "msmarco", "nq", "quora", "scifact", "webis_touche2020"),
            *("topiocqa", "hotpotqa", "musique", "qampari", "quest"),
        ),
        paper="arXiv 2406.13121",
    )
    scores = ("loft_retrieval", "ndcg(k=10)")
    aggregates = ("length", "task")
    files = (
        "data/retrieval/{task}/{length}/test_queries.jsonl",
        "retrieval/{task}/{length}/test_queries.jsonl",
        "{task}/{length}/test_queries.jsonl",
        "data/retrieval/{task}/{length}/dev_queries.jsonl",
    )
    document = ("pid", "title_text", "passage_text")
    query = ("qid", "query_text")

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """The query, or each turn of one."""
        name, turns = row.text("qid"), row.texts("query_text")
        golds = _pairs(row)
        if len(turns) > 1 and len(turns) != len(golds):
            raise row.bad("answers", f"expected {len(turns)}, one for each turn")
        if len(turns) == 1:
            yield self.asked(name, turns[0], dict.fromkeys(golds, 1), part)
            return
        for at, gold in enumerate(golds):
            asked = self.asked(f"{name}-{at + 1}", "\n".join(turns[: at + 1]), {gold: 1}, part)
            yield {**asked, "group": name, "tags": {"turn": str(at + 1)}}

    def passages(self, part: Part) -> Iterator[tuple[str, Fields]]:
        """The corpus beside the queries."""
        if part.path:
            yield from _filled(part.path.with_name("corpus.jsonl"))


def _pairs(row: Fields) -> list[str]:
    """The relevant documents, each published with a 1."""
    found = row.get("answers")
    if not isinstance(found, list) or not found:
        raise row.bad("answers", "expected a list of [id, 1]")
    for one in found:
        if not isinstance(one, list) or len(one) != 2 or not isinstance(one[0], str):
            raise row.bad("answers", "expected a list of [id, 1]")
    return [one[0] for one in found]


def _filled(path: Path) -> Iterator[tuple[str, Fields]]:
    for place, row in read(path):
        try:
            if not row.text("passage_text", "").strip():
                raise row.bad("passage_text", "is empty; fill the texts in")
        except DataError as error:
            raise DataError(f"{place}: {error}") from None
        yield place, row
