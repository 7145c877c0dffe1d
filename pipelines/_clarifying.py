"""One chain of clarifications: its turns, what they say, and what becomes of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from crossover import meter
from crossover.pipelines import _paragraphs
from crossover.pipelines._calling import one
from crossover.pipelines._voting import majority
from crossover.roles import Model
from crossover.types import Answer, Passage, Question, Request, Step

VERDICT = re.compile(r"\W*(yes|no)\b", re.IGNORECASE)


@dataclass
class Conversation:
    """What was said so far about the paragraphs; every turn begins with all that came before.

    So prompt caches know the beginning of every turn, the paragraphs included.
    """

    model: Model
    paragraphs: Sequence[Passage]
    turn_tokens: int
    history: tuple[tuple[str, str], ...] = ()
    pointed: dict[int, None] = field(default_factory=dict)

    def request(self, instruction: str) -> Request:
        """The next turn, as a request for text."""
        return Request(
            instruction,
            passages=tuple(self.paragraphs),
            wants="text",
            max_tokens=self.turn_tokens,
            history=self.history,
        )

    def say(self, instruction: str, name: str, temperature: float = 0.0, seed: int = 0) -> str:
        """Take a turn; what is replied joins the conversation unless it is empty."""
        asked = self.request(instruction)
        if temperature:
            asked = replace(asked, temperature=temperature, seed=seed)
        reply = one(self.model, asked, name).text.strip()
        if reply:
            self.history = (*self.history, (instruction, reply))
        else:
            meter.current().note(Step(f"{name}: replied with nothing"))
        return reply

    def point_back(self, instruction: str) -> str:
        """Have relevant paragraphs named; say where to look: at those of them that exist."""
        reply = self.say(instruction, "point back")
        known, unknown = _paragraphs.named(reply, len(self.paragraphs))
        where = " ".join(f"[{number}]" for number in known)
        detail = where or "none"
        if unknown:
            detail += f"; there is no {', '.join(map(str, unknown))}"
        meter.current().note(Step("pointed back to", None, detail))
        self.pointed.update(dict.fromkeys(known))
        return f"the passages {where}" if where else "the passages"

    def agrees(self, instruction: str, name: str) -> bool:
        """Whether a question is answered with yes; anything but yes or no counts as no."""
        reply = self.say(instruction, name)
        if meter.current().planning:
            return False
        verdict = VERDICT.match(reply)
        if reply and not verdict:
            meter.current().note(Step(f"{name}: neither yes nor no", None, repr(reply[:80])))
        return verdict is not None and verdict.group(1).lower() == "yes"


def joined(paths: Sequence[tuple[Answer, bool]], question: Question) -> Answer:
    """The answer that most paths share of those that passed their review, or of all if none did."""
    passed = [answer for answer, right in paths if right]
    meter.current().note(Step("paths joined", None, f"{len(passed)} of {len(paths)} passed review"))
    among = passed or [answer for answer, _ in paths]
    return among[majority(among, question)]
