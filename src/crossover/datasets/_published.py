"""Benchmarks in the files that their authors published: found by name, read row by row."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from crossover.datasets._examples import ExampleBuilder
from crossover.datasets._fields import Fields
from crossover.datasets._records import BadField, Names
from crossover.datasets._rows import Rows, rows_of
from crossover.datasets.huggingface import hub_rows
from crossover.errors import DataError, UnknownName
from crossover.roles import Dataset
from crossover.types import Document, Example

DEEPEST = 6
PLACE = re.compile(r"\{(\w+)\}")
LOCAL = re.compile(r"[./~]|\w:[\\/]")
# a row whose shape is none that was published
MISSHAPEN = (KeyError, TypeError, ValueError, AttributeError, IndexError)


@dataclass(frozen=True, slots=True)
class About:
    """What `crossover list` tells of a benchmark.

    ``verified`` names the repository, commit and file that the format was read from; empty is a
    format that could not be read anywhere. ``tasks`` are its tasks' published names.
    """

    source: str
    licence: str
    size: str
    verified: str
    tasks: tuple[str, ...] = ()
    paper: str = ""
    hub: str = ""


class Part(NamedTuple):
    """One file, or one configuration on the hub, with the tags that its name tells."""

    source: str
    tags: Mapping[str, str]
    path: Path | None = None


def document(text: str, title: str = "", name: str = "") -> dict[str, str]:
    """A document that a record gives, with an id that no other text has.

    Published ids and titles may stand for another text in each row.
    """
    digest = hashlib.sha256(text.encode(errors="replace")).hexdigest()[:8]
    return {"id": f"{name or title or 'text'} #{digest}", "text": text, "title": title}


@dataclass(frozen=True, slots=True)
class Benchmark(Dataset):
    """A benchmark as published. A subclass says where its rows stand and what is in one.

    Raises DataError that names file, line and field, UnknownName for a task that is not there.
    """

    path: str = field(
        metadata={"help": "folder or file as published, or an id of the hub", "path": "hub"}
    )
    task: Names = field(default=(), metadata={"help": "only these tasks"})
    length: Names = field(default=(), metadata={"help": "only these lengths, if it has several"})
    split: str = field(default="", metadata={"help": "another split, of the hub"})
    revision: str = field(default="", metadata={"help": "commit or tag on the hub"})
    skip_bad: bool = field(
        default=False, metadata={"help": "leave bad records out and count them in skipped()"}
    )
    _skipped: list[str] = field(default_factory=list, init=False, repr=False, compare=False)

    name: ClassVar[str]
    about: ClassVar[About]
    # metrics, the headline one first
    scores: ClassVar[tuple[str, ...]]
    # tags over whose values the official score is a mean of means, the outermost first
    aggregates: ClassVar[tuple[str, ...]] = ()
    # where files stand in the folder; {names} become tags, the first pattern that is there counts,
    # with all that a | joins
    files: ClassVar[tuple[str, ...]] = ("{task}.jsonl", "data/{task}.jsonl")
    # of a JSON file, the field that holds the rows
    inside: ClassVar[str] = ""
    # the tags that a configuration on the hub stands for, CONFIGURATION:SPLIT where a split is
    # another than hub_split
    configs: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    hub_split: ClassVar[str] = "test"
    # our fields by the published columns, where a row is a question and no more is to be said
    columns: ClassVar[Mapping[str, str]] = {}

    def examples(self) -> Iterator[Example]:
        """Yield the examples in the order of the files."""
        self._skipped.clear()
        builder, found = ExampleBuilder(letters=True), 0
        others: dict[str, list[str]] = {}
        for part in self._wanted():
            for example in self._of(part, builder, others):
                found += 1
                yield example
        if not found:
            for tag, wanted in self._asked().items() if others else ():
                if not set(wanted) & set(known := others.get(tag, [])):
                    raise UnknownName(wanted[0], f"the {tag}s of {self.path}", known)
            first = f"; first: {self._skipped[0]}" if self._skipped else ""
            raise DataError(f"{self.path}: holds no usable record of {self.name}{first}")

    def metrics(self) -> Sequence[str]:
        """Name the benchmark's own metrics, the headline one first."""
        return self.scores

    def skipped(self) -> list[str]:
        """Tell the bad records that the last reading left out, one line each."""
        return list(self._skipped)

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """The questions of a row in our own fields; see ``QuestionRecord``."""
        known = {ours: row.get(theirs) for ours, theirs in self.columns.items() if theirs in row}
        yield {**known, "answers": row.texts(self.columns["answers"])}

    def rows(self, part: Part) -> Rows:
        """The rows of a part."""
        if part.path is not None:
            return rows_of(part.path, self.inside)
        config, _, named = part.source.partition(" ")[2].partition(":")
        split = self.split or named or self.hub_split
        rows = hub_rows(self.path, config, split, self.revision)
        return Rows("row", ((n, lambda row=row: row) for n, row in enumerate(rows)))  # type: ignore[misc]

    def shared(self, part: Part) -> tuple[Document, ...]:
        """The documents of all questions of a part whose records give none."""
        return ()

    def _of(
        self, part: Part, builder: ExampleBuilder, others: dict[str, list[str]]
    ) -> Iterator[Example]:
        unit, rows = self.rows(part)
        builder.share(self.shared(part))
        for number, load in rows:
            where = f"{part.source} {unit} {number}"
            try:
                given = [*self.records(Fields(load()), part)]
            except (DataError, *MISSHAPEN) as error:
                self._tell(where, error)
                continue
            for at, record in enumerate(given):
                several = f" question {at + 1}" if len(given) > 1 else ""
                named = self._named(record, part, number, at, len(given))
                if not self._is_asked(named["tags"], others):
                    continue
                try:
                    yield builder.build(named, number)
                except DataError as error:
                    self._tell(where + several, error)

    def _named(
        self, record: Mapping[str, object], part: Part, number: int, at: int, of: int
    ) -> Mapping[str, Any]:
        """The record with the part's tags, and an id where it has none."""
        stem = "-".join(part.tags.values()) or self.name
        name = record.get("id") or f"{stem}-{number}{f'-{at + 1}' if of > 1 else ''}"
        tags: Any = record.get("tags") or {}
        return {**record, "id": name, "tags": {**part.tags, **tags}}

    def _tell(self, where: str, error: Exception) -> None:
        told = str(error)
        if isinstance(error, BadField):
            told = error.under(self.columns)
        elif not isinstance(error, DataError):
            told = f"not a record of {self.name}: {type(error).__name__}: {error}"
        if not self.skip_bad:
            raise DataError(f"{where}: {told}") from None
        self._skipped.append(f"{where}: {told}")

    def _wanted(self) -> Iterator[Part]:
        parts = self._parts()
        for tag, wanted in self._asked().items():
            known = list(dict.fromkeys(part.tags[tag] for part in parts if tag in part.tags))
            for value in wanted if known else ():
                if value not in known:
                    raise UnknownName(value, f"the {tag}s of {self.path}", known)
            # where no name tells it, the records do
            parts = [part for part in parts if not known or part.tags.get(tag) in wanted]
        yield from parts

    def _asked(self) -> Mapping[str, tuple[str, ...]]:
        """The tags that must have one of these values."""
        asked = {"task": self.task, "length": self.length}
        return {tag: wanted for tag, wanted in asked.items() if wanted}

    def _is_asked(self, tags: Mapping[str, Any], others: dict[str, list[str]]) -> bool:
        """Whether a record is one of those asked for; ``others`` collects the values seen."""
        for tag, wanted in self._asked().items():
            value = str(tags.get(tag, ""))
            seen = others.setdefault(tag, [])
            seen += [value] if value and value not in seen else []
            if value not in wanted:
                return False
        return True

    def _parts(self) -> list[Part]:
        path = Path(self.path).expanduser()
        if path.is_dir():
            return self._in_folder(path)
        if path.is_file():
            return [Part(str(path), self._told_by(path.name), path)]
        if LOCAL.match(self.path) or self.path.count("/") != 1 or not self.about.hub:
            raise DataError(f"{path}: there is no such file or folder; {self._expected()}")
        configs = self.configs or {"": {}}
        return [Part(f"{self.path} {name}".rstrip(), tags) for name, tags in configs.items()]

    def _in_folder(self, folder: Path) -> list[Part]:
        there = [
            path
            for depth in range(1, DEEPEST + 1)
            for path in sorted(folder.glob("/".join(["*"] * depth)))
            if path.is_file()
        ]
        for pattern in self.files:
            shapes = [_shape(one) for one in pattern.split("|")]
            found = [
                Part(str(path), match.groupdict(), path)
                for path in there
                for shape in shapes
                if (match := shape.fullmatch(path.relative_to(folder).as_posix()))
                and self._is_known(match.groupdict())
            ]
            if found:
                return sorted(found, key=lambda part: self._order(part.tags))
        raise DataError(f"{folder}: no file of {self.name} there; {self._expected()}")

    def _told_by(self, name: str) -> Mapping[str, str]:
        """The tags that a single file's name tells, if it is called as one of the published."""
        for pattern in "|".join(self.files).split("|"):
            match = _shape(pattern.rpartition("/")[2]).fullmatch(name)
            if match and self._is_known(match.groupdict()):
                return match.groupdict()
        return {}

    def _is_known(self, tags: Mapping[str, str]) -> bool:
        return "task" not in tags or not self.about.tasks or tags["task"] in self.about.tasks

    def _order(self, tags: Mapping[str, str]) -> tuple[int, list[tuple[int, str]]]:
        tasks = self.about.tasks
        place = tasks.index(tags["task"]) if tags.get("task") in tasks else len(tasks)
        rest = [_natural(value) for name, value in tags.items() if name != "task"]
        return place, rest

    def _expected(self) -> str:
        patterns = "|".join(self.files).split("|")
        known = [PLACE.sub(lambda match: match[1].upper(), pattern) for pattern in patterns]
        return f"expected {' or '.join(known)}, as {self.about.source} publishes"


def _shape(pattern: str) -> re.Pattern[str]:
    """A pattern of files as an expression whose groups are its {names}; a * is any part."""
    parts = PLACE.split(pattern)
    found = [
        f"(?P<{part}>[^/]+)" if at % 2 else re.escape(part).replace(r"\*", "[^/]*")
        for at, part in enumerate(parts)
    ]
    return re.compile("".join(found))


def _natural(value: str) -> tuple[int, str]:
    """Order 8k before 32k."""
    number = re.match(r"\d+", value)
    return (int(number[0]) if number else 0, value)
