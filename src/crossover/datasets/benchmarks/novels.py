"""Whole novels with questions that have options: DetectiveQA and NovelQA."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from crossover.datasets._fields import Fields
from crossover.datasets._options import letter, lettered
from crossover.datasets._published import About, Benchmark, Part, document
from crossover.datasets._rows import Rows, rows_of
from crossover.datasets._submitted import HIDDEN, Submitted
from crossover.errors import DataError
from crossover.files import existing_file, read_text

PARAGRAPH = re.compile(r"^\[(\d+)\]", re.MULTILINE)


class DetectiveQA(Benchmark):
    """DetectiveQA (Xu et al. 2024): crimes in novels, told up to where the answer is revealed.

    ``path`` is the published folder: questions in ``anno_data_*``, novels in ``novel_data_*``. It
    also has a model judge which steps of the reasoning an answer gives.
    """

    name = "detectiveqa"
    about = About(
        source="huggingface.co/datasets/Phospheneser/DetectiveQA",
        licence="Apache-2.0 (questions); the novels have their own",
        size="600 questions in English and the same in Chinese, on novels of 100k tokens",
        verified="",
        paper="arXiv 2409.02465",
    )
    scores = ("choice_accuracy",)
    files = ("anno_data_{language}/{annotation}/{novel}.json",)

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """The questions on a novel, each on the paragraphs before its answer."""
        told = _told_by(part)
        title, text = _novel(row, part)
        starts = _paragraphs(text)
        for one in row.each("questions"):
            end = _end(one, starts, text)
            options = lettered(one, "options")
            steps = one.texts("reasoning", [])
            yield {
                "question": one.text("question"),
                "choices": options,
                "answers": [letter(one, "answer", options)],
                "documents": [document(text[:end], title)],
                "evidence": _clues(one, starts, end, text),
                "group": title,
                "tags": {**told, "steps": str(len(steps))},
            }


def _told_by(part: Part) -> Mapping[str, str]:
    """Language and annotators by the folders' names."""
    if part.path is None:
        return {}
    return {
        "language": part.path.parents[1].name.removeprefix("anno_data_"),
        "annotation": part.path.parent.name,
    }


def _novel(row: Fields, part: Part) -> tuple[str, str]:
    """The title and the text of the novel beside the questions."""
    name = row.text("novel_id")
    if part.path is None:
        raise DataError(f"{part.source}: give the folder with the novels")
    language = _told_by(part)["language"]
    folder = part.path.parents[2] / f"novel_data_{language}"
    found = sorted(folder.glob(f"{name}-*.txt")) if name.isdigit() else []
    if len(found) != 1:
        raise row.bad("novel_id", f"expected one file {folder / f'{name}-*.txt'}")
    return found[0].stem.partition("-")[2], read_text(found[0])


def _paragraphs(text: str) -> dict[int, int]:
    """Where each paragraph begins, by its number."""
    found = dict[int, int]()
    for match in PARAGRAPH.finditer(text):
        found.setdefault(int(match[1]), match.start())
    return found


def _end(one: Fields, starts: Mapping[int, int], text: str) -> int:
    """Where the paragraph begins that tells the answer; the text's end if none does."""
    place = one.whole("answer_position", -1)
    if place < 0:
        return len(text)
    if place not in starts:
        raise one.bad("answer_position", f"there is no paragraph [{place}] in the novel")
    return starts[place]


def _clues(one: Fields, starts: Mapping[int, int], end: int, text: str) -> list[dict[str, int]]:
    """The clues' paragraphs before the answer; a negative place is a step that was inferred."""
    given = one.get("clue_position", [])
    if not isinstance(given, list):
        raise one.bad("clue_position", "expected a list of paragraphs' numbers")
    ends = dict(zip(starts.values(), [*list(starts.values())[1:], len(text)], strict=True))
    places = {starts[place] for place in given if isinstance(place, int) and place in starts}
    return [
        {"start": start, "end": start + len(text[start : ends[start]].rstrip())}
        for start in sorted(places)
        if ends[start] <= end
    ]


class NovelQA(Submitted):
    """NovelQA (Wang et al. 2024): details, meanings and relations in whole novels.

    Golds are hidden: nothing is scored here, and ``crossover export RUN --submission FOLDER``
    writes the archive that its site scores, with the questions of books under copyright, whose
    texts are not published, and of all that were not asked as A. Records with a ``Gold``, as of
    the demonstration, are scored.
    """

    name = "novelqa"
    about = About(
        source="huggingface.co/datasets/NovelQA/NovelQA",
        licence="Apache-2.0 (questions); the texts are not to be spread",
        size="2,305 questions on 89 novels of 200k tokens on average, 61 with their text",
        verified="NovelQA/novelqa.github.io@181e223eeab1 README.md, index.html; its present files "
        "by their fields' names",
        paper="arXiv 2403.12766",
    )
    scores = ("choice_accuracy",)
    files = (
        "Data/{rights}/{book}.json",
        "NovelQA/Data/{rights}/{book}.json",
        "{book}.json",
    )

    def rows(self, part: Part) -> Rows:
        """The questions of a book, which are an object by their ids or, before, a list."""
        if part.path is None:
            raise DataError(f"{part.source}: is not on the hub but as an archive; unpack it")
        given: list[Any] = [load() for _, load in rows_of(part.path).each]
        if len(given) == 1 and isinstance(given[0], Mapping) and "Question" not in given[0]:
            given = [
                {"QID": name, **one} if isinstance(one, Mapping) else one
                for name, one in given[0].items()
            ]
        return Rows("row", ((at, lambda one=one: one) for at, one in enumerate(given)))  # type: ignore[misc]

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """A question on its novel; none where the novel is under copyright and has no text."""
        book = part.path.stem if part.path else ""
        options = lettered(row, "Options")
        complexity = row.text("Complexity" if "Complexity" in row else "Complex")
        record = {
            "id": f"{book}-{row.text('QID')}",
            "question": row.text("Question"),
            "choices": options,
            "answers": [letter(row, "Gold", options)] if "Gold" in row else [],
            "tags": {
                "task": row.text("Aspect"),
                "complexity": complexity,
                **({} if "Gold" in row else HIDDEN),
            },
        }
        path = _text_of(part)
        if path.is_file() or "Copyright" not in path.parent.name:
            text = _text(path, existing_file(path).stat().st_mtime_ns)
            yield {**record, "documents": [document(text, book)], "group": book}

    def submission(self, picked: Mapping[str, str]) -> Mapping[str, bytes]:
        """The archive with the letters of every book under its title.

        The site fails without answers in words, which are given as empty ones.
        """
        letters: dict[str, list[str]] = {}
        for part in self._parts():
            title, book = _title(part), part.path.stem if part.path else ""
            ids = [f"{book}-{row.text('QID')}" for row in self._fields(part)]
            letters[title] = [picked.get(name, self.unanswered) for name in ids]
        words = {title: ["" for _ in given] for title, given in letters.items()}
        files = {"res_mc/res_mc.json": letters, "res_gen/res_gen.json": words}
        packed = BytesIO()
        with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, json.dumps(content, ensure_ascii=False, indent=1))
        return {"novelqa.zip": packed.getvalue()}


def _text_of(part: Part) -> Path:
    """Books/RIGHTS/BOOK.txt for Data/RIGHTS/BOOK.json, else the text beside the questions."""
    path = part.path or Path()
    if path.parent.parent.name != "Data":
        return path.with_suffix(".txt")
    return path.parents[2] / "Books" / path.parent.name / f"{path.stem}.txt"


def _title(part: Part) -> str:
    """The book's title by ``bookmeta.json``, where it is one of its books."""
    path = part.path or Path()
    found = [folder / "bookmeta.json" for folder in path.parents[:4]]
    meta = next((one for one in found if one.is_file()), None)
    if meta is None:
        return path.stem
    try:
        books = Fields(json.loads(read_text(meta)))
        return books.inside(path.stem).text("title") if path.stem in books else path.stem
    except (ValueError, DataError) as error:
        raise DataError(f"{meta}: {error}") from None


@lru_cache(maxsize=2)
def _text(path: Path, changed: int) -> str:  # noqa: ARG001
    return read_text(path)
