"""Long texts with one summary each: CaseSumm's opinions and CNNSum's Chinese novels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from crossover.datasets._fields import Fields
from crossover.datasets._published import About, Benchmark, Part
from crossover.datasets._rows import Rows, rows_of
from crossover.errors import DataError

SYLLABUS = (
    "Write the syllabus of this opinion of the Supreme Court of the United States: the facts and"
    " how the case came there, then, after the word Held, what was decided and why."
)
CHAPTERS = "以上是一部小说的部分章节。请用一段话概括其主要情节，只输出摘要。"


class CaseSumm(Benchmark):
    """CaseSumm (Heddaya et al. 2025): opinions of the US Supreme Court with their syllabuses.

    With the file ``saved_splits.jsonl`` of its code beside the data, ``split`` (train, dev, test)
    reads only these, and the tag ``split`` names them.
    """

    name = "casesumm"
    about = About(
        source="huggingface.co/datasets/ChicagoHAI/CaseSumm",
        licence="CC BY-NC 3.0 by its card",
        size="25,600 opinions of one to over 100 pages; 500 MB",
        verified="the hub's dataset_info.json; heddayam/casesumm@98f51ceacdb5 src/; no data file "
        "seen",
        paper="arXiv 2501.00097",
        hub="ChicagoHAI/CaseSumm",
    )
    scores = ("rouge_l(stem=true)",)
    files = ("data-*.arrow", "data/*.parquet", "*.parquet", "casesumm.jsonl")
    hub_split = "train"

    def rows(self, part: Part) -> Rows:
        """The rows, of Arrow's streams too."""
        if part.path is None or part.path.suffix != ".arrow":
            return super().rows(part)
        return Rows("row", ((at, lambda row=row: row) for at, row in enumerate(_arrow(part.path))))  # type: ignore[misc]

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """An opinion, whose syllabus is the gold."""
        citation = row.text("citation")
        split = _splits(part.path.parent).get(citation) if part.path else None
        if part.path and self.split and split != self.split:
            return
        yield {
            "question": SYLLABUS,
            "answers": [row.text("syllabus")],
            "context": row.text("opinion"),
            "form": "summary",
            "tags": {"citation": citation, "split": split},
        }


def _arrow(path: Path) -> Iterator[Any]:
    from pyarrow import ArrowException, ipc

    try:
        with path.open("rb") as file, ipc.open_stream(file) as stream:
            for batch in stream:
                yield from batch.to_pylist()
    except (ArrowException, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise DataError(f"{path}: cannot be read: {reason}") from None


def _splits(folder: Path) -> Mapping[str, str]:
    found = (folder / name for name in ("saved_splits.jsonl", "artifacts/saved_splits.jsonl"))
    path = next((one for one in found if one.is_file()), None)
    return _read_splits(path, path.stat().st_mtime_ns) if path else {}


@lru_cache(maxsize=2)
def _read_splits(path: Path, changed: int) -> Mapping[str, str]:  # noqa: ARG001
    """The split of each citation, as it is corrected and as it stands in the data."""
    splits = {}
    for number, load in rows_of(path).each:
        try:
            row = Fields(load())
            split = row.text("split")
            for field in ("citation", "citation_original"):
                splits[row.text(field, "")] = split
        except DataError as error:
            raise DataError(f"{path} line {number}: {error}") from None
    return splits


class CNNSum(Benchmark):
    """CNNSum (Wei et al. 2024): summaries of Chinese web novels at four lengths.

    Its score is a mean over two prompts, the instruction before and after the text.
    """

    name = "cnnsum"
    about = About(
        source="huggingface.co/datasets/CxsGhost/CNNSum",
        licence="CC BY 4.0 (hub), CC0 (code)",
        size="695 texts of 16k, 32k, 64k and 128k tokens; 150 MB",
        verified="CxsGhost/CNNSum@994a7f9d462c README.md, Inference.py; no data file seen",
        paper="arXiv 2412.02819",
    )
    scores = ("longbench_rouge_zh",)
    aggregates = ("length",)
    files = (
        "cnnsum_{subset}_{length}.jsonl",
        "data/cnnsum_{subset}_{length}.jsonl",
    )

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """Chapters of a novel, whose summary is the gold."""
        yield {
            "question": CHAPTERS,
            "answers": [row.text("summary")],
            "context": row.text("context"),
            "form": "summary",
        }
