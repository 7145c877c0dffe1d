"""A judge: a model, what it is asked, and how its reply is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from crossover.errors import ConfigError
from crossover.files import existing_file, read_text
from crossover.judging import verdicts
from crossover.judging._prompts import material, overrides, prompt
from crossover.judging.labelled import Labelled, chosen, read_labelled
from crossover.roles import Model
from crossover.types import Question

Mode = Literal["rubric", "pairwise", "checklist"]
MODES: tuple[Mode, ...] = ("rubric", "pairwise", "checklist")
MOST_ITEMS = 8


@dataclass(frozen=True, slots=True)
class Layout:
    """How two answers are shown: which comes first, and what the first and second are labelled."""

    swapped: bool
    first: str
    second: str

    @property
    def low_is_first(self) -> bool:
        """Whether the answer shown first carries the symbol that usually comes first."""
        return self.first < self.second


# order and symbol vary independently: one shows with which answer stands first, the other with
# which symbol it carries
LAYOUTS = (
    Layout(False, "A", "B"),
    Layout(True, "A", "B"),
    Layout(False, "2", "1"),
    Layout(True, "2", "1"),
)


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged: one answer to a question, or two that are compared."""

    id: str
    question: str
    golds: tuple[str, ...]
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """One call of the judge: its prompt under an id, and how the reply becomes a value 0-1.

    ``read`` returns None where the reply holds no verdict that is certain.
    """

    question: Question
    read: Callable[[str], float | None]


@dataclass(frozen=True, slots=True)
class Judge:
    """How answers are judged. The settings are what verdicts are kept under, the model included.

    ``rubric`` grades one answer (right or wrong, or 0 to ``points``); ``checklist`` checks facts
    one by one (TICK, Cook et al. 2024), listed by the judge itself from question and reference,
    or fixed ``items``;
    ``pairwise`` compares two answers in both orders under two sets of symbols. ``shots`` graded
    ``examples`` stand before each case (many-shot in-context learning of Song et al. 2024).
    """

    model: Model
    mode: Mode = "rubric"
    points: int = 1
    examples: tuple[Labelled, ...] = ()
    shots: int = 0
    items: tuple[str, ...] = ()
    prompts: Mapping[str, str] = field(default_factory=dict)
    max_tokens: int = 512
    seed: int = 0

    @property
    def pairs(self) -> bool:
        """Whether two answers are compared."""
        return self.mode == "pairwise"

    def asks(self, case: Case, items: tuple[str, ...] = ()) -> list[Ask]:
        """The calls that one case takes; a checklist needs its items."""
        if self.mode == "pairwise":
            return [self._comparison(case, layout) for layout in LAYOUTS]
        return [self._checks(case, items) if self.mode == "checklist" else self._grading(case)]

    def listing(self, case: Case) -> Question:
        """The call that writes the checklist of a question."""
        text = self._prompt(
            "write", question=material(case.question), gold=self._gold(case.golds), most=MOST_ITEMS
        )
        return Question(f"{case.id} checklist", text)

    def _grading(self, case: Case) -> Ask:
        name = "binary" if self.points == 1 else "graded"

        def read(reply: str) -> float | None:
            if self.points == 1:
                right = verdicts.right_or_wrong(reply)
                return None if right is None else float(right)
            found = verdicts.points(reply, self.points)
            return None if found is None else found / self.points

        return Ask(
            Question(case.id, self._filled(name, case, answer=material(case.answers[0]))), read
        )

    def _checks(self, case: Case, items: tuple[str, ...]) -> Ask:
        def read(reply: str) -> float | None:
            found = verdicts.checks(reply, len(items))
            return None if found is None else sum(found) / len(found)

        listed = "\n".join(f"{n}. {material(item)}" for n, item in enumerate(items, 1))
        text = self._filled(
            "check", case, answer=material(case.answers[0]), items=listed, count=len(items)
        )
        return Ask(Question(case.id, text), read)

    def _comparison(self, case: Case, layout: Layout) -> Ask:
        def read(reply: str) -> float | None:
            winner = verdicts.better(reply, layout.first, layout.second)
            value = {"first": 1.0, "second": 0.0, "tie": 0.5, None: None}[winner]
            return value if value is None or not layout.swapped else 1.0 - value

        shown = f"{case.id} {'b,a' if layout.swapped else 'a,b'} as {layout.first},{layout.second}"
        text = self._filled("compare", case, layout, **_shown(case, layout))
        return Ask(Question(shown, text), read)

    def _filled(self, name: str, case: Case, layout: Layout | None = None, **values: object) -> str:
        drawn = chosen(self.examples, self.shots, self.seed, case.question)
        shots = "\n".join(self._example(each, layout) for each in drawn)
        return self._prompt(
            name,
            question=material(case.question),
            gold=self._gold(case.golds),
            shots=f"{shots}\n" if shots else "",
            points=self.points,
            **values,
        )

    def _example(self, each: Labelled, layout: Layout | None) -> str:
        """A graded example; one without a label shows what answers look like, no more."""
        shown: dict[str, object] = {"answer": material(each.texts[0])}
        if layout:
            shown = _shown(Case("", each.question, each.gold, each.texts), layout)
        return self._prompt(
            "example",
            question=material(each.question),
            gold=self._gold(each.gold),
            grade=self._grade(each, layout),
            **shown,
        )

    def _grade(self, each: Labelled, layout: Layout | None) -> str:
        """The label of an example as the judge would have put it, after its reason."""
        if each.label is None:
            return ""
        reason = f"{each.rationale.strip()}\n" if each.rationale.strip() else ""
        return f"{reason}Verdict: {self._label(each, layout)}\n"

    def _label(self, each: Labelled, layout: Layout | None) -> str:
        if layout:
            won = each.winner()
            first = won if won == 0.5 or not layout.swapped else 1.0 - (won or 0.0)
            return {1.0: layout.first, 0.0: layout.second}.get(first or 0.0, "TIE")
        grade = each.grade(self.points)
        if self.mode == "rubric" and self.points == 1:
            return "CORRECT" if grade else "INCORRECT"
        return f"{grade} of {self.points}" if self.mode == "checklist" else str(grade)

    def _gold(self, golds: tuple[str, ...]) -> str:
        texts = [material(gold) for gold in golds if gold.strip()]
        return "\n".join(texts) or self._prompt("unanswerable").strip()

    def _prompt(self, name: str, **values: object) -> str:
        return prompt(self.mode, name, self.prompts, **values)


def build_judge(
    model: Model,
    mode: str = "rubric",
    *,
    points: int = 1,
    examples: Path | None = None,
    shots: int | None = None,
    items: Path | None = None,
    prompts: Path | None = None,
    seed: int = 0,
) -> Judge:
    """Build a judge from files; raises ConfigError or DataError with one line.

    Without ``shots`` every graded example is shown; more than there are is an error.
    """
    found = next((known for known in MODES if known == mode), None)
    if found is None:
        raise ConfigError(f"no judging mode {mode!r}; there is: {', '.join(MODES)}")
    if points < 1 or (points > 1 and found == "pairwise"):
        raise ConfigError(f"--points {points}: rubric and checklist take 1 or more, pairwise none")
    read = _examples(examples, shots, found == "pairwise", points)
    count = len(read) if shots is None else shots
    listed = _items(items, found)
    return Judge(model, found, points, read, count, listed, overrides(found, prompts), seed=seed)


def _examples(
    path: Path | None, shots: int | None, pairs: bool, points: int
) -> tuple[Labelled, ...]:
    if path is None:
        if shots:
            raise ConfigError(f"--shots {shots}: --examples FILE must name the graded examples")
        return ()
    found = read_labelled(path, pairs, points, complete=False)
    if shots is not None and not 0 <= shots <= len(found):
        raise ConfigError(f"--shots {shots}: {path} holds {len(found)} graded examples")
    return tuple(found)


def _items(path: Path | None, mode: Mode) -> tuple[str, ...]:
    if path is None:
        return ()
    if mode != "checklist":
        raise ConfigError(f"a file of items belongs to the mode checklist, not to {mode}")
    found = tuple(line.strip() for line in read_text(existing_file(path)).splitlines())
    found = tuple(line for line in found if line)
    if not found:
        raise ConfigError(f"{path}: holds no item; write one yes-or-no question a line")
    return found


def _shown(case: Case, layout: Layout) -> dict[str, object]:
    first, second = reversed(case.answers) if layout.swapped else case.answers
    return {
        "first": material(first),
        "second": material(second),
        "first_label": layout.first,
        "second_label": layout.second,
    }
