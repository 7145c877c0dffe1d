"""Retrieval of long documents alone: LongEmbed and LoCoV1."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from crossover.datasets._fields import Fields
from crossover.datasets._published import About, Benchmark, Part
from crossover.datasets._retrieval_only import Query, RetrievalOnly, beside, read_beside
from crossover.datasets._rows import rows_of
from crossover.errors import DataError
from crossover.types import Document

SYNTHETIC = ("passkey", "needle")
LENGTHS = ("256", "512", "1024", "2048", "4096", "8192", "16384", "32768")


@dataclass(frozen=True, slots=True)
class LongEmbed(RetrievalOnly):
    """LongEmbed (Zhu et al. 2024): six sets of long documents, two of them at eight lengths.

    Its score is nDCG@10 of the real sets, and the mean over lengths of nDCG@1 of the others.
    """

    name = "longembed"
    about = About(
        source="huggingface.co/datasets/dwzhu/LongEmbed",
        licence="not stated",
        size="13,212 queries in 6 sets, documents of up to 50k words",
        verified="dwzhu-pku/LongEmbed@033dc4a18e2d README.md, src/",
        tasks=("narrativeqa", "qmsum", "2wikimqa", "summ_screen_fd", "passkey", "needle"),
        paper="arXiv 2404.12096",
    )
    aggregates = ("task", "length")
    files = ("{task}/queries.jsonl", "data/{task}/queries.jsonl")
    _judged: dict[Path, dict[str, str]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def corpus(self, part: Part) -> Iterator[Document]:
        """The documents, of synthetic sets those of the length."""

        def taken(row: Fields) -> Document | None:
            return Document(row.text("doc_id"), row.text("text")) if _is_of(row, part) else None

        yield from filter(None, read_beside(beside(part, "corpus.jsonl"), taken))

    def query(self, row: Fields, part: Part) -> Query | None:
        """A query; one document is relevant to each."""
        name, text = row.text("qid"), row.text("text")
        relevant = self._judged[beside(part, "qrels.jsonl")].get(name)
        return Query(name, text, (relevant,)) if relevant else None

    def judge(self, part: Part) -> None:
        """Read the one document that is relevant to each query."""
        path = beside(part, "qrels.jsonl")
        self._judged[path] = dict(
            read_beside(path, lambda one: (one.text("qid"), one.text("doc_id")))
        )

    def is_of(self, part: Part, load: Callable[[], object]) -> bool:
        """Whether a query of a synthetic set is of the part's length."""
        try:
            return _is_of(Fields(load()), part)
        except DataError:
            return part.tags.get("length") in (None, LENGTHS[0])

    def _parts(self) -> list[Part]:
        return [
            part._replace(tags={**part.tags, "length": length}) if length else part
            for part in Benchmark._parts(self)
            for length in (LENGTHS if part.tags.get("task") in SYNTHETIC else ("",))
        ]


@dataclass(frozen=True, slots=True)
class LoCoV1(RetrievalOnly):
    """LoCoV1 (Saad-Falcon et al. 2024): twelve sets of long documents in two tables.

    A folder that holds ``LoCoV1-Documents`` and ``LoCoV1-Queries`` as the hub has them.
    """

    name = "locov1"
    about = About(
        source="huggingface.co/datasets/hazyresearch/LoCoV1-Queries and -Documents",
        licence="as its sources",
        size="12 sets",
        verified="HazyResearch/m2@7d359e8ce0d1 bert/src/embeddings/, bert/loco_eval.py",
        tasks=(
            *("summ_screen_fd", "gov_report", "qmsum", "qasper_title", "qasper_abstract"),
            *("multifieldqa", "2wikimqa", "passage_retrieval", "legal_case_reports"),
            *("courtlistener_HTML", "courtlistener_Plain_Text", "stackoverflow"),
        ),
        paper="arXiv 2402.07440",
    )
    aggregates = ("task",)
    files = (
        "LoCoV1-Queries/data/test-*-of-*.parquet|LoCoV1-Queries/*.jsonl",
        "LoCoV1-Queries/test-*-of-*.parquet",
    )

    def corpus(self, part: Part) -> Iterator[Document]:
        """The documents of the set that have a text."""
        folder = part.path.parent if part.path else Path()
        beside = Path(str(folder).replace("LoCoV1-Queries", "LoCoV1-Documents"))

        def taken(row: Fields) -> Document | None:
            own, text = row.text("dataset") == part.tags["task"], row.text("passage", "")
            return Document(row.text("pid"), text) if own and text.strip() else None

        for path in sorted(one for one in beside.glob("*") if one.suffix in (".parquet", ".jsonl")):
            yield from filter(None, read_beside(path, taken))

    def query(self, row: Fields, part: Part) -> Query | None:
        """A query of the set; documents without a text are relevant to nothing."""
        row.text("dataset")
        known = self._known(part)
        relevant = tuple(one for one in row.texts("answer_pids") if one in known)
        return Query(row.text("qid"), row.text("query"), relevant) if relevant else None

    def is_of(self, part: Part, load: Callable[[], object]) -> bool:
        """Whether a query is of the part's set."""
        named = _set_of(load)
        return part.tags["task"] == (named if named in self.about.tasks else self._there()[0])

    def _parts(self) -> list[Part]:
        return [
            part._replace(tags={"task": task})
            for task in self._there()
            for part in Benchmark._parts(self)
        ]

    def _there(self) -> list[str]:
        """The sets that the queries name, at least one."""
        paths = [part.path for part in Benchmark._parts(self) if part.path]
        named = {_set_of(load) for path in paths for _, load in rows_of(path)[1]}
        return [task for task in self.about.tasks if task in named] or [self.about.tasks[0]]


def _is_of(row: Fields, part: Part) -> bool:
    """Whether a row is of the part's length, where the part has one."""
    return "length" not in part.tags or str(row.whole("context_length")) == part.tags["length"]


def _set_of(load: Callable[[], object]) -> str:
    """The set that a row of LoCoV1 names, if it can be read."""
    try:
        return Fields(load()).text("dataset")
    except DataError:
        return ""
