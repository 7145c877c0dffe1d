"""FinanceBench: questions on the filings of companies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal

from crossover.datasets._fields import Fields
from crossover.datasets._published import About, Benchmark, Part, document
from crossover.files import read_document

SUFFIXES = (".pdf", ".txt", ".md", ".html")


@dataclass(frozen=True, slots=True)
class FinanceBench(Benchmark):
    """FinanceBench (Islam et al. 2023): 150 open questions on 84 filings of companies.

    ``documents`` are the whole filings (``pdfs/NAME.pdf``, or texts of these names), or the pages
    with the evidence alone, as its oracle setting has it. Its score is a person's: right, wrong
    or refused; here the figures and words of the gold that an answer says.
    """

    name = "financebench"
    about = About(
        source="huggingface.co/datasets/PatronusAI/financebench",
        licence="CC BY-NC 4.0 (hub; the repository states none)",
        size="150 questions on 84 filings, about 100k tokens each",
        verified="patronus-ai/financebench@cc39aeb4afdf data/*.jsonl, README.md",
        paper="arXiv 2311.11944",
        hub="PatronusAI/financebench",
    )
    scores = ("answer_recall", "f1_squad")
    files = (
        *("data/financebench_open_source.jsonl", "financebench_open_source.jsonl"),
        "financebench_merged.jsonl",
    )
    hub_split = "train"

    documents: Literal["filings", "evidence"] = field(
        default="filings", metadata={"help": "whole filings, or the pages with the evidence alone"}
    )

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """A question with its evidence, which stands on one to three pages."""
        places = [*row.each("evidence")]
        # the paper's name of the field is another than the files'
        names = [one.text("doc_name", "") or one.text("evidence_doc_name") for one in places]
        if self.documents == "filings":
            filing = self._filing(row, part)
            given, evidence = [filing], [*_found(places, filing)]
        else:
            given = [
                document(one.text("evidence_text_full_page"), name, f"{name} page {_page(one)}")
                for one, name in zip(places, names, strict=True)
            ]
            evidence = [
                span
                for one, page in zip(places, given, strict=True)
                for span in _found([one], page)
            ]
        yield {
            "id": row.text("financebench_id"),
            "question": row.text("question").strip(),
            "answers": [row.text("answer")],
            "documents": list({one["id"]: one for one in given}.values()),
            "evidence": evidence,
            "tags": {
                "kind": row.text("question_type", "") or None,
                "reasoning": row.text("question_reasoning", "") or None,
                "company": row.text("company", "") or None,
            },
        }

    def _filing(self, row: Fields, part: Part) -> dict[str, str]:
        name = row.text("doc_name")
        above = part.path.parents[:2] if part.path else ()
        paths = [folder / "pdfs" / f"{name}{suffix}" for folder in above for suffix in SUFFIXES]
        path = next((path for path in paths if path.is_file()), None)
        if path is None:
            raise row.bad(
                "doc_name", f"no pdfs/{name}.pdf there; documents=evidence asks on pages alone"
            )
        return document(_text(path), name, name)


def _page(evidence: Fields) -> int:
    """Counted from 1; the files count from 0."""
    return evidence.whole("evidence_page_num") + 1


def _found(places: list[Fields], given: Mapping[str, str]) -> Iterator[dict[str, object]]:
    """Where evidence stands in a text, however its lines are broken there."""
    words = [(match, at) for match, at in _words(given["text"])]
    plain = [word for word, _ in words]
    for one in places:
        wanted = one.text("evidence_text").split()
        at = _run(plain, wanted)
        if at is not None:
            last, end = words[at + len(wanted) - 1]
            yield {"document": given["id"], "start": words[at][1], "end": end + len(last)}


def _words(text: str) -> Iterator[tuple[str, int]]:
    at = 0
    for word in text.split():
        at = text.index(word, at)
        yield word, at
        at += len(word)


def _run(words: list[str], wanted: list[str]) -> int | None:
    """Where words follow one another as wanted."""
    starts = (at for at, word in enumerate(words) if wanted and word == wanted[0])
    return next((at for at in starts if words[at : at + len(wanted)] == wanted), None)


@lru_cache(maxsize=4)
def _text(path: Path) -> str:
    return read_document(path).text
