"""HELMET: the parts that stand in its own archive, at five lengths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from crossover.datasets._evidence import stated_once
from crossover.datasets._fields import Fields
from crossover.datasets._published import About, Benchmark, Part, document
from crossover.errors import DataError

RAG = ("nq", "triviaqa", "hotpotqa", "popqa")
NEEDLES = ("niah_multikey_2", "niah_multikey_3", "niah_multivalue")
KEYS, RANKED, ASQA, QAMPARI = "json_kv", "msmarco", "asqa", "qampari"
LENGTHS = ("8k", "16k", "32k", "64k", "128k")
# how many passages, keys or tokens a file of each length has
SIZES: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(RAG, (50, 105, 220, 440, 1000)),
    **dict.fromkeys(NEEDLES, (8192, 16384, 32768, 65536, 131072)),
    KEYS: (105, 220, 440, 900, 1800),
    RANKED: (50, 130, 285, 600, 1000),
    **dict.fromkeys((ASQA, QAMPARI), (30, 75, 165, 345, 700)),
}
CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "recall": (*NEEDLES, KEYS),
    "rag": RAG,
    "cite": (ASQA, QAMPARI),
    "re-rank": (RANKED,),
}
CATEGORY = {task: name for name, tasks in CATEGORIES.items() for task in tasks}
# entities of popqa that are asked for more often are left out
POPULAR = 1000
SHORT = "{question}\nGive a concise and short answer."
RANK = (
    "Rank all passages by how relevant they are to the query, the most relevant first, by their"
    " ids, in this form: Ranking: ID3 > ID1 > ID2\n\nQuery: {question}"
)
KEY = "What is the value of this key in the JSON object? Give the value alone.\n\nKey: {question}"
ONE_NEEDLE = "What is the special magic {kind} for {question} that is hidden in the text?"
NEEDLES_ASKED = "What are all the special magic {kind} for {question} that the text mentions?"
LONG = "{question}\nThe question can be read in several ways: write an answer to each of them."
LIST = "{question}\nGive all answers that the passages hold, between commas, and nothing else."
FOLDERS = ("data/", "")


class Helmet(Benchmark):
    """HELMET (Yen et al. 2025): recall, RAG, re-ranking and citing, of its archive ``data``.

    In-context learning, summaries and long questions are made from other sets by its scripts and
    are not here. Its authors ask 100 questions of each file, at every depth, after two examples
    of others; and of asqa and qampari also count citations, with an NLI model.
    """

    name = "helmet"
    about = About(
        source="huggingface.co/datasets/princeton-nlp/HELMET",
        licence="MIT (code); the data as its sources",
        size="10 sets at 8k to 128k tokens; 34 GB",
        verified="princeton-nlp/HELMET@4526dfbdc512 data.py, utils.py, configs/; no data file seen",
        tasks=tuple(CATEGORY),
        paper="arXiv 2410.02694",
    )
    scores = ("helmet",)
    aggregates = ("length", "category", "task")
    files = tuple(
        "|".join(
            folder + name
            for name in (
                "kilt/{task}-dev-multikilt_1000_k{size}_dep*.jsonl",
                "kilt/{task}_test_1000_k{size}_dep*.jsonl",
                "{task}/test_k{size}_dep*.jsonl",
                "ruler/{task}/validation_{size}.jsonl",
                "{task}/test_reranking_data_k{size}_dep*.jsonl",
                "alce/{task}_eval_gtr_top2000.json",
            )
        )
        for folder in FOLDERS
    )
    configs: ClassVar[Mapping[str, Mapping[str, str]]] = {}

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """A question with its passages; of asqa and qampari once for each length."""
        task = part.tags.get("task", "") or _told_by(part)
        if task in (ASQA, QAMPARI):
            yield from _cited(row, task)
            return
        if task == "popqa" and _is_popular(row):
            return
        depth = row.get("depth", None)
        record = _single(row, task)
        yield {
            **record,
            "tags": {
                "task": task,
                "category": CATEGORY[task],
                "length": _length(task, part),
                "depth": None if depth is None else row.text("depth"),
            },
        }


def _told_by(part: Part) -> str:
    """The task of a single file that is called as the others of its folder are."""
    found = part.path.parent.name if part.path else ""
    if found not in CATEGORY:
        raise DataError("neither the file's name nor its folder's tells the task")
    return found


def _length(task: str, part: Part) -> str | None:
    size = part.tags.get("size", "")
    sizes = [str(one) for one in SIZES[task]]
    return LENGTHS[sizes.index(size)] if size in sizes else size or None


def _single(row: Fields, task: str) -> dict[str, Any]:
    if task == RANKED:
        return _ranked(row)
    if task in RAG:
        asked = row.text("question")
        return {
            "question": SHORT.format(question=asked),
            "answers": row.texts("answers"),
            "documents": _passages(row, "ctxs"),
            "group": row.text("id", asked),
        }
    if task == KEYS:
        asked, context = row.text("question"), row.text("context")
        return {
            "question": KEY.format(question=asked),
            "answers": row.texts("answer"),
            "context": context,
            "evidence": stated_once(context, [f'"{asked}": "{row.text("answer")}"']),
            "group": asked,
        }
    return _needles(row, task)


def _needles(row: Fields, task: str) -> dict[str, Any]:
    form = NEEDLES_ASKED if task == "niah_multivalue" else ONE_NEEDLE
    asked = row.text("query" if "query" in row else "question")
    golds = row.texts("answer" if "answer" in row else "outputs")
    if not golds:
        raise row.bad("answer" if "answer" in row else "outputs", "holds no gold")
    return {
        "question": form.format(kind=row.text("type_needle_v"), question=asked),
        "answers": golds,
        "context": row.text("context"),
        "evidence": stated_once(row.text("context"), golds),
    }


def _ranked(row: Fields) -> dict[str, Any]:
    """Golds are the ids of relevant passages with their grades, as ``helmet_ndcg`` reads them."""
    given = list(row.each("ctxs"))
    golds = [f"{one.text('id')}:{one.whole('label')}" for one in given if one.whole("label") > 0]
    if not golds:
        raise row.bad("ctxs", "holds no relevant passage")
    return {
        "question": RANK.format(question=row.text("query")),
        "answers": golds,
        "documents": [
            document(one.text("text"), one.text("title", ""), f"ID{one.text('id')}")
            for one in given
        ],
        "group": row.text("qid"),
    }


def _cited(row: Fields, task: str) -> Iterator[dict[str, Any]]:
    asked = row.text("question")
    passages = _passages(row, "docs")
    golds = _readings(row) if task == ASQA else _listed(row)
    for length, count in zip(LENGTHS, SIZES[task], strict=True):
        yield {
            "question": (LONG if task == ASQA else LIST).format(question=asked),
            "answers": golds,
            "documents": passages[:count],
            "group": asked,
            "tags": {"task": task, "category": CATEGORY[task], "length": length},
        }


def _passages(row: Fields, field: str) -> list[dict[str, str]]:
    found = [document(one.text("text"), one.text("title", "")) for one in row.each(field)]
    if not found:
        raise row.bad(field, "holds no passage")
    return found


def _readings(row: Fields) -> list[str]:
    """For each reading of the question the names of its answer, a line each."""
    found = ["\n".join(one.texts("short_answers")) for one in row.each("qa_pairs")]
    if not all(gold.strip() for gold in found) or not found:
        raise row.bad("qa_pairs", "expected short answers to every reading")
    return found


def _listed(row: Fields) -> list[str]:
    """The answers, each with its other names a line each."""
    given = row.get("answers")
    if not isinstance(given, list) or not given:
        raise row.bad("answers", "expected a list of lists of names")
    return ["\n".join(Fields({"answers": names}).texts("answers")) for names in given]


def _is_popular(row: Fields) -> bool:
    known = row.get("s_pop", 0)
    if isinstance(known, bool) or not isinstance(known, int | float):
        raise row.bad("s_pop", "expected a number")
    return known >= POPULAR
