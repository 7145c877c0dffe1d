"""LoCoMo: questions on very long dialogues, with the turns that hold the evidence (ACL 2024)."""

from __future__ import annotations

import json
import re
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, Field, ValidationError

from crossover.datasets._published import About
from crossover.datasets._records import Names, suggestion
from crossover.errors import DataError, UnknownName
from crossover.files import existing_file, existing_folder, read_text
from crossover.roles import Dataset
from crossover.types import Document, Example, Question, Span

CATEGORIES: Mapping[int, str] = {
    1: "multi-hop",
    2: "temporal",
    3: "open-domain",
    4: "single-hop",
    5: "adversarial",
}
UNANSWERABLE = "adversarial"
SESSION = re.compile(r"session_(\d+)")
TURN = re.compile(r"D:?(\d+):(\d+)")


@dataclass(frozen=True, slots=True)
class Locomo(Dataset):
    """LoCoMo (Maharana et al. 2024) as published: a file of samples or a folder of such files.

    A dialogue is one document of a line per turn, under its session's date; ``turns`` says where
    each stands. A question's ``category`` is a tag, its evidence turns are spans, adversarial
    questions are unanswerable, and statistics resample dialogues. Published evidence that names
    no turn of its dialogue is left out and told in ``skipped()``. Raises DataError.
    """

    about: ClassVar[About] = About(
        source="github.com/snap-research/locomo",
        licence="CC BY-NC 4.0",
        size="1,986 questions on 10 dialogues of 8k to 16k words",
        verified="snap-research/LoCoMo@3eb6f2c585f5 data/locomo10.json, task_eval/evaluation.py",
        tasks=tuple(CATEGORIES.values()),
        paper="arXiv 2402.17753",
    )
    scores: ClassVar[tuple[str, ...]] = ("locomo_f1", "answer_recall", "abstention")

    path: str = field(
        metadata={"help": "a JSON file of LoCoMo's, or a folder of them", "path": "any"}
    )
    dialogue: Names = field(default=(), metadata={"help": "only these dialogues"})
    category: Names = field(
        default=(), metadata={"help": f"only these: {', '.join(CATEGORIES.values())}"}
    )
    images: bool = field(
        default=True, metadata={"help": "tell in a turn what the picture sent with it shows"}
    )
    _skipped: list[str] = field(default_factory=list, init=False, repr=False, compare=False)

    def examples(self) -> Iterator[Example]:
        """Yield the examples, dialogue by dialogue, in the order of the file."""
        self._skipped.clear()
        for category in self.category:
            if category not in CATEGORIES.values():
                raise UnknownName(category, "LoCoMo's categories", CATEGORIES.values())
        for name, sample in self._dialogues():
            document, turns = _document(name, sample, self.images)
            for number, asked in enumerate(sample.qa):
                if not self.category or CATEGORIES[asked.category] in self.category:
                    yield self._example(f"{name}-{number}", asked, document, turns)

    def metrics(self) -> Sequence[str]:
        """Name LoCoMo's own F1 first; abstention where the dialogue holds no answer."""
        return self.scores

    def turns(self) -> dict[str, dict[str, Span]]:
        """By dialogue, where each turn (``D1:3``) stands in its document."""
        return {n: _document(n, sample, self.images)[1] for n, sample in self._dialogues()}

    def skipped(self) -> list[str]:
        """Tell the evidence that the last reading left out, one line each."""
        return list(self._skipped)

    def _dialogues(self) -> Iterator[tuple[str, _Sample]]:
        found = dict(_samples(Path(self.path).expanduser()))
        for name in self.dialogue:
            if name not in found:
                raise UnknownName(name, f"the dialogues of {self.path}", found)
        for name, sample in found.items():
            if not self.dialogue or name in self.dialogue:
                yield name, sample

    def _example(
        self, id: str, asked: _Asked, document: Document, turns: Mapping[str, Span]
    ) -> Example:
        category = CATEGORIES[asked.category]
        named = [name for text in asked.evidence for name in _turns_in(text)]
        for name in named:
            if name not in turns:
                self._skipped.append(f"{id}: the evidence {name!r} is no turn of its dialogue")
        return Example(
            Question(id, asked.question, (document,)),
            answers=()
            if asked.answer is None or category == UNANSWERABLE
            else (str(asked.answer),),
            evidence=tuple(dict.fromkeys(turns[name] for name in named if name in turns)),
            group=document.id,
            tags={"category": category},
        )


class _Turn(BaseModel):
    speaker: str
    dia_id: str
    text: str
    blip_caption: str = ""


class _Asked(BaseModel):
    question: str
    answer: Any = None
    evidence: list[str] = []
    category: Annotated[int, Field(ge=1, le=len(CATEGORIES))]


class _Sample(BaseModel):
    """A dialogue with its questions: sessions of turns, each with its date."""

    sessions: dict[int, tuple[str, list[_Turn]]]
    qa: list[_Asked]


def _samples(path: Path) -> Iterator[tuple[str, _Sample]]:
    files = sorted(existing_folder(path).glob("*.json")) if path.is_dir() else [existing_file(path)]
    if not files:
        raise DataError(f"{path}: no *.json of LoCoMo's there")
    for file in files:
        try:
            read = json.loads(read_text(file))
        except ValueError as error:
            raise DataError(f"{file}: not JSON: {error}") from None
        for number, raw in enumerate(read if isinstance(read, list) else [read]):
            if not isinstance(raw, dict):
                raise DataError(f"{file}: expected a dialogue, got {reprlib.repr(raw)}")
            several = f"{file.stem}-{number}" if isinstance(read, list) else file.stem
            yield str(raw.get("sample_id", several)), _sample(raw, file)


def _sample(raw: Mapping[str, Any], file: Path) -> _Sample:
    dialogue = raw.get("conversation", raw)
    try:
        sessions = {
            int(match[1]): (str(dialogue.get(f"{name}_date_time", "")), turns)
            for name, turns in dialogue.items()
            if (match := SESSION.fullmatch(name))
        }
        return _Sample.model_validate({"sessions": sessions, "qa": raw.get("qa")})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise DataError(f"{file}: {place}: {first['msg'].lower()}") from None
    except AttributeError:
        known = suggestion("conversation", raw)
        raise DataError(f"{file}: conversation: expected sessions of turns; {known}") from None


def _document(name: str, sample: _Sample, images: bool) -> tuple[Document, dict[str, Span]]:
    text, places = "", dict[str, Span]()
    for number, (date, turns) in sorted(sample.sessions.items()):
        text += f"Session {number}, {date}\n"
        for turn in turns:
            line = f"{turn.speaker}: {' '.join(turn.text.split())}"
            if images and turn.blip_caption:
                line += f" [sends {turn.blip_caption}]"
            places[turn.dia_id] = Span(name, len(text), len(text) + len(line))
            text += f"{line}\n"
        text += "\n"
    return Document(name, text.rstrip("\n"), {"title": f"Dialogue {name}"}), places


def _turns_in(text: str) -> list[str]:
    """Read evidence as it is written: ``D8:6; D9:17``, ``D:11:26`` and ``D30:05`` occur too."""
    found = [f"D{int(session)}:{int(turn)}" for session, turn in TURN.findall(text)]
    return found or [text]
