"""Queries that a model writes from a question, and searching for them."""

from __future__ import annotations

import json
import re
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

from annotated_types import Ge

from crossover import meter
from crossover.abstention import abstains
from crossover.retrievers._endpoints import is_endpoint
from crossover.retrievers._fusion import CONSTANT, by_rank, depth_for, fused
from crossover.retrievers._shelf import indexed
from crossover.retrievers.bm25 import Bm25
from crossover.retrievers.dense import DenseIndex
from crossover.roles import Chunker, Index, Model, Retriever
from crossover.types import Completion, Document, Passage, Request, Step, Usage

Write = Callable[[str, Model], list[str]]
MARK = re.compile(
    r"""^\s* (?: [-*•–+]\s+ | \**\(?\d{1,2}[.):](?!\d)\**\s* | \(?[a-h]\)\s+
      | \**(?:sub-?)?(?:query|question|q)\s*\#?\d{1,2}\s*[.):-]+\**\s* )""",
    re.IGNORECASE | re.VERBOSE,
)
# "1. one 2. two" on one line
INLINE = re.compile(r"\s+(?=\(?\d{1,2}[.)]\s)")
FENCE = re.compile(r"^\s*```\w*\s*$", re.MULTILINE)
QUOTED = re.compile(r'("(?:[^"\\\x00-\x1f]|\\["\\/bfnrt])+")(\s*:)?')
QUOTES = "\"'“”‘’`* \t"
# longer than any query: such a line is prose about the queries
LONGEST = 500


@dataclass(frozen=True, slots=True)
class Rewriting(Retriever):
    """Another retriever, asked for the question and for queries that the model writes from it."""

    retriever: Retriever = field(default=Bm25(), metadata={"help": "what searches"})
    constant: Annotated[int, Ge(0)] = field(
        default=CONSTANT, metadata={"help": "what rank fusion adds to a rank"}
    )
    max_tokens: Annotated[int, Ge(1)] = field(
        default=256, metadata={"help": "longest reply, in tokens"}
    )
    composed: ClassVar[bool] = True

    def index(self, documents: Sequence[Document], chunker: Chunker, model: Model) -> Index:
        """Index the documents for the retriever that searches."""
        index = indexed(self.retriever, documents, chunker, model)
        return RewrittenIndex(index, documents, self.write, self.constant)

    @abstractmethod
    def write(self, question: str, model: Model) -> list[str]:
        """Return the question and the queries written from it."""


class RewrittenIndex(Index):
    """Searches for the queries that a model writes from the question; fuses by reciprocal rank.

    A question without text is searched as it is, and where nothing is indexed nobody is asked.
    """

    def __init__(
        self, index: Index, documents: Sequence[Document], write: Write, constant: int
    ) -> None:
        self.index, self.documents, self.write, self.constant = index, documents, write, constant

    def size(self) -> int:
        """Bytes of the index that is searched."""
        return self.index.size()

    def search(self, query: str, k: int, model: Model) -> list[Passage]:
        """Return the k passages of most credit; ties in document order."""
        if not any(document.text for document in self.documents):
            return []
        if not query.strip():
            return self.index.search(query, k, model)
        queries = self.write(query, model)
        if len(queries) == 1:
            return self.index.search(queries[0], k, model)
        return self.found(queries, k, model)

    def found(self, queries: Sequence[str], k: int, model: Model) -> list[Passage]:
        """Search for several queries, the question first; k passages, best first."""
        rankings = [self.index.search(one, depth_for(k), model) for one in queries]
        return fused(rankings, by_rank(self.constant), self.documents)[:k]


class AveragedIndex(RewrittenIndex):
    """Searches a dense index once, for the mean of the embeddings of question and passages."""

    def found(self, queries: Sequence[str], k: int, model: Model) -> list[Passage]:
        """Search for the mean; in an index without embeddings, for each."""
        index = self.index
        if not isinstance(index, DenseIndex) or index.nearest is None:
            return RewrittenIndex.found(self, queries, k, model)
        import numpy as np

        dense, (question, *invented) = index.retriever, queries
        parts = (
            dense.embed([question], "question embedded", dense.query_prefix),
            dense.embed(invented, "passages embedded", dense.passage_prefix),
        )
        if is_endpoint(dense.model):
            for _, tokens in parts:
                meter.current().charge(Usage(input_tokens=tokens))
        mean = np.concatenate([vectors for vectors, _ in parts]).mean(axis=0, keepdims=True)
        mean /= np.linalg.norm(mean) or 1.0
        return [
            replace(index.passages[at], score=score) for at, score in index.nearest.search(mean, k)
        ]


def written(question: str, instruction: str, most: int, max_tokens: int, model: Model) -> list[str]:
    """Ask for queries, at most so many; none is said in the trace, raises as the model does."""
    request = Request(instruction, question, wants="text", max_tokens=max_tokens)
    completion = model.complete(request)
    return said(usable(completion, question, most), [completion.text])


def said(queries: list[str], replies: Sequence[str]) -> list[str]:
    """Put the written queries, or that there are none, into the trace."""
    if queries:
        meter.current().note(Step("queries written", None, " | ".join(queries)))
    else:
        reply = " | ".join(" ".join(text.split())[:100] for text in replies)
        detail = f"the question itself is searched; the model replied {reply!r}"
        meter.current().note(Step("no other query", None, detail))
    return queries


def usable(completion: Completion, question: str, most: int) -> list[str]:
    """Read the queries of a reply: a JSON list, a numbered or bulleted one, or plain lines.

    Left out: what names itself an abstention, repeats the question or another query, holds no
    word, or was cut off at the end of the reply while others were not.
    """
    if completion.declined or abstains(completion.text):
        return []
    lines = [line.strip(QUOTES) for line in _lines(completion.text)]
    if completion.finish == "length" and len(lines) > 1:
        lines.pop()
    known = {_plain(question)}
    found = []
    for line in lines:
        if _plain(line) and _plain(line) not in known and len(line) <= LONGEST:
            known.add(_plain(line))
            found.append(line)
    return found[:most]


def _lines(text: str) -> list[str]:
    text = FENCE.sub("", text).strip()
    listed = _json(text)
    if listed:
        return listed
    lines = [line for line in text.splitlines() if MARK.sub("", line, count=1).strip()]
    if len(lines) == 1 and MARK.match(lines[0]):
        lines = INLINE.split(lines[0])
    marked = [line for line in lines if MARK.match(line)]
    if marked:
        return [MARK.sub("", line, count=1) for line in marked]
    return [line for line in lines if not line.rstrip(QUOTES).endswith(":")]


def _json(text: str) -> list[str]:
    """Texts of the first JSON list or object in a reply; none where there is no readable one."""
    start = re.search(r"[\[{]", text)
    if not start:
        return []
    try:
        value, _ = json.JSONDecoder().raw_decode(text, start.start())
    except ValueError:
        # a list that was cut off or has a comma too many: what is quoted in it
        quoted = QUOTED.findall(text, start.start())
        return [json.loads(each) for each, key in quoted if not key]
    return list(_texts(value))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield " ".join(value.split())
    elif isinstance(value, list | dict):
        for item in value if isinstance(value, list) else value.values():
            yield from _texts(item)


def _plain(line: str) -> str:
    return " ".join(re.findall(r"\w+", line.lower()))
