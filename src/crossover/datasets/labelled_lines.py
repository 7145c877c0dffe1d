"""Aggregation in Oolong's manner: every line of a text bears on what is asked."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import BeforeValidator, Field

from crossover.datasets._generated import Generated, Sample
from crossover.datasets._haystack import Written, as_many
from crossover.datasets._lengths import Counter, one_or_many
from crossover.errors import ConfigError

Task = Literal[
    "most_frequent",
    "least_frequent",
    "count",
    "compare",
    "most_frequent_of_user",
    "most_active_user",
    "compare_before_date",
    "busiest_month",
]
TASKS: tuple[Task, ...] = get_args(Task)
# what a line is about, and the things that put it there
LABELS: Mapping[str, tuple[str, ...]] = {
    "animal": ("heron", "badger", "otter", "falcon", "hedgehog", "salmon", "beetle", "goat"),
    "vehicle": ("tram", "bicycle", "barge", "lorry", "scooter", "ferry", "tractor", "canoe"),
    "instrument": ("violin", "trumpet", "harp", "drum", "flute", "accordion", "cello", "oboe"),
    "food": ("bread", "soup", "cheese", "pickle", "dumpling", "porridge", "omelette", "pancake"),
    "furniture": ("sofa", "wardrobe", "stool", "bookshelf", "cradle", "bench", "desk", "armchair"),
    "clothing": ("scarf", "jacket", "mitten", "bonnet", "apron", "cloak", "stocking", "waistcoat"),
}
SAID = (
    "My neighbour would not stop talking about the {thing} all morning.",
    "Has anybody else seen the {thing} behind the town hall?",
    "I took a photograph of a {thing} and hung it over the stove.",
    "We waited an hour, and then there was the {thing} at last.",
    "Please tell me where I can find a {thing} like that one.",
    "The children have drawn a {thing} on every page of the book.",
    "Nothing went as planned, but the {thing} made up for it.",
    "To be honest, the {thing} was smaller than I had thought.",
)
HEAD = (
    "Each line below has a date, a user and a message about one thing of one of these labels: "
    "{labels}.\n"
)
LINE = "Date: {day} || User: {user} || Message: {said}\n"
LABELLED = "Date: {day} || User: {user} || Message: {said} || Label: {label}\n"
DAY = "%b %d, %Y"
FIRST_DAY, DAYS = date(2021, 1, 1), 720
USERS = 12
FORM = " Give your final answer in the form '{form}: answer'."
# lines that are drawn anew for as long as two share the first place
TRIES = 200


@dataclass(frozen=True, slots=True)
class Line:
    """A message of a user on a day about a thing of a label."""

    day: date
    user: int
    label: str
    said: str

    def written(self, labelled: bool) -> str:
        """The line as it stands in the text."""
        form = LABELLED if labelled else LINE
        day = self.day.strftime(DAY)
        return form.format(day=day, user=self.user, said=self.said, label=self.label)


@dataclass(frozen=True, slots=True)
class LabelledLines(Generated):
    """Counts, users and dates over lines, in the manner of Oolong-synth (arXiv 2511.02817).

    The label of a line is that of the thing it speaks of and, unless ``labels`` are shown, must be
    told from it; every line counts, so there is no evidence to retrieve. Lines, labels and words
    are ours. Scored as Oolong scores: a near number gets part of the score. Reading examples raises
    ConfigError where a text is too short for its question.
    """

    tasks: Annotated[tuple[Task, ...], BeforeValidator(one_or_many), Field(min_length=1)] = field(
        default=TASKS, metadata={"help": "only these tasks"}
    )
    labels: Literal["hidden", "shown"] = field(
        default="hidden", metadata={"help": "whether each line tells its label"}
    )
    scores: ClassVar[tuple[str, ...]] = ("oolong_synth", "substring_match")

    def kinds(self) -> Sequence[str]:
        """The tasks that are wanted."""
        return self.tasks

    def written(self, sample: Sample, counter: Counter) -> Written:
        """Write the lines and ask what they add up to."""
        random = Random(sample.seed)
        labels = random.sample(sorted(LABELS), random.randint(3, len(LABELS)))
        head = HEAD.format(labels=", ".join(labels))
        shown = self.labels == "shown"
        for _ in range(TRIES):
            lines = _lines(random, labels)
            drawn: dict[str, Line] = {}

            def draw(lines: Iterator[Line] = lines, drawn: dict[str, Line] = drawn) -> str:
                line = next(lines)
                text = line.written(shown)
                drawn[text] = line
                return text

            units = as_many(draw, sample.tokens - counter.count(head), counter)
            asked = ASKED[sample.task](View(random, [drawn[unit] for unit in units], labels))
            if asked:
                question, answer, kind, form = asked
                text = f"{head}{''.join(units)}".rstrip("\n")
                tags = {"answer_type": kind, "labels": self.labels}
                return Written(text, question + FORM.format(form=form), (answer,), (), tags)
        raise ConfigError(
            f"labelled_lines: no {sample.task} in {sample.tokens} tokens; raise tokens"
        )


Asked = tuple[str, str, str, str]
"""A question, its answer, the answer's type as Oolong calls it, and what stands before it."""


@dataclass(frozen=True, slots=True)
class View:
    """The lines of a text, and the dice for what is asked of them."""

    random: Random
    lines: Sequence[Line]
    labels: Sequence[str]

    def label(self) -> str:
        """One of the labels."""
        return self.random.choice(self.labels)

    def of(self, label: str) -> list[Line]:
        """The lines with a label."""
        return [line for line in self.lines if line.label == label]


def _lines(random: Random, labels: Sequence[str]) -> Iterator[Line]:
    """Draw lines; some labels and users are more common than others, no line is drawn twice."""
    often = [random.uniform(0.5, 2) for _ in labels]
    users = random.sample(range(10, 100), USERS)
    busy = [random.uniform(0.5, 2) for _ in users]
    taken: set[tuple[date, int, str]] = set()
    while True:
        label = random.choices(labels, often)[0]
        said = random.choice(SAID).format(thing=random.choice(LABELS[label]))
        day = FIRST_DAY + timedelta(random.randrange(DAYS))
        user = random.choices(users, busy)[0]
        if len(taken) < DAYS * USERS:
            if (day, user, said) in taken:
                continue
            taken.add((day, user, said))
        yield Line(day, user, label, said)


def _first(tally: Mapping[str, int], least: bool = False) -> str | None:
    """The one that is most (or least) frequent, if only one is."""
    ordered = sorted(tally.items(), key=lambda pair: pair[1], reverse=not least)
    if len(ordered) > 1 and ordered[0][1] == ordered[1][1]:
        return None
    return ordered[0][0] if ordered else None


def _most(view: View) -> Asked | None:
    found = _first(Tally(line.label for line in view.lines))
    return ("Which label is most common?", found, "LABEL", "Label") if found else None


def _least(view: View) -> Asked | None:
    found = _first({label: len(view.of(label)) for label in view.labels}, least=True)
    return ("Which label is least common?", found, "LABEL", "Label") if found else None


def _count(view: View) -> Asked | None:
    label = view.label()
    question = f"How many lines have the label '{label}'?"
    return question, str(len(view.of(label))), "NUMERIC", "Answer"


def _compare(view: View) -> Asked | None:
    one, other = view.random.sample(view.labels, 2)
    question = (
        f"Is the label '{one}' more common than, less common than, or of the same frequency as the "
        f"label '{other}'? Say 'more common than', 'less common than' or 'same frequency as'."
    )
    more = len(view.of(one)) - len(view.of(other))
    said = "same frequency as" if not more else f"{'more' if more > 0 else 'less'} common than"
    return question, said, "COMPARISON", "Answer"


def _before(view: View) -> Asked | None:
    label, days = view.label(), sorted(line.day for line in view.lines)
    day = days[len(days) // 3 + view.random.randrange(max(1, len(days) // 3))]
    before = sum(line.day < day for line in view.of(label))
    more = 2 * before - len(view.of(label))
    if not more:
        return None
    question = (
        f"Is the label '{label}' more common before {day.strftime(DAY)}, or less common, than from "
        "that day on, counted in lines? Say 'more common' or 'less common'."
    )
    return question, "more common" if more > 0 else "less common", "COMPARISON", "Answer"


def _of_user(view: View) -> Asked | None:
    user = view.random.choice(sorted({line.user for line in view.lines}))
    found = _first(Tally(line.label for line in view.lines if line.user == user))
    question = f"Which label is most common among the lines of user {user}?"
    return (question, found, "LABEL", "Label") if found else None


def _active(view: View) -> Asked | None:
    label = view.label()
    found = _first(Tally(str(line.user) for line in view.of(label)))
    question = f"Which user has the most lines with the label '{label}'?"
    return (question, found, "USER", "User") if found else None


def _month(view: View) -> Asked | None:
    label = view.label()
    found = _first(Tally(line.day.strftime("%B %Y") for line in view.of(label)))
    question = f"In which month of which year are there the most lines with the label '{label}'?"
    return (question, found, "MONTH_YEAR", "Date") if found else None


ASKED: Mapping[str, Callable[[View], Asked | None]] = {
    "most_frequent": _most,
    "least_frequent": _least,
    "count": _count,
    "compare": _compare,
    "most_frequent_of_user": _of_user,
    "most_active_user": _active,
    "compare_before_date": _before,
    "busiest_month": _month,
}
