"""LaRA: questions over long documents, made to compare RAG with long context (ICML 2025)."""

from __future__ import annotations

import hashlib
import re
import reprlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, ClassVar, Literal, TypeVar

from pydantic import BaseModel, Field, ValidationError

from crossover.datasets._published import About
from crossover.datasets._records import BadField, Names, Text
from crossover.datasets.jsonl import lines_of, parsed
from crossover.errors import ConfigError, DataError, UnknownName
from crossover.files import existing_folder, read_text
from crossover.roles import Dataset, ReleasedAnswers
from crossover.types import Document, Example, Question

UNANSWERABLE = "hallu"
ARMS = ("full", "rag")


@dataclass(frozen=True, slots=True)
class Lara(Dataset, ReleasedAnswers):
    """LaRA in its published layout: questions of four tasks over books, filings and papers.

    The task ``hallu`` asks what the document does not hold, so its questions are unanswerable;
    ``length``, ``type`` (the genre) and ``task`` are tags, and ids are hashes that tell none of
    them. With ``questions=predictions`` the questions are those that its released predictions
    answer, where a document may be absent: its text raises DataError, its metadata gives its
    nominal ``tokens``. Raises DataError that names file, line and field.
    """

    about: ClassVar[About] = About(
        source="github.com/Alibaba-NLP/LaRA",
        licence="MIT",
        size="2,326 questions on books, filings and papers of 32k and 128k tokens",
        verified="Alibaba-NLP/LaRA@c17155376f4e datasets/query/, evaluation/",
        tasks=("location", "reasoning", "comp", "hallu"),
        paper="arXiv 2502.09977",
    )
    scores: ClassVar[tuple[str, ...]] = ("answer_recall", "rouge_l", "abstention")
    # the paper's tables: a mean over genres for each task, for each length
    aggregates: ClassVar[tuple[str, ...]] = ("length", "task", "type")

    path: str = field(
        metadata={"help": "directory that holds LaRA's datasets and prediction", "path": "folder"}
    )
    questions: Literal["documents", "predictions"] = field(
        default="documents",
        metadata={"help": "questions whose documents are there, or those of the predictions"},
    )
    length: Names = field(default=(), metadata={"help": "only these lengths: 32k, 128k"})
    type: Names = field(default=(), metadata={"help": "only these: book, financial, paper"})
    task: Names = field(
        default=(), metadata={"help": "only these: location, reasoning, comp, hallu"}
    )
    skip_bad: bool = field(
        default=False, metadata={"help": "leave bad records out and count them in skipped()"}
    )
    _skipped: list[str] = field(default_factory=list, init=False, repr=False, compare=False)

    def examples(self) -> Iterator[Example]:
        """Yield the examples, a document's questions together, in an order that tells no label."""
        self._skipped.clear()
        folder = existing_folder(Path(self.path).expanduser())
        gather = _from_documents if self.questions == "documents" else _from_predictions
        cells = self._wanted(_cells(folder, self.questions))
        found = gather(_Shelf(folder), cells, self._skipped if self.skip_bad else None)
        return iter(sorted(found, key=lambda e: (e.question.documents[0].id, e.question.id)))

    def metrics(self) -> Sequence[str]:
        """Name recall for its long golds first; it scores abstention where there is no answer."""
        return self.scores

    def released(self, model: str) -> Mapping[tuple[str, str], str]:
        """Published predictions by (arm, question id); one that failed there is an empty text.

        Raises ConfigError where there are none of that model.
        """
        folder = existing_folder(Path(self.path).expanduser())
        known = _models(folder)
        if model not in known:
            raise ConfigError(
                f"{self.path} holds no predictions of {model!r}; there is: {', '.join(known)}"
            )
        skipped: list[str] | None = [] if self.skip_bad else None
        return {
            (cell.arm, _id(record.file, record.question)): record.prediction or ""
            for cell in _cells_in(folder / "prediction" / model, PREDICTIONS)
            for _, record in _records(cell, _Prediction, skipped)
        }

    def skipped(self) -> list[str]:
        """Tell the bad records that the last reading left out, one line each."""
        return list(self._skipped)

    def _wanted(self, cells: Sequence[_Cell]) -> Iterator[_Cell]:
        for name, wanted in (("length", self.length), ("type", self.type), ("task", self.task)):
            known = {getattr(cell, name) for cell in cells}
            for value in wanted:
                if value not in known:
                    raise UnknownName(value, f"the {name}s of {self.path}", known)
        for cell in cells:
            tags = ((cell.length, self.length), (cell.type, self.type), (cell.task, self.task))
            if all(not wanted or value in wanted for value, wanted in tags):
                yield cell


@dataclass(frozen=True, slots=True)
class _Cell:
    """One file of questions or predictions: a length, a genre and a task."""

    path: Path
    length: str
    type: str
    task: str
    arm: str = ""

    @property
    def tags(self) -> Mapping[str, str]:
        return {"length": self.length, "type": self.type, "task": self.task}


class _Asked(BaseModel):
    """What every record has; ``level`` is the task."""

    file: Annotated[Text, Field(pattern=r"^[^/\\]+$")]
    level: Text
    question: Text


class _Published(_Asked):
    answer: Text


class _Prediction(_Asked):
    ground_truth: Text
    prediction: str | Literal[False] | None


Record = TypeVar("Record", bound=_Asked)
EXPECTED = {"file": "a file's name", "prediction": "a text, or false where the call failed"}
QUESTIONS = re.compile(r"(?P<length>\d+k)_(?P<type>[^_]+)_(?P<task>[^_]+)")
PREDICTIONS = re.compile(rf"(?P<arm>{'|'.join(ARMS)})_{QUESTIONS.pattern}")


class _Shelf:
    """The documents, each held once, under ids that tell neither length nor genre."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._documents: dict[Path, Document] = {}

    def document(self, cell: _Cell, file: str) -> Document:
        """Return the document of a question; its text is loaded on first use."""
        place = Path("datasets", cell.length, cell.type, file)
        if place not in self._documents:
            self._documents[place] = self._placed(place, cell)
        return self._documents[place]

    def _placed(self, place: Path, cell: _Cell) -> Document:
        name, path = _id(place.as_posix()), self.folder / place
        if path.is_file():
            return Document(name, partial(read_text, path))
        return _absent(name, path, cell)

    def holds(self, cell: _Cell, file: str) -> bool:
        """Whether the document's file is there."""
        return (self.folder / "datasets" / cell.length / cell.type / file).is_file()


def _absent(name: str, path: Path, cell: _Cell) -> Document:
    def load() -> str:
        raise DataError(f"{path}: this document is not in the published data, only its questions")

    return Document(name, load, {"tokens": str(1000 * int(cell.length.removesuffix("k")))})


def _from_documents(
    shelf: _Shelf, cells: Iterable[_Cell], skipped: list[str] | None
) -> Iterator[Example]:
    seen: dict[str, str] = {}
    for cell in cells:
        for line, record in _records(cell, _Published, skipped):
            problem = _problem(shelf, cell, record, seen)
            if problem:
                _tell(BadField(*problem), cell, line, skipped)
                continue
            example = _example(shelf, cell, record, record.answer)
            seen[example.question.id] = f"{cell.path.name} line {line}"
            yield example


def _problem(
    shelf: _Shelf, cell: _Cell, record: _Asked, seen: Mapping[str, str]
) -> tuple[str, str] | None:
    if not shelf.holds(cell, record.file):
        return "file", f"there is no {record.file!r} in datasets/{cell.length}/{cell.type}"
    before = seen.get(_id(record.file, record.question))
    return ("question", f"asked of this file already in {before}") if before else None


def _from_predictions(
    shelf: _Shelf, cells: Iterable[_Cell], skipped: list[str] | None
) -> Iterator[Example]:
    """Yield each question once, however many models and arms answer it."""
    seen: set[str] = set()
    for cell in cells:
        for _, record in _records(cell, _Prediction, skipped):
            question = _id(record.file, record.question)
            if question not in seen:
                seen.add(question)
                yield _example(shelf, cell, record, record.ground_truth)


def _example(shelf: _Shelf, cell: _Cell, record: _Asked, gold: str) -> Example:
    document = shelf.document(cell, record.file)
    return Example(
        Question(_id(record.file, record.question), record.question, (document,)),
        answers=() if cell.task == UNANSWERABLE else (gold,),
        group=record.file,
        tags=cell.tags,
    )


def _records(
    cell: _Cell, shape: type[Record], skipped: list[str] | None
) -> Iterator[tuple[int, Record]]:
    for number, line in lines_of(cell.path):
        try:
            yield number, _checked(parsed(line), shape, cell)
        except DataError as error:
            _tell(error, cell, number, skipped)


def _checked(raw: object, shape: type[Record], cell: _Cell) -> Record:
    try:
        record = shape.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        expected = EXPECTED.get(name, "a text that is not empty" if name else "one JSON object")
        missing = first["type"] == "missing"
        got = "missing; " if missing else f"got {reprlib.repr(first['input'])}; "
        raise BadField(name, f"{got}expected {expected}") from None
    if record.level != cell.task:
        raise BadField("level", f"got {record.level!r}; expected {cell.task!r} as the file's name")
    return record


def _tell(error: DataError, cell: _Cell, line: int, skipped: list[str] | None) -> None:
    message = f"{cell.path} line {line}: {error}"
    if skipped is None:
        raise DataError(message) from None
    skipped.append(message)


def _cells(folder: Path, questions: str) -> Sequence[_Cell]:
    if questions == "documents":
        return _cells_in(folder / "datasets" / "query", QUESTIONS)
    prediction = folder / "prediction"
    return [c for model in _models(folder) for c in _cells_in(prediction / model, PREDICTIONS)]


def _models(folder: Path) -> list[str]:
    prediction = folder / "prediction"
    models = sorted(p.name for p in prediction.glob("*") if p.is_dir())
    if not models:
        raise DataError(f"{folder} is not in LaRA's layout: expected folders in {prediction}")
    return models


def _cells_in(folder: Path, shape: re.Pattern[str]) -> list[_Cell]:
    paths = sorted(folder.glob("*.jsonl"))
    matches = [(path, shape.fullmatch(path.stem)) for path in paths]
    strange = [path.name for path, match in matches if not match]
    if not paths or strange:
        what = strange[0] if strange else "no *.jsonl"
        names = ("ARM_" if shape is PREDICTIONS else "") + "LENGTH_TYPE_TASK.jsonl"
        raise DataError(f"{folder} is not in LaRA's layout: {what} there; expected {names}")
    return [_Cell(path, **match.groupdict()) for path, match in matches if match]


def _id(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
