"""Facts of a small world spread over a long text, in BABILong's manner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import BeforeValidator, Field

from crossover.datasets._generated import Hidden, Sample
from crossover.datasets._haystack import Written, haystack, hidden
from crossover.datasets._lengths import Counter, one_or_many
from crossover.datasets._small_world import STORIES, Story

Task = Literal["qa1", "qa2", "qa3", "qa4", "qa5", "qa6", "qa7", "qa8", "qa9", "qa10"]
TASKS: tuple[Task, ...] = get_args(Task)
FORM = " Reply with a word or two."
FORMS = {
    "qa6": " Reply with yes or no.",
    "qa7": " Reply with one, two or three.",
    "qa8": " Reply with the things, separated by commas, or with nothing.",
    "qa9": " Reply with yes or no.",
    "qa10": " Reply with yes, no or maybe.",
}


@dataclass(frozen=True, slots=True)
class FactsInHaystack(Hidden):
    """Reasoning over facts in other text, as in BABILong (Kuratov et al. 2024, arXiv 2406.10149).

    Stories of a small world of our own, in the manner of bAbI's first ten tasks: one, two and three
    supporting facts, relations, giving, yes or no, counting, lists, negation, uncertainty. Their
    sentences stand in their order between those of the text, at random, or with ``depth`` all
    around one place. The sentences that are needed are the evidence. Reading examples raises
    ConfigError where a text is too short.
    """

    tasks: Annotated[tuple[Task, ...], BeforeValidator(one_or_many), Field(min_length=1)] = field(
        default=TASKS, metadata={"help": "only these tasks"}
    )
    scores: ClassVar[tuple[str, ...]] = ("babilong_label", "substring_match")

    def kinds(self) -> Sequence[str]:
        """The tasks that are wanted."""
        return self.tasks

    def written(self, sample: Sample, counter: Counter) -> Written:
        """Spread the sentences of a story over a text."""
        random = Random(sample.seed)
        story = _told(sample.task, random)
        straw = haystack(self.haystack)(sample.tokens + sample.tokens // 10, f"{sample.seed}/straw")
        depths = sorted(random.random() for _ in story.sentences)
        if sample.depth is not None:
            depths = [sample.depth] * len(story.sentences)
        text, spans = hidden(straw, story.sentences, depths, sample.tokens, counter)
        question = story.question + FORMS.get(sample.task, FORM)
        needed = tuple(spans[at] for at in story.needed)
        return Written(text, question, (story.answer,), needed, {"facts": str(len(story.needed))})


def _told(task: str, random: Random) -> Story:
    while (story := STORIES[task](random)) is None:
        pass
    return story
