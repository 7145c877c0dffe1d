"""Chunks along a Markdown document's headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Annotated, ClassVar

from annotated_types import Ge, Interval

from crossover.errors import MissingExtra
from crossover.retrievers.chunkers import _recursive
from crossover.retrievers.chunkers._recursive import Unit
from crossover.retrievers.chunkers._structure import check_overlap, spans
from crossover.roles import Chunker
from crossover.types import Document, Passage

# what CommonMark counts as the end of a line
LINE_END = re.compile(r"\r\n?|\n")


@dataclass(frozen=True, slots=True)
class Markdown(Chunker):
    """A section under a heading is a chunk; a longer one is cut by LangChain's Markdown splitter.

    Headings are CommonMark's, underlined ones included; what stands in a code block is none. One
    with nothing under it goes with the next. Raises ConfigError where overlap is not below size.
    """

    size: Annotated[int, Ge(1)] = field(
        default=4000, metadata={"help": "units in a chunk at most, its overlap included"}
    )
    overlap: Annotated[int, Ge(0)] = field(
        default=200, metadata={"help": "units shared by the chunks of one section"}
    )
    unit: Unit = field(default="characters", metadata={"help": "what size and overlap count"})
    depth: Annotated[int, Interval(ge=1, le=6)] = field(
        default=6, metadata={"help": "deepest level of heading that begins a section"}
    )
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        check_overlap("markdown", self.size, self.overlap)

    def chunk(self, document: Document) -> list[Passage]:
        """Cut the document; together the chunks cover every character."""
        text = document.text
        separators = _recursive.language_separators("markdown")
        found: list[tuple[int, int]] = []
        for begin, finish in pairwise([*self._sections(text), len(text)]):
            section = text[begin:finish]
            within = _recursive.split(section, separators, self.size, self.overlap, self.unit)
            found += [(begin + start, begin + end) for start, end in within]
        return spans(document, found)

    def _sections(self, text: str) -> Iterator[int]:
        """Where sections start, the first with the text."""
        yield 0
        content = 0
        for start, end in _headings(text, self.depth):
            if text[content:start].strip():
                yield start
            content = end


def _headings(text: str, depth: int) -> Iterator[tuple[int, int]]:
    try:
        from markdown_it import MarkdownIt
    except ImportError:
        raise MissingExtra("markdown-it-py", "rag", "markdown") from None
    parser = MarkdownIt("commonmark")
    parser.core.ruler.enableOnly(["normalize", "block"])
    lines = [0, *(end.end() for end in LINE_END.finditer(text)), len(text)]
    for token in parser.parse(text):
        heading = token.type == "heading_open" and token.level == 0 and token.map
        if heading and int(token.tag[1:]) <= depth:
            first, last = token.map or [0, 0]
            yield lines[first], lines[last]
