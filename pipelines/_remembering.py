"""What a model writes down about a dialogue, once for all questions on it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, model_validator

from crossover import meter
from crossover.compressors._writing import grouped, replies, room_for, shown_by
from crossover.pipelines import _prompts
from crossover.pipelines._calling import noted
from crossover.pipelines._memories import Memory, Session
from crossover.replies import read_as
from crossover.roles import Model
from crossover.types import Completion, Passage, Request, Step, Usage

# dialogues whose memories are kept for the next question
KEPT = 256
# characters per token at most, for a plan of costs
CHARACTERS = 4


@dataclass(frozen=True, slots=True)
class Writing:
    """Who writes, in which words and how much; notes are of so many turns, and so many a call."""

    model: Model
    other: bool
    prompts: str
    tokens: int
    turns: int = 1
    notes: int = 1

    def asked(self, requests: Sequence[Request]) -> list[Completion]:
        """Ask for all of them, side by side."""
        return replies(requests, self.model, self.other)

    @property
    def key(self) -> Hashable:
        """What the memories depend on; a component's repr is its whole configuration."""
        return repr(self.model), self.prompts, self.tokens, self.turns, self.notes


def summaries(sessions: Sequence[Session], writing: Writing) -> list[Memory]:
    """A summary of every session, found by its own words; one call for each."""
    parts = [(session, part) for session in sessions for part in _parts(session, writing)]
    requests = [_summary_of(session, part, writing) for session, part in parts]
    with meter.stage("sessions summarised"):
        written = writing.asked(requests)
    made = list[Memory]()
    for (session, part), reply in zip(parts, written, strict=True):
        shown = _planned(part, writing) if meter.current().planning else noted(reply, part)
        if shown:
            made.append(Memory(session, " ".join(p.text for p in shown), summary=tuple(shown)))
        else:
            _tell(f"nothing was written about the session of {session.date or 'no date'}")
    return made


def notes(sessions: Sequence[Session], writing: Writing) -> list[Memory]:
    """A note on every few turns, which is found by the note and shows the turns.

    A turn that the reply leaves out is found by its own words.
    """
    batches = [(session, batch) for session in sessions for batch in _batches(session, writing)]
    requests = [_notes_on(session, batch, writing) for session, batch in batches]
    with meter.stage("notes written"):
        written = writing.asked(requests)
    return [
        memory
        for (session, batch), reply in zip(batches, written, strict=True)
        for memory in _noted(session, batch, reply)
    ]


@dataclass
class _Place:
    """Memories of one dialogue, and what they took."""

    lock: Lock = field(default_factory=Lock)
    made: list[Memory] | None = None
    usage: Usage = Usage()
    seconds: float = 0.0
    saved: float = 0.0


_places: OrderedDict[Hashable, _Place] = OrderedDict()
_lock = Lock()


def once(key: Hashable, make: Callable[[], list[Memory]]) -> list[Memory]:
    """Make memories once for all questions on a dialogue; every answer is billed the whole."""
    if meter.current().planning:
        return make()
    place = _place(key)
    with meter.turn(place.lock):
        if place.made is None:
            return _made(place, make)
    current = meter.current()
    current.charge(place.usage, Step("remembered before", place.seconds))
    # the time that it took belongs to this answer too
    current.exclude(-place.seconds)
    current.save(place.saved)
    return place.made


def _place(key: Hashable) -> _Place:
    with _lock:
        place = _places.setdefault(key, _Place())
        _places.move_to_end(key)
        while len(_places) > KEPT:
            _places.popitem(last=False)
        return place


def _made(place: _Place, make: Callable[[], list[Memory]]) -> list[Memory]:
    with meter.part() as used:
        made = make()
        seconds = used.elapsed()
    # replies from the store cost nothing to read again, and tell no time
    if not used.stored_replies:
        place.made, place.usage = made, used.usage
        place.seconds, place.saved = seconds, used.saved
    return made


def _parts(session: Session, writing: Writing) -> list[list[Passage]]:
    """A session whole, or cut between sentences where the writer's window holds less."""
    room = room_for(_summary_of(session, (), writing), writing.model)
    whole = session.passage(0, len(session.turns) - 1)
    return grouped([whole], room, shown_by(writing.model))


def _summary_of(session: Session, part: Sequence[Passage], writing: Writing) -> Request:
    text = _prompts.prompt("memory", "session", writing.prompts, **_said(session, writing))
    return Request(text, passages=tuple(part), wants="summary", max_tokens=writing.tokens)


def _batches(session: Session, writing: Writing) -> list[list[tuple[int, ...]]]:
    """The numbers of a session's turns, by note and by call."""
    numbers = range(len(session.turns))
    each = [tuple(numbers[at : at + writing.turns]) for at in numbers[:: writing.turns]]
    return [each[at : at + writing.notes] for at in range(0, len(each), writing.notes)]


def _notes_on(session: Session, batch: Sequence[tuple[int, ...]], writing: Writing) -> Request:
    text = _prompts.prompt(
        "memory", "notes", writing.prompts, count=len(batch), **_said(session, writing)
    )
    shown = tuple(session.passage(turns[0], turns[-1]) for turns in batch)
    most = writing.tokens * len(batch)
    return Request(text, passages=shown, wants="json", max_tokens=most)


def _said(session: Session, writing: Writing) -> dict[str, Any]:
    return {"date": session.date or "an unknown date", "words": max(writing.tokens * 3 // 4, 1)}


def _noted(session: Session, batch: Sequence[tuple[int, ...]], reply: Completion) -> list[Memory]:
    own = [session.passage(turns[0], turns[-1]).text for turns in batch]
    said = dict[int, str]()
    if reply.text.strip() and not meter.current().planning:
        said = {note.id: note.text for note in read_as(_Notes, reply.text).notes}
    elif not meter.current().planning:
        _tell(f"no notes were written on {len(batch)} turns of {session.date or 'no date'}")
    return [
        Memory(session, f"{said.get(at, '')} {text}".strip(), turns)
        for at, (turns, text) in enumerate(zip(batch, own, strict=True), 1)
    ]


def _words(given: object) -> object:
    return given.split(",") if isinstance(given, str) else given


class _Note(BaseModel):
    """What A-Mem keeps of a turn; ``id`` is the passage's."""

    id: int
    keywords: Annotated[list[str], BeforeValidator(_words)] = []
    tags: Annotated[list[str], BeforeValidator(_words)] = []
    context: str = ""

    @property
    def text(self) -> str:
        return f"{self.context} {', '.join((*self.keywords, *self.tags))}".strip()


class _Notes(BaseModel):
    notes: list[_Note]

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, given: object) -> object:
        return {"notes": given} if isinstance(given, list) else given


def _planned(part: Sequence[Passage], writing: Writing) -> list[Passage]:
    """The beginning of what would be summarised, as long as a summary may be."""
    first = part[0]
    return [replace(first.cut(0, CHARACTERS * writing.tokens), score=0.0)]


def _tell(what: str) -> None:
    meter.current().note(Step(what))
