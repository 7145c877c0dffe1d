"""The CSV that a person goes through: every proposal, kept or lost, and back to questions again."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from crossover.errors import DataError
from crossover.experiments.making.drafts import KINDS, Draft, Kept, Loss
from crossover.experiments.making.questions import Made
from crossover.files import existing_file, read_text
from crossover.types import Document, Passage

COLUMNS = (
    "keep",
    "kind",
    "question",
    "answers",
    "evidence",
    "places",
    "documents",
    "why",
    "checks",
    "how",
    "id",
)
BETWEEN = " | "
YES, NO = ("yes", "y", "true", "1", "x"), ("no", "n", "false", "0", "")
PLACE = re.compile(r"(?P<document>.+):(?P<start>\d+)-(?P<end>\d+)")
# a spreadsheet would run a cell that begins like this
FORMULA = re.compile(r"^'*[=+\-@\t\r]")


def write_review(made: Made, path: Path) -> None:
    """Write kept questions first, then what was lost with a question to show."""
    rows = [_row(kept.draft, "yes", "", kept.checks) for kept in made.kept]
    rows += [_row(loss.draft, "no", _why(loss), ()) for loss in made.lost if loss.draft]
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _safe(cell) for name, cell in row.items()} for row in rows)
    path.write_text(text.getvalue(), encoding="utf-8")


def read_review(path: Path, documents: Sequence[Document]) -> list[Kept]:
    """Read the questions that are kept, as a person may have changed them.

    Evidence is looked up in the documents anew. Raises DataError that names line and column.
    """
    texts = {document.id: document.text for document in documents}
    kept = []
    for line, row in _rows(path):
        try:
            if _is_kept(row["keep"]):
                kept.append(Kept(_draft(row, texts), (*_parts(row["checks"]), "reviewed")))
        except DataError as error:
            raise DataError(f"{path} line {line}: {error}") from None
    if not kept:
        raise DataError(f"{path}: keeps no question")
    return kept


def write_questions(kept: Sequence[Kept], path: Path, everywhere: bool = False) -> None:
    """Write questions for the dataset ``folder``; ``everywhere``: on all of its documents."""
    lines = (json.dumps(_record(one, everywhere), ensure_ascii=False) for one in kept)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _record(kept: Kept, everywhere: bool) -> Mapping[str, Any]:
    draft = kept.draft
    record: dict[str, Any] = {
        "id": draft.id,
        "question": draft.question,
        "answers": list(draft.answers),
        "evidence": [
            {"document": one.document, "start": one.start, "end": one.end} for one in draft.evidence
        ],
        "tags": {"kind": draft.kind, "how": draft.how} if draft.how else {"kind": draft.kind},
    }
    if everywhere:
        # questions on the same documents are no independent ones
        return record | {"group": "+".join(draft.documents)}
    return record | {"documents": list(draft.documents)}


def _row(draft: Draft, keep: str, why: str, checks: Sequence[str]) -> dict[str, str]:
    return {
        "keep": keep,
        "kind": draft.kind,
        "question": draft.question,
        "answers": _joined(draft.answers),
        "evidence": _joined(one.text for one in draft.evidence),
        "places": _joined(f"{one.document}:{one.start}-{one.end}" for one in draft.evidence),
        "documents": _joined(draft.documents),
        "why": why,
        "checks": _joined(checks),
        "how": draft.how,
        "id": draft.id,
    }


def _why(loss: Loss) -> str:
    return f"{loss.why}: {loss.message}" if loss.message else loss.why


def _joined(texts: Any) -> str:
    return BETWEEN.join(text.replace("|", "\\|") for text in texts)


def _parts(cell: str) -> list[str]:
    found = re.split(r"(?<!\\)\|", cell)
    return [text for part in found if (text := part.strip().replace("\\|", "|"))]


def _safe(cell: str) -> str:
    return f"'{cell}" if FORMULA.match(cell) else cell


def _as_written(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell[1:]) else cell


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(io.StringIO(read_text(existing_file(path)), newline=""), strict=True)
    for name in COLUMNS:
        if name not in (reader.fieldnames or ()):
            raise DataError(f"{path} line 1: the column {name} is missing")
    line = 2
    try:
        for row in reader:
            cells = {name: row[name] or "" for name in COLUMNS}
            yield line, {name: _as_written(cell) for name, cell in cells.items()}
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{path} line {line}: not valid CSV: {error}") from None


def _is_kept(cell: str) -> bool:
    said = cell.strip().lower()
    if said not in (*YES, *NO):
        raise DataError(f"keep: expected yes or no, got {cell!r}")
    return said in YES


def _draft(row: Mapping[str, str], texts: Mapping[str, str]) -> Draft:
    kind, question, answers = row["kind"].strip(), row["question"].strip(), _parts(row["answers"])
    if kind not in KINDS:
        raise DataError(f"kind: expected one of {', '.join(KINDS)}, got {kind!r}")
    if not question:
        raise DataError("question: is empty")
    if bool(answers) == (kind == "unanswerable"):
        raise DataError("answers: only an unanswerable question has none")
    documents = _parts(row["documents"])
    for name in documents:
        if name not in texts:
            raise DataError(f"documents: there is no {name} in the folder")
    if not documents:
        raise DataError("documents: is empty")
    evidence = _evidence(row, documents, texts) if answers else ()
    return Draft(kind, question, tuple(answers), evidence, tuple(documents), row["how"].strip())


def _evidence(
    row: Mapping[str, str], documents: Sequence[str], texts: Mapping[str, str]
) -> tuple[Passage, ...]:
    """The quotes, each where its place says, or where it stands if a person changed it."""
    places = [match for one in _parts(row["places"]) if (match := PLACE.fullmatch(one))]
    known = [(m["document"], int(m["start"]), int(m["end"])) for m in places]
    there = {(name, texts.get(name, "")[a:b].strip()): (name, a, b) for name, a, b in known}
    found = []
    for quote in _parts(row["evidence"]):
        own = next((there[name, quote] for name in documents if (name, quote) in there), None)
        name, start, end = own or _looked_up(quote, documents, texts)
        found.append(Passage(name, start, end, texts[name][start:end]))
    if not found:
        raise DataError("evidence: an answer needs a quote")
    return tuple(found)


def _looked_up(
    quote: str, documents: Sequence[str], texts: Mapping[str, str]
) -> tuple[str, int, int]:
    for name in documents:
        if (at := texts[name].find(quote)) >= 0:
            return name, at, at + len(quote)
    raise DataError(f"evidence: {quote[:60]!r} stands in none of {', '.join(documents)}")
