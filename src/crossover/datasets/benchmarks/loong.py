"""Loong: questions on up to 54 reports, judgments or papers, of which every one counts."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from crossover.datasets._fields import Fields
from crossover.datasets._published import About, Benchmark, Part, document
from crossover.errors import DataError
from crossover.files import existing_file, read_text

TYPES = ("financial", "legal", "paper")
LEVELS = ("spotlight locating", "comparison", "clustering", "chain of reasoning")
LENGTHS = ("10-50k", "50-100k", "100-200k", "200k+")
# the questions that ask for outcomes, which must not stand in the judgments then
ASKS_OUTCOMES = "我将给你若干份判决结果"
# where the unpacked doc.zip may stand, from the folder of the questions
FOLDERS = ("doc", "data/doc", "../doc")


class Loong(Benchmark):
    """Loong (Wang et al. 2024): financial reports, judgments and papers, English and Chinese.

    Its own score is GPT-4's rating of 1 to 100, as a mean and as the share of full marks.
    Documents are shuffled by the question's id as there, since published orders tell answers.
    Where a question asks for the judgments' outcomes they are left out, as was meant there; the
    published runs show them, as they look for that question in another field.
    """

    name = "loong"
    about = About(
        source="github.com/MozerWang/Loong",
        licence="Apache-2.0",
        size="1,600 questions on 2 to 54 documents, 10k to 336k tokens",
        verified="MozerWang/Loong@e05a1fd3ebd8 data/loong.jsonl, src/utils/prompt.py; doc.zip by "
        "its code alone",
        tasks=TYPES,
        paper="arXiv 2406.17419",
    )
    scores = ("answer_recall", "f1_squad")
    files = ("data/loong.jsonl", "loong.jsonl")

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """A question on the documents that it names; ``doc.zip`` must be unpacked beside it."""
        kind, level = row.text("type"), row.whole("level")
        name, size = row.text("id"), row.whole("set")
        if kind not in TYPES:
            raise row.bad("type", f"{kind!r} is none of {', '.join(TYPES)}")
        documents = _documents(row, kind, level, part.path)
        if row.flag("shuffle_doc", True):
            random.Random(name).shuffle(documents)
        yield {
            "id": name,
            "question": _question(row, kind),
            "answers": [_gold(row)],
            "documents": documents,
            "tags": {
                "task": kind,
                "level": _called(row, "level", level, LEVELS),
                "length": _called(row, "set", size, LENGTHS),
                "language": row.text("language"),
            },
        }


def _called(row: Fields, field: str, number: int, names: Sequence[str]) -> str:
    if not 1 <= number <= len(names):
        raise row.bad(field, f"expected 1 to {len(names)}, got {number}")
    return names[number - 1]


def _question(row: Fields, kind: str) -> str:
    asked = row.text("question").strip()
    if asked and kind == "paper":
        asked = f"The paper to analyse: {asked}"
    return "\n\n".join(filter(None, [row.text("instruction").strip(), asked]))


def _gold(row: Fields) -> str:
    """The text, or the list or object as JSON, titles without Markdown's mark of a heading."""
    gold = row.get("answer")
    if isinstance(gold, str):
        return gold
    if isinstance(gold, list) and all(isinstance(one, str) for one in gold) and gold:
        return json.dumps(_bare(gold), ensure_ascii=False)
    if isinstance(gold, Mapping) and gold and all(_is_entry(one) for one in gold.values()):
        bare = {name: one if isinstance(one, str) else _bare(one) for name, one in gold.items()}
        return json.dumps(bare, ensure_ascii=False)
    raise row.bad("answer", "expected a text, a list of texts or an object of them")


def _is_entry(value: object) -> bool:
    texts = value if isinstance(value, list) else [value]
    return all(isinstance(one, str) for one in texts)


def _bare(titles: Sequence[str]) -> list[str]:
    return [title.strip().removeprefix("#").strip() for title in titles]


def _documents(row: Fields, kind: str, level: int, path: Path | None) -> list[dict[str, str]]:
    names = row.texts("doc")
    if not names:
        raise row.bad("doc", "names no document")
    found = [] if path is None else [path.parent / name / kind for name in FOLDERS]
    folder = next((one for one in found if one.is_dir()), None)
    if folder is None:
        raise row.bad("doc", f"expected the unpacked doc.zip, with doc/{kind}, beside the file")
    if kind == "legal":
        hides = ASKS_OUTCOMES in row.text("question") + row.text("instruction")
        return [_judgment(row, folder, name, at, hides) for at, name in enumerate(names, 1)]
    if kind == "paper":
        return [_paper(row, folder, name) for name in names]
    return [_report(row, folder, name, level) for name in names]


def _judgment(row: Fields, folder: Path, name: str, at: int, hides: bool) -> dict[str, str]:
    """A judgment under the number by which questions and answers call it."""
    path = folder / "legal.json"
    known = _judgments(path, existing_file(path).stat().st_mtime_ns)
    if name not in known:
        raise row.bad("doc", f"{name!r} is none of {path}")
    try:
        judgment = Fields(known[name], f"{name}.")
        text = judgment.text("content") + ("" if hides else judgment.text("result", ""))
    except DataError as error:
        raise row.bad("doc", f"{path}: {error}") from None
    title = f"《判决文书{at}》"
    return document(f"{title}\n{text}", title)


def _paper(row: Fields, folder: Path, name: str) -> dict[str, str]:
    path = folder / name
    if Path(name).name != name or not path.is_file():
        raise row.bad("doc", f"there is no file {path}")
    text = read_text(path)
    return document(text, text.partition("\n")[0].strip("# \t\r"))


def _report(row: Fields, folder: Path, name: str, level: int) -> dict[str, str]:
    """A report whose file's name ends as it is called, else holds that; never one of several."""
    called = name if level == len(LEVELS) else f"2024-{name}"
    known = _reports(folder, folder.stat().st_mtime_ns)
    fitting = [one for one in known if one == called]
    fitting = fitting or [one for one in known if one.endswith(called)]
    fitting = fitting or [one for one in known if called in one]
    if len(fitting) != 1:
        problem = f"may be any of {', '.join(fitting)}" if fitting else "is no file's name"
        raise row.bad("doc", f"{called!r} {problem} in {folder}")
    title = name if level < len(LEVELS) else fitting[0]
    return document(f"《{title}》\n{read_text(folder / f'{fitting[0]}.txt')}", title)


@lru_cache(maxsize=4)
def _reports(folder: Path, changed: int) -> tuple[str, ...]:  # noqa: ARG001
    return tuple(sorted(path.stem for path in folder.glob("*.txt")))


@lru_cache(maxsize=2)
def _judgments(path: Path, changed: int) -> Mapping[str, Any]:  # noqa: ARG001
    try:
        read = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not valid JSON: {error}") from None
    return Fields(read).raw
