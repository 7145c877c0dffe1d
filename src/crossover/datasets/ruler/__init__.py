"""RULER's thirteen tasks, generated at any length: needles, variables, words, questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Field

from crossover.datasets._generated import Hidden, Sample
from crossover.datasets._haystack import Written, haystack
from crossover.datasets._lengths import Counter, one_or_many
from crossover.datasets.ruler.frequencies import coded_words, common_words
from crossover.datasets.ruler.needles import HUNTS, hunted, tracked
from crossover.datasets.ruler.questions import Given, Invented, Questions, questioned
from crossover.roles import Dataset

__all__ = ["Ruler"]

Task = Literal[
    "niah_single_1",
    "niah_single_2",
    "niah_single_3",
    "niah_multikey_1",
    "niah_multikey_2",
    "niah_multikey_3",
    "niah_multivalue",
    "niah_multiquery",
    "vt",
    "cwe",
    "fwe",
    "qa_1",
    "qa_2",
]
TASKS: tuple[Task, ...] = get_args(Task)
QUESTIONS = ("qa_1", "qa_2")
# these are on the whole text
WITHOUT_DEPTH = ("cwe", "fwe")


@dataclass(frozen=True, slots=True)
class Ruler(Hidden):
    """RULER's 13 tasks (Hsieh et al. 2024, arXiv 2404.06654) generated anew, in words of our own.

    Tasks have the published parameters: keys, values, hops, frequencies. Texts, keys and wordings
    are ours, and no task shows an example first, so scores are not those of the paper. The
    document alone has the length; leave room for the question and the answer. Haystacks are
    invented biographies or a folder of yours; questions (``qa_1`` on one passage, ``qa_2`` on two)
    are on invented firms and people or another dataset's, which need not tell evidence. Tags:
    ``task``, ``length`` and, where there is evidence, ``depth``; ``cwe`` and ``fwe`` need all of
    the text. Reading examples raises ConfigError where a text is too short for its question, and
    DataError where folder or questions cannot be read.
    """

    tasks: Annotated[tuple[Task, ...], BeforeValidator(one_or_many), Field(min_length=1)] = field(
        default=TASKS, metadata={"help": "only these tasks"}
    )
    qa_1: Dataset | None = field(
        default=None, metadata={"help": "a dataset with the questions of qa_1; else ours"}
    )
    qa_2: Dataset | None = field(
        default=None, metadata={"help": "a dataset with the questions of qa_2; else ours"}
    )
    _given: dict[str, Questions] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def kinds(self) -> Sequence[str]:
        """The tasks that are wanted."""
        return self.tasks

    def depths(self, task: str) -> Sequence[float | None]:
        """Where needles, variables or passages are to stand."""
        return (None,) if task in WITHOUT_DEPTH else self.depth or (None,)

    def most(self, task: str) -> int:
        """As many samples as a dataset of questions has."""
        return len(self._questions(task)) if task in QUESTIONS else self.samples

    def metrics(self) -> Sequence[str]:
        """RULER's: any gold for questions, the share of the golds for all others."""
        of_questions = [task in QUESTIONS for task in self.tasks]
        if all(of_questions):
            return "ruler_part", "answer_recall", "f1_squad"
        return ("ruler", "ruler_part") if any(of_questions) else ("ruler_all",)

    def written(self, sample: Sample, counter: Counter) -> Written:
        """Write a sample of a task."""
        task, tokens, depth, number, seed = sample
        straw = haystack(self.haystack)
        if task in HUNTS:
            return hunted(HUNTS[task], tokens, depth, seed, straw, counter)
        if task == "vt":
            return tracked(tokens, depth, seed, straw, counter)
        if task == "cwe":
            return common_words(tokens, seed, counter)
        if task == "fwe":
            return coded_words(tokens, seed, counter)
        return questioned(self._questions(task), number, tokens, depth, seed, counter)

    def _questions(self, task: str) -> Questions:
        if task not in self._given:
            given = self.qa_1 if task == "qa_1" else self.qa_2
            self._given[task] = Given(given) if given else Invented(QUESTIONS.index(task) + 1)
        return self._given[task]
