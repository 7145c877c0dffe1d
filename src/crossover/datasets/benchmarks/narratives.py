"""Questions on whole books and film scripts: NarrativeQA and LiteraryQA."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from crossover.datasets._fields import Fields
from crossover.datasets._published import About, Benchmark, Part, document
from crossover.datasets._rows import rows_of
from crossover.errors import DataError
from crossover.files import read_text
from crossover.readable import text_of_html

ALONE = "{}\nAnswer in a few words."


class NarrativeQA(Benchmark):
    """NarrativeQA (Kočiský et al. 2018): questions on stories, asked by people with a summary.

    Rows of its repository need the stories that its script downloads (``tmp/ID.content``). The
    hub holds each story once for each of its questions: 16 GB.
    """

    name = "narrativeqa"
    about = About(
        source="huggingface.co/datasets/deepmind/narrativeqa",
        licence="Apache-2.0; stories as their own",
        size="10,557 questions (test), 3,461 (valid), 32,747 (train) on 1,572 stories",
        verified="google-deepmind/narrativeqa@904246f6d1fe README.md, documents.csv",
        paper="arXiv 1712.07040",
        hub="deepmind/narrativeqa",
    )
    scores = ("rouge_l", "f1_squad")
    files = ("qaps.csv", "data/test-*-of-*.parquet", "test-*-of-*.parquet", "*.jsonl")
    # of the rows of the repository, this set alone
    part_of: ClassVar[str] = "test"

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """A question on a story."""
        if "document" in row:
            yield _of_the_hub(row)
        elif row.text("set") == (self.split or self.part_of):
            name = row.text("document_id")
            answers = dict.fromkeys((row.text("answer1"), row.text("answer2")))
            yield {
                "question": ALONE.format(row.text("question").strip()),
                "answers": list(answers),
                "documents": [self._story(name, part)],
                "tags": {"kind": _kinds(_beside(part)).get(name)},
            }

    def _story(self, name: str, part: Part) -> Mapping[str, str]:
        folder = _beside(part)
        paths = [folder / "tmp" / f"{name}.content", folder / f"{name}.content"]
        path = next((path for path in paths if path.is_file()), None)
        if path is None:
            raise DataError(f"document_id: {paths[0]} is not there; download_stories.sh brings it")
        return document(_text(path), "", name)


class LiteraryQA(Benchmark):
    """LiteraryQA (Bonomo et al. 2025): NarrativeQA's books cleaned, questions mended.

    Its script downloads and cleans the books. The paper prefers a judge's score (Prometheus 2).
    """

    name = "literaryqa"
    about = About(
        source="huggingface.co/datasets/sapienzanlp/LiteraryQA",
        licence="CC BY-NC-SA 4.0; books Project Gutenberg",
        size="3,785 questions on 138 books (test), 1,417 (validation)",
        verified="SapienzaNLP/LiteraryQA@d80898bcfa91 data/annotations/, scripts/",
        paper="arXiv 2510.13494",
        hub="sapienzanlp/LiteraryQA",
    )
    scores = ("rouge_l", "hotpotqa_f1", "exact_match")
    files = (
        *("data/literaryqa/jsonl/test.jsonl", "literaryqa/jsonl/test.jsonl"),
        *("data/annotations/test.jsonl", "annotations/test.jsonl", "test.jsonl"),
    )

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """The questions on a book."""
        book = document(self._book(row, part), row.text("title", ""), row.text("document_id"))
        for one in row.each("qas"):
            yield {
                "question": ALONE.format(one.text("question").strip()),
                "answers": list(dict.fromkeys(one.texts("answers"))),
                "documents": [book],
                "tags": {"modified": "yes" if one.flag("is_question_modified", False) else "no"},
            }

    def _book(self, row: Fields, part: Part) -> str:
        if text := row.text("text", ""):
            return text
        name = f"{row.text('gutenberg_id')}.cleaned.txt"
        above = part.path.parents if part.path else ()
        found = (
            path
            for folder in list(above)[:3]
            for path in sorted(folder.glob(f"literaryqa/{row.text('split')}/{name}"))
        )
        path = next(found, None)
        if path is None:
            raise row.bad("text", f"missing, and no {name} beside; download_and_clean_books.py")
        return read_text(path)


def _of_the_hub(row: Fields) -> Mapping[str, object]:
    story = row.inside("document")
    answers = [one.text("text") for one in row.each("answers")]
    return {
        "question": ALONE.format(row.inside("question").text("text").strip()),
        "answers": list(dict.fromkeys(answers)),
        "documents": [document(story.text("text"), "", story.text("id"))],
        "tags": {"kind": story.text("kind", "") or None},
    }


def _beside(part: Part) -> Path:
    return part.path.parent if part.path else Path()


@lru_cache(maxsize=4)
def _kinds(folder: Path) -> Mapping[str, str]:
    """Whether a document is a book or a script, where documents.csv stands beside."""
    path = folder / "documents.csv"
    if not path.is_file():
        return {}
    rows = (Fields(load()) for _, load in rows_of(path)[1])
    return {row.text("document_id"): row.text("kind", "") for row in rows}


def _readable(markup: str) -> str:
    from bs4 import BeautifulSoup

    return text_of_html(BeautifulSoup(markup, "html.parser"))


@lru_cache(maxsize=1)
def _text(path: Path) -> str:
    """A story as it was downloaded: packed or not, as a page or a text, in whatever encoding."""
    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (OSError, EOFError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from None
    text = data.decode(errors="replace")
    if "<html" in text[:2000].lower() or "<pre" in text[:2000].lower():
        text = _readable(text)
    if not text.strip():
        raise DataError(f"{path}: the story is empty")
    return text
