"""Where in the documents stands what somebody else's retriever has found."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from crossover import meter
from crossover.types import Document, Passage, Step

# under which names a result says where it comes from: ours first, then LangChain's, LlamaIndex's
DOCUMENT = ("document", "document_id", "doc_id", "ref_doc_id", "source", "file_name", "file_path")
START = ("start", "start_index", "start_char_idx")


@dataclass(frozen=True, slots=True)
class Hit:
    """One result of another library: its text, what it says of itself, its score if it has one."""

    text: str
    metadata: Mapping[str, object]
    score: float | None = None


def place(passage: Passage) -> dict[str, str | int]:
    """Say in metadata where a passage stands, as ``placed`` reads it again."""
    return {"document": passage.document, "start": passage.start, "end": passage.end}


def placed(
    hits: Sequence[Hit], documents: Sequence[Document], k: int, found_by: str
) -> list[Passage]:
    """Return the k best as passages of the documents, best first, ties in document order.

    A result is placed by its metadata or, where that does not hold its text, by the first place
    where exactly its text stands. One that stands nowhere, or twice in the results, is left out
    and said in the trace.
    """
    order = {document.id: at for at, document in enumerate(documents)}
    known = {document.id: document for document in documents}
    taken: dict[tuple[str, int], Passage] = {}
    for hit, score in zip(hits, _scores(hits), strict=True):
        for document, start in _places(hit, known):
            if (document, start) not in taken:
                end = start + len(hit.text)
                taken[document, start] = Passage(document, start, end, hit.text, score)
                break
    if len(taken) < len(hits):
        left_out = f"{len(hits) - len(taken)} of {len(hits)} results of {found_by}"
        detail = f"{left_out} stand nowhere in the documents, or twice in the results"
        meter.current().note(Step("results left out", None, detail))
    best = sorted(taken.values(), key=lambda p: (-p.score, order[p.document], p.start))
    return best[:k]


def chunk_id(passage: Passage, document: Document) -> str:
    """Name a chunk by its content and place, so that adding it again replaces it."""
    named = f"{document.id} {document.digest} {passage.start} {passage.end}"
    return str(uuid.uuid5(uuid.NAMESPACE_OID, named))


def set_name(documents: Sequence[Document]) -> str:
    """Name a set of documents by its content, as a collection or folder may be called."""
    named = "\n".join(f"{document.id} {document.digest}" for document in documents)
    return hashlib.sha256(named.encode()).hexdigest()[:16]


def _scores(hits: Sequence[Hit]) -> list[float]:
    """Higher is better: scores that fall as they are, distances negated, else one by rank."""
    scores = [hit.score for hit in hits if hit.score is not None]
    if len(scores) == len(hits):
        if all(a >= b for a, b in pairwise(scores)):
            return scores
        if all(a <= b for a, b in pairwise(scores)):
            return [-score for score in scores]
    return [1 / rank for rank in range(1, len(hits) + 1)]


def _places(hit: Hit, known: Mapping[str, Document]) -> Iterator[tuple[str, int]]:
    """Yield (document, start) wherever the text stands, the likeliest place first."""
    if not hit.text:
        return
    named = next((str(hit.metadata[key]) for key in DOCUMENT if key in hit.metadata), "")
    start = next((hit.metadata[key] for key in START if key in hit.metadata), None)
    # some stores keep every value as text
    start = int(start) if isinstance(start, str) and start.isdecimal() else start
    if named not in known and hit.metadata.keys() >= {"document", "start", "end"}:
        return  # indexed by us for other documents: the same words here are not what was found
    stated = known.get(named)
    if stated and isinstance(start, int) and start >= 0 and stated.text.startswith(hit.text, start):
        yield named, start
        return
    for document in sorted(known.values(), key=lambda document: document.id != named):
        yield from ((document.id, at) for at in _occurrences(hit.text, document.text))


def _occurrences(text: str, within: str) -> Iterator[int]:
    at = within.find(text)
    while at >= 0:
        yield at
        at = within.find(text, at + 1)
