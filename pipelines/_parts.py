"""Reading a text in parts: what a call can read, the notes that come of it, and the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from crossover import meter
from crossover.abstention import abstains
from crossover.compressors._keeping import assembled, joined
from crossover.compressors._writing import quoted, shortened, shown_by
from crossover.errors import WindowError
from crossover.models._rendering import rendered_text
from crossover.pipelines._answering import named, with_choices
from crossover.pipelines._calling import many, noted, one, packed
from crossover.pipelines._fitting import whole
from crossover.roles import Model
from crossover.sentences import sentences
from crossover.types import Answer, Completion, Document, Passage, Question, Request, Step

Note = Sequence[Passage]
"""What one call noted: quotes with their places, or one passage that a model wrote."""

# tokens: a part has to hold a few sentences
LEAST = 50
# words that a model writes with so many tokens
WORDS_PER_TOKEN = 0.7
NOTHING = ("nothing relevant", "nothing of relevance", "no relevant")


@dataclass(frozen=True, slots=True)
class Worker:
    """A model that reads parts: at most ``chunk`` tokens at once, its prompt included.

    ``other`` says that it is not the answering model, so that a dry run does not ask it.
    """

    model: Model
    other: bool
    chunk: int

    def room(self, request: Request, spare: int = 0) -> int:
        """Tokens for passages; raises WindowError where prompt and reply leave too few."""
        reads = min(self.chunk, self.model.window - request.max_tokens)
        room = reads - self.model.count(rendered_text(request)) - spare
        if room < LEAST:
            raise WindowError(
                f"of chunk={self.chunk:,} and a window of {self.model.window:,} tokens, prompt, "
                f"question, notes and a reply of {request.max_tokens:,} leave {max(room, 0):,} "
                f"for the text; it takes {LEAST} at least: raise chunk or lower note"
            )
        return room

    def parts(
        self, documents: Sequence[Document], request: Request, spare: int = 0
    ) -> list[list[Passage]]:
        """The documents in as few parts of whole sentences as the request can show."""
        return packed(documents, self.room(request, spare), self.model)

    def size(self, passages: Sequence[Passage]) -> int:
        """Tokens that passages take in a request."""
        return sum(map(shown_by(self.model), passages))

    def frame(self, documents: Sequence[Document]) -> int:
        """Tokens around the text of one passage, at most."""
        empty = [Passage(document.id, 0, 0, "") for document in documents]
        return max(map(shown_by(self.model), empty), default=0)

    def one(self, request: Request, name: str) -> Completion:
        """Make one call, a step of that name."""
        return one(self.model, request, name, self.other)

    def many(self, requests: Sequence[Request], name: str) -> list[Completion]:
        """Make independent calls side by side, a step of that name."""
        return many(self.model, requests, name, self.other)

    def fitting(self, note: Note, room: int, name: str) -> list[Passage]:
        """The beginning of a note that fits, cut at the end of a sentence, which a step says."""
        kept, left = list[Passage](), room
        for passage in note:
            needed = self.size([passage])
            if needed > left:
                kept += self._beginning(passage, left)
                break
            kept.append(passage)
            left -= needed
        if kept != list(note):
            said = f"{self.size(note):,} tokens exceed the {room:,} that fit"
            meter.current().note(Step(f"{name} cut", detail=said))
        return kept

    def _beginning(self, passage: Passage, room: int) -> list[Passage]:
        # joined to its frame, a text can take a token more
        budget = room - self.size([replace(passage, text="", kept=())]) - 2
        if budget < 1:
            return []
        before = len(passage.text) - len(passage.text.lstrip())
        text = shortened(passage.text, budget, self.model)
        return [passage.cut(before, before + len(text))] if text else []


@dataclass(frozen=True, slots=True)
class Merging:
    """Rounds of calls that make fewer notes of many, as many notes at once as fit a call.

    ``read`` turns the replies to groups of notes into notes, empty ones for what says nothing.
    """

    worker: Worker
    request: Request
    read: Callable[[Sequence[Completion], Sequence[Note]], list[list[Passage]]]
    fan_in: int | None = None

    def until(self, enough: Callable[[Sequence[Note]], bool], notes: Sequence[Note]) -> list[Note]:
        """Merge till there are few enough; at the latest till there is one."""
        kept, rounds = list(notes), 0
        while len(kept) > 1 and not enough(kept):
            rounds += 1
            kept = self._round(kept, f"round {rounds}")
        return kept

    def _round(self, notes: Sequence[Note], name: str) -> list[Note]:
        room = self.worker.room(self.request)
        # two notes at least must fit into a call, or there would be no fewer of them
        halves = [self.worker.fitting(note, room // 2, "notes") for note in notes]
        groups = self._groups(halves, room)
        several = [[p for note in group for p in note] for group in groups if len(group) > 1]
        requests = [replace(self.request, passages=tuple(group)) for group in several]
        merged = iter(self.read(self.worker.many(requests, name), several))
        found: list[Note] = [next(merged) if len(group) > 1 else group[0] for group in groups]
        return [note for note in found if note]

    def _groups(self, notes: Sequence[Note], room: int) -> list[list[Note]]:
        groups, left = list[list[Note]](), 0
        for note in notes:
            needed = self.worker.size(note)
            if not groups or needed > left or len(groups[-1]) == self.fan_in:
                groups.append([])
                left = room
            groups[-1].append(note)
            left -= needed
        return groups


def looked_for(question: Question) -> str:
    """What parts are read for: the question with its choices; nothing where all counts."""
    if question.form == "summary":
        return ""
    return with_choices(question)


def note_of(reply: Completion, read: Note, documents: Sequence[Document]) -> list[Passage]:
    """A reply as a note; nothing where there is nothing in it.

    What it quotes of a document is one passage, in the document's order.
    """
    if says_nothing(reply):
        return []
    quotes = assembled(read, quoted(reply, read))
    if quotes and all(passage.pieces for passage in quotes):
        return _by_document(quotes, documents)
    return noted(reply, read)


def notes_of(
    replies: Sequence[Completion], groups: Sequence[Note], documents: Sequence[Document]
) -> list[list[Passage]]:
    """Every reply as a note; a step says how many have nothing in them, and which."""
    found = [note_of(r, group, documents) for r, group in zip(replies, groups, strict=True)]
    dropped = [str(number) for number, note in enumerate(found, 1) if not note]
    if dropped:
        said = f"{len(dropped)} of {len(found)} say nothing that helps: {', '.join(dropped)}"
        meter.current().note(Step("notes dropped", detail=said))
    return found


def _by_document(quotes: Note, documents: Sequence[Document]) -> list[Passage]:
    """All quotes from a document as one passage: less stands around one than around many."""
    found = list[Passage]()
    for text in whole(documents):
        pieces = [p for quote in quotes if quote.document == text.document for p in quote.pieces]
        places = [(piece.start, piece.end) for piece in pieces]
        found += [joined(text, places)] if places else []
    return found


def says_nothing(reply: Completion) -> bool:
    """Whether a reply is empty, or one sentence that says that there is nothing to note."""
    text = reply.text.strip()
    if reply.declined or not text.strip(".-–—\"'` \n"):
        return True
    if len(text) > 300 or len(sentences(text)) > 1:
        return False
    return text.lower().startswith(NOTHING) or abstains(text)


def in_order(notes: Sequence[Note], documents: Sequence[Document]) -> list[Passage]:
    """All passages of notes in the order of the documents, none twice."""
    places = {document.id: at for at, document in enumerate(documents)}
    passages = dict.fromkeys(passage for note in notes for passage in note)
    return sorted(passages, key=lambda p: (places.get(p.document, 0), p.start))


def where(notes: Sequence[Passage]) -> str:
    """Say which of the passages shown are the notes."""
    return "passage 1" if len(notes) == 1 else f"passages 1 to {len(notes)}"


def words(tokens: int) -> int:
    """About how many words a model writes with so many tokens."""
    return max(1, int(tokens * WORDS_PER_TOKEN))


def answered(
    worker: Worker, request: Request, note: Note, documents: Sequence[Document], name: str
) -> Answer:
    """Answer from notes, as much of them as fits."""
    kept = in_order([worker.fitting(note, worker.room(request), "notes")], documents)
    reply = worker.one(replace(request, passages=tuple(kept)), name)
    return named(reply, tuple(kept), request.max_tokens)
