"""Active context: the model edits what it sees before it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge

from crossover.pipelines import _prompts
from crossover.pipelines._actions import EVERY, Tool
from crossover.pipelines._editing import edited
from crossover.roles import Model, Strategy
from crossover.types import Answer, Question


@dataclass(frozen=True, slots=True)
class ActiveContext(Strategy):
    """Show the context in fragments, let the model split, summarise, hide and search, then answer.

    As in Sculptor (arXiv 2508.04664): a loop over three groups of tools (fragment; summarise, hide
    and restore; search), each of which can be left out; the numbers are ours. What exceeds the
    window is hidden at first. After ``turns`` turns an answer is asked for. ``auto`` calls tools
    and falls back to actions in JSON where the model takes none. A dry run counts every turn, all
    of the context shown. Raises WindowError, UnreadableReply after ``mistakes`` in a row.
    """

    tools: tuple[Tool, ...] = field(
        default=EVERY, metadata={"help": "fragment, summarise, hide, restore, search, or some"}
    )
    actions: Literal["auto", "tools", "json"] = field(
        default="auto", metadata={"help": "call tools, or write actions as JSON"}
    )
    turns: Annotated[int, Ge(0)] = field(
        default=10, metadata={"help": "turns of edits before an answer is asked for"}
    )
    size: Annotated[int, Ge(10)] | None = field(
        default=1000, metadata={"help": "tokens of the first fragments; none: whole documents"}
    )
    mistakes: Annotated[int, Ge(0)] = field(
        default=2, metadata={"help": "wrong turns in a row that are told back to the model"}
    )
    reply_tokens: Annotated[int, Ge(1)] = field(
        default=1024, metadata={"help": "longest reply of a turn, in tokens"}
    )
    max_tokens: Annotated[int, Ge(1)] = field(
        default=256, metadata={"help": "longest answer after the last turn, in tokens"}
    )
    prompts: _prompts.Overrides = field(
        default="", metadata={"help": "prompts that replace its own, by name"}
    )
    needs: ClassVar[str] = "a model that calls tools or writes JSON"

    def __post_init__(self) -> None:
        _prompts.check("active_context", self.prompts)

    @property
    def version(self) -> str:
        """Changes with the prompts."""
        return f"1.{_prompts.version('active_context')}"

    def answer(self, question: Question, model: Model) -> Answer:
        """Answer from what the edits leave."""
        return edited(self, question, model)
