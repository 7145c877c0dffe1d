"""Questions whose haystack of passages comes with them: LOFT, ICR² and HaystackCraft."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from crossover.datasets._fields import Fields
from crossover.datasets._published import About, Benchmark, Part, document
from crossover.datasets._rows import rows_of
from crossover.errors import DataError
from crossover.types import Document

ANSWERED = ("nq", "topiocqa", "hotpotqa", "musique", "qampari", "quest")
QUESTIONS = ("musique_400_250616.jsonl", "nq_filtered.jsonl")
ORDERS = ("descending_order", "permutation_1", "permutation_2", "permutation_3")


class Loft(Benchmark):
    """LOFT (Lee et al. 2024), its rag sets: one corpus of 32k, 128k or 1M tokens for all questions.

    An answer of ``qampari`` and ``quest`` is a list of which every entry counts.
    """

    name = "loft"
    about = About(
        source="github.com/google-deepmind/loft",
        licence="Apache-2.0 (code), CC BY 4.0, parts as their owners state",
        size="100 test questions of each set and length",
        verified="google-deepmind/loft@219f68e47026 utils.py, run_evaluation.py, evaluation/",
        tasks=ANSWERED,
        paper="arXiv 2406.13121",
    )
    scores = ("substring_match", "f1_squad", "exact_match")
    aggregates = ("length", "task")
    files = (
        "data/rag/{task}/{length}/test_queries.jsonl",
        "rag/{task}/{length}/test_queries.jsonl",
        "{task}/{length}/test_queries.jsonl",
        "data/rag/{task}/{length}/dev_queries.jsonl",
    )

    def shared(self, part: Part) -> tuple[Document, ...]:
        """The corpus beside the questions."""
        if part.path is None:
            return ()
        path = part.path.with_name("corpus.jsonl")
        return tuple(Document(name, text, title) for name, text, title in corpus_of(path))

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """A question; of a conversation the last turn, those before it in front."""
        asked = row.texts("query_text")
        turns = row.get("answers")
        several = isinstance(turns, list) and turns and isinstance(turns[-1], list)
        final = Fields({"answers": turns[-1]}) if several else row
        yield {
            "id": f"{part.tags.get('task')}-{part.tags.get('length')}-{row.text('qid')}",
            "question": "\n".join(asked),
            "answers": final.texts("answers"),
            "group": row.text("qid"),
            "tags": {"turns": str(len(asked))} if len(asked) > 1 else {},
        }


def corpus_of(path: Path) -> Iterator[tuple[str, str, dict[str, str]]]:
    """The ids, texts and titles of a corpus of LOFT's. Raises DataError."""
    unit, rows = rows_of(path)
    for number, load in rows:
        try:
            row = Fields(load())
            name, title, text = (
                row.text("pid"),
                row.text("title_text", ""),
                row.text("passage_text"),
            )
        except DataError as error:
            raise DataError(f"{path} {unit} {number}: {error}") from None
        if not text.strip():
            raise DataError(f"{path} {unit} {number}: passage_text: is empty; fill the texts in")
        yield name, text, {"title": title} if title else {}


class Icr2(Benchmark):
    """ICR² (Qiu et al. 2025): KILT's questions among passages that five retrievers confuse."""

    name = "icr2"
    about = About(
        source="github.com/apple/ml-icr2",
        licence="as its repository states; KILT MIT",
        size="16k to 1M tokens; made from KILT by its own scripts",
        verified="apple/ml-icr2@76750b566f73 src/datagen/, src/evaluations/",
        tasks=("nq", "hotpotqa", "fever", "wow", "triviaqa"),
        paper="arXiv 2501.08248",
    )
    scores = ("substring_match", "exact_match", "f1_squad")
    aggregates = ("length", "task")
    files = (
        "icr2_benchmark/{task}-{length}-dev-kilt.jsonl",
        "{task}-{length}-dev-kilt.jsonl",
        "{task}-{length}-valid-kilt.jsonl",
    )

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """A question with its passages, shuffled: in the file the gold ones come first."""
        passages = list(row.each("corpus"))
        golds = {at for at, one in enumerate(passages) if one.text("model") == "gold"}
        if not golds:
            raise row.bad("corpus", "holds no passage of the model 'gold'")
        given = [document(one.text("passage_text"), one.text("title_text", "")) for one in passages]
        order = list(range(len(given)))
        random.Random(row.text("qid")).shuffle(order)
        yield {
            "question": row.text("query_text"),
            "answers": row.texts("answers"),
            "documents": [given[at] for at in order],
            "evidence": [_whole(given[at]) for at in sorted(golds)],
            "group": row.text("qid"),
        }


def _whole(given: Mapping[str, str]) -> dict[str, object]:
    return {"document": given["id"], "start": 0, "end": len(given["text"])}


class HaystackCraft(Benchmark):
    """HaystackCraft (Li et al. 2025): Wikipedia haystacks that retrievers made, in four orders.

    ``path`` holds the published ``data``: its questions, and haystacks by retriever and size.
    """

    name = "haystackcraft"
    about = About(
        source="huggingface.co/datasets/Graph-COM/HaystackCraft",
        licence="CC BY-SA 4.0 (data), Apache-2.0 (code)",
        size="questions of MuSiQue and NQ, 8k to 128k tokens; 62 GB with its corpus",
        verified="Graph-COM/HaystackCraft@c68a84899664 infer_static.py, utils/data.py",
        paper="arXiv 2510.07414",
    )
    scores = ("f1_squad", "substring_match")
    aggregates = ("retriever", "length", "order")
    files = ("{retriever}/{length}.jsonl|{retriever}/{seeds}/{length}.jsonl",)

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """A question once for each order of its documents."""
        name = row.text("id")
        asked = _asked(part.path).get(name)
        if asked is None:
            raise row.bad("id", f"{name!r} is none of the questions beside the haystacks")
        question, answers = asked
        added = row.inside("docs_added")
        for order in ORDERS:
            if order in row:
                documents = [document(added.text(one)) for one in row.texts(order)]
                yield {
                    "id": f"{name}-{'-'.join(part.tags.values())}-{order}",
                    "question": question,
                    "answers": answers,
                    "documents": documents,
                    "group": name,
                    "tags": {"order": order},
                }


@lru_cache(maxsize=4)
def _questions(
    paths: tuple[Path, ...],
    changed: tuple[int, ...],  # noqa: ARG001
) -> Mapping[str, tuple[str, Sequence[str]]]:
    """The questions by their ids, which stand in files of their own beside the haystacks."""
    found = {}
    for path in paths:
        for number, load in rows_of(path).each:
            try:
                row = Fields(load())
                golds = [row.text("answer"), *row.texts("answer_aliases", [])]
                found[row.text("id")] = row.text("question"), list(dict.fromkeys(golds))
            except DataError as error:
                raise DataError(f"{path} line {number}: {error}") from None
    return found


def _asked(path: Path | None) -> Mapping[str, tuple[str, Sequence[str]]]:
    roots = [] if path is None else [path.parent.parent, path.parent.parent.parent]
    paths = [root / name for root in roots for name in QUESTIONS if (root / name).is_file()]
    return _questions(tuple(paths), tuple(path.stat().st_mtime_ns for path in paths))
