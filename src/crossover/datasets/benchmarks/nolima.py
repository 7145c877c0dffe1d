"""NoLiMa: its published needles, put into its published books at any length and depth."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator, Field

from crossover.datasets._fields import Fields
from crossover.datasets._lengths import length_names, one_or_many, token_starts
from crossover.datasets._published import About, Benchmark, Part
from crossover.errors import DataError, UnknownName
from crossover.files import existing_folder, read_text
from crossover.types import Document, Example, Question, Span

BOOKS = "haystack/rand_shuffle"
NAME = "{CHAR}"
ASKED = "{}\nAnswer with the name or words alone, by what the text says or strongly implies."
SEED = 42
# how far a misleading sentence keeps from the needle, and where it stands in the shortest texts
FREE = 0.2
SHORT = 500


class Case(NamedTuple):
    """A needle with its question, before a name is drawn for it."""

    name: str
    task: str
    needle: str
    question: str
    names: Sequence[str]
    golds: tuple[str, ...]
    misleading: str
    seed: int


class Window(NamedTuple):
    """Characters of a book: where a text begins, stops for its needle, goes on and ends."""

    start: int
    stop: int
    on: int
    end: int


class Book(NamedTuple):
    """A text to hide a needle in, with the starts of its tokens, and those that end a line."""

    text: str
    starts: Sequence[int]
    valid: Sequence[int]

    def window(self, tokens: int, depth: float) -> Window:
        """The text of so many tokens whose needle stands at the depth, between two lines.

        Raises DataError where the book is too short.
        """
        at = bisect_left(self.valid, depth * (tokens + 1))
        if at == len(self.valid):
            raise DataError(f"a book has too few lines for {tokens} tokens")
        place = self.valid[at]
        first = place - round(tokens * depth)
        last = first + tokens
        if first < 0 or last >= len(self.starts):
            raise DataError(f"a book has too few tokens for texts of {tokens}")
        start, after = self.starts[first], self.starts[place + 1]
        return Window(
            start, max(self.text.rfind("\n", start, after), start), after, self.starts[last]
        )


@dataclass(frozen=True, slots=True)
class NoLiMa(Benchmark):
    """NoLiMa (Modarressi et al. 2025): needles that share no word with their question.

    As published: names drawn for each depth, the window of a book moved so that the needle stands
    between lines at its depth. System prompts are left out; sets that let models think aloud are
    scored by ``nolima_last_line_contains``. Its base score is the mean of each pair's best up to
    1k tokens.
    """

    name = "nolima"
    about = About(
        source="huggingface.co/datasets/amodaresi/NoLiMa",
        licence="Adobe Research License: research, not commercial",
        size="58 pairs of needle and question, 5 books; 7,540 tests of each length",
        verified="adobe-research/NoLiMa@7532e4eebf09 evaluation/, data/book_haystack.py",
        tasks=("onehop", "twohop", "direct"),
        paper="arXiv 2502.05167",
    )
    scores = ("nolima_contains", "substring_match")
    files = (
        *("needlesets/{set}.json", "data/needlesets/{set}.json"),
        "{set}.json",
    )

    needles: str = field(default="needle_set", metadata={"help": "which set of needles"})
    tokens: Annotated[tuple[Annotated[int, Field(ge=100)], ...], BeforeValidator(one_or_many)] = (
        field(default=(1000,), metadata={"help": "lengths without the needle, in tokens"})
    )
    depths: Annotated[int, Field(ge=2)] = field(
        default=26, metadata={"help": "how many depths from first to last"}
    )
    tokenizer: str = field(
        default="o200k_base",
        metadata={"help": "o200k_base, cl100k_base, a tokenizer.json or a model's id on the hub"},
    )
    books: str = field(
        default="", metadata={"help": f"folder of books; else {BOOKS}", "path": "folder"}
    )

    def examples(self) -> Iterator[Example]:
        """Yield every needle in every book at every length and depth."""
        self._skipped.clear()
        for task in self.task:
            if task not in self.about.tasks:
                raise UnknownName(task, "the tasks of NoLiMa", self.about.tasks)
        found = False
        for part in self._wanted():
            tests = [*self._tests(part)]
            for at, path in enumerate(self._books(part)):
                for test in tests:
                    found = True
                    yield from self._placed(test, path, at)
        if not found:
            first = f"; first: {self._skipped[0]}" if self._skipped else ""
            raise DataError(f"{self.path}: holds no usable record of {self.name}{first}")

    def records(self, row: Fields, part: Part) -> Iterator[Mapping[str, object]]:
        """The tests of a needle."""
        needle, id = row.text("needle"), row.text("id")  # noqa: A001
        if not id[:4].isdigit():
            raise row.bad("id", f"expected four digits first, got {id!r}")
        names = row.texts("character_set", [])
        if NAME in needle and not names:
            raise row.bad("character_set", "missing; the needle has {CHAR} in it")
        tests, kinds = row.inside("tests"), row.inside("questions")
        template = row.text("task_template", "").partition("{haystack}")[2].strip()
        for kind in kinds.raw:
            misleading = row.inside("distractors").text(kind) if "distractors" in row else ""
            for test in tests.raw:
                given = tests.inside(test)
                fill = partial(_filled, values=given.texts("input_args"))
                question = fill(kinds.text(kind))
                golds = () if NAME in needle else tuple(given.texts("gold_answers"))
                asked = template.replace("{question}", question) if template else ""
                yield Case(
                    f"{id}_{test}_{kind}",
                    kind,
                    fill(needle),
                    asked or ASKED.format(question),
                    names,
                    golds,
                    fill(misleading),
                    SEED + int(id[:4]),
                )._asdict()

    def _asked(self) -> Mapping[str, tuple[str, ...]]:
        # tasks are told by the records, lengths are made
        return {"set": (self.needles,)}

    def _tests(self, part: Part) -> Iterator[Case]:
        unit, rows = self.rows(part)
        for number, load in rows:
            try:
                given: list[Any] = [*self.records(Fields(load()), part)]
            except DataError as error:
                self._tell(f"{part.source} {unit} {number}", error)
                continue
            yield from (Case(**one) for one in given if not self.task or one["task"] in self.task)

    def _books(self, part: Part) -> list[Path]:
        folder = Path(self.books).expanduser() if self.books else None
        for above in [] if folder or part.path is None else part.path.parents[:2]:
            folder = above / BOOKS if (above / BOOKS).is_dir() else folder
        if folder is None:
            raise DataError(f"{self.path}: no {BOOKS} there; give books=FOLDER")
        found = sorted(existing_folder(folder).glob("*.txt"))
        if not found:
            raise DataError(f"{folder}: holds no book (*.txt)")
        return found

    def _placed(self, test: Case, path: Path, number: int) -> Iterator[Example]:
        import numpy as np

        named = length_names(self.tokens)
        for tokens in self.tokens:
            # names and misleading sentences are drawn depth by depth, as published
            chance = np.random.RandomState(test.seed + number)
            for depth in np.linspace(0, 1, self.depths):
                name = str(chance.choice(list(test.names))) if NAME in test.needle else ""
                apart = _apart(float(depth), tokens, chance) if test.misleading else None
                load = partial(self._written, test, name, path, tokens, float(depth), apart)
                _, start = load()
                needle = test.needle.replace(NAME, name)
                id = f"{test.name}-{path.stem}-{named[tokens]}-{depth:.0%}"  # noqa: A001
                yield Example(
                    Question(
                        id,
                        test.question.replace(NAME, name),
                        (Document(id, lambda load=load: load()[0]),),  # type: ignore[misc]
                    ),
                    answers=(name,) if NAME in test.needle else test.golds,
                    evidence=(Span(id, start, start + len(needle)),),
                    group=f"{test.name[:4]}-{path.stem}",
                    tags={"task": test.task, "length": named[tokens], "depth": f"{depth:.0%}"},
                )

    def _written(
        self, test: Case, name: str, path: Path, tokens: int, depth: float, apart: float | None
    ) -> tuple[str, int]:
        """The text, and where the needle stands in it."""
        book = _book(path, self.tokenizer)
        needle = test.needle.replace(NAME, name)
        found = book.window(tokens, depth)
        before, after = book.text[found.start : found.stop], book.text[found.on : found.end]
        if apart is not None:
            misleading = f" {test.misleading.replace(NAME, name)}\n"
            lines = before if apart < depth else after
            share = apart / depth if apart < depth else (apart - depth) / (1 - depth)
            cut = lines.find("\n", round(share * len(lines))) + 1 or len(lines)
            mixed = f"{lines[:cut]}{misleading}{lines[cut:]}"
            before, after = (mixed, after) if apart < depth else (before, mixed)
        return f"{before} {needle}\n{after}", len(before) + 1


def _filled(text: str, values: Sequence[str]) -> str:
    for number, value in enumerate(values, 1):
        text = text.replace(f"{{{number}}}", value)
    return text


def _apart(depth: float, tokens: int, chance: Any) -> float:
    """Where a misleading sentence stands, as published."""
    if tokens < SHORT:
        chance.uniform()
        return 0.7 if depth < 0.6 else 0.6 if depth > 0.75 else 0.5
    left, right = max(0.0, depth - 2 * FREE), max(0.0, 1 - depth - 2 * FREE)
    drawn = float(chance.uniform(0, left + right))
    return depth + FREE + drawn - left if drawn > left else drawn + FREE


@lru_cache(maxsize=8)
def _book(path: Path, tokenizer: str) -> Book:
    text = read_text(path)
    starts = token_starts(text, tokenizer)
    ends = (at for at in range(len(starts) - 1) if "\n" in text[starts[at] : starts[at + 1]])
    return Book(text, starts, [0, *ends])
