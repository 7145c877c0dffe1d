"""Passages as chunks of blocks, and what they show when only some blocks are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

from crossover.compressors import _code_structure
from crossover.compressors._code_languages import GRAMMARS, language_of
from crossover.compressors._code_structure import Chunk, Shell
from crossover.compressors._composed import Item, composed
from crossover.compressors._keeping import joined
from crossover.compressors._selecting import paragraphs
from crossover.sentences import sentences
from crossover.types import Passage

Cut = Callable[[Chunk, Sequence[str]], list[tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class Block:
    """Characters of a passage that are kept or left out whole, and what stays around them."""

    passage: int
    start: int
    end: int
    shells: tuple[Shell, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A function, what stands between functions, or a paragraph: its text and its blocks."""

    text: str
    blocks: tuple[Block, ...]
    chunk: Chunk | None = None
    score: float = 0.0

    @property
    def length(self) -> int:
        """How many lines it has."""
        return self.text.strip().count("\n") + 1


@dataclass(frozen=True, slots=True)
class Source:
    """A passage; ``comment`` is how its language begins one, empty where it is no code."""

    passage: Passage
    comment: str
    lines: Sequence[str]
    starts: list[int] = field(init=False)

    def __post_init__(self) -> None:
        starts = accumulate(len(line) + 1 for line in self.lines[:-1])
        object.__setattr__(self, "starts", [0, *starts, len(self.passage.text)])

    def part(self, at: int, chunk: Chunk) -> Part:
        """A chunk of lines as a part of passage ``at``."""
        starts, (first, last) = self.starts, chunk.lines
        block = Block(at, starts[chunk.first], starts[chunk.last], chunk.shells)
        return Part(self.passage.text[starts[first] : starts[last]], (block,), chunk)

    def shown(self, blocks: Sequence[Block]) -> Passage:
        """The passage with these blocks alone, signatures kept, gaps marked by a comment."""
        places = [(block.start, block.end) for block in blocks]
        if not self.comment:
            return joined(self.passage, places)
        shells = {shell for block in blocks for shell in block.shells}
        places += [place for shell in shells for place in self.around(shell)]
        return composed(self.passage, self._marked(sorted(places)))

    def around(self, shell: Shell) -> list[tuple[int, int]]:
        """Where the lines stand that a shell keeps."""
        ends = ((shell.first, shell.body), (shell.tail, shell.last))
        return [(self.starts[a], self.starts[b]) for a, b in ends if a < b]

    def _marked(self, places: Sequence[tuple[int, int]]) -> Iterator[Item]:
        reached = start = 0
        for first, last in [*places, (len(self.passage.text), len(self.passage.text))]:
            gap = self.passage.text[reached:first]
            if gap.strip() or first == len(self.passage.text):
                if reached > start:
                    yield start, reached
                yield from self._placeholder(gap)
                start = first
            reached = max(reached, last)

    def _placeholder(self, gap: str) -> Iterator[str]:
        line = next((line for line in gap.split("\n") if line.strip()), None)
        if line is not None:
            yield f"{line[: len(line) - len(line.lstrip())]}{self.comment} ...\n"


def sources(passages: Sequence[Passage], language: str) -> tuple[list[Source], list[Part]]:
    """Passages with their parts, each of one block."""
    found, parts = list[Source](), list[Part]()
    for at, passage in enumerate(passages):
        text = passage.text
        spoken = language_of(passage.document, text) if language == "auto" else language
        chunks = _code_structure.chunks(text, spoken) if spoken != "prose" else []
        source = Source(passage, GRAMMARS[spoken].comment if chunks else "", text.split("\n"))
        found.append(source)
        if chunks:
            parts += [source.part(at, chunk) for chunk in chunks]
        else:
            parts += [Part(text[a:b], (Block(at, a, b),)) for a, b in paragraphs(text)]
    return found, parts


def divided(sources: Sequence[Source], part: Part, cut: Cut) -> Part:
    """A part in finer blocks: what ``cut`` makes of its lines, or sentences where it is prose."""
    (block,) = part.blocks
    source = sources[block.passage]
    if part.chunk:
        starts = source.starts
        places = [(starts[a], starts[b]) for a, b in cut(part.chunk, source.lines)]
    else:
        places = [(block.start + a, block.start + b) for a, b in sentences(part.text)]
    return replace(part, blocks=tuple(replace(block, start=a, end=b) for a, b in places))
