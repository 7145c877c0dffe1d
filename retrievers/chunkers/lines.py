"""Lines of text as they stand: turns of a dialogue, rows of a log or a table."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Annotated, ClassVar

from annotated_types import Ge

from crossover.roles import Chunker
from crossover.types import Document, Passage


@dataclass(frozen=True, slots=True)
class Lines(Chunker):
    """Passages of so many lines; blank lines belong to the line before them."""

    lines: Annotated[int, Ge(1)] = field(default=1, metadata={"help": "lines in a passage"})
    version: ClassVar[int] = 1

    def chunk(self, document: Document) -> list[Passage]:
        """Cut the document at line ends; together the passages cover every character."""
        text = document.text
        starts = [match.start() for match in re.finditer(r"^(?=.*\S)", text, re.MULTILINE)]
        cuts = [0, *starts[self.lines :: self.lines], len(text)] if text else []
        return [Passage(document.id, start, end, text[start:end]) for start, end in pairwise(cuts)]
