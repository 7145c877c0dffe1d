"""Tools that a model may call: described, read from its reply and checked, or told back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from crossover.errors import UnreadableReply
from crossover.pipelines._workspace import CannotDo, Workspace
from crossover.replies import read_as
from crossover.types import Completion, Passage

Tool = Literal["fragment", "summarise", "hide", "restore", "search"]
EVERY: tuple[Tool, ...] = get_args(Tool)
ANSWER = "answer"


def _several(value: object) -> object:
    return [value] if isinstance(value, str) else value


Ids = Annotated[list[str], BeforeValidator(_several), Field(min_length=1)]
Texts = Annotated[list[str], BeforeValidator(_several)]


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Fragment(_Arguments):
    fragment: str
    size: Annotated[int, Field(ge=10)] = 200
    markers: Texts = []


class _Summarise(_Arguments):
    fragment: str
    text: str = ""


class _Several(_Arguments):
    fragments: Ids


class _Search(_Arguments):
    query: Annotated[str, Field(min_length=1)]
    exact: bool = False


class _Answer(_Arguments):
    text: str


ARGUMENTS: Mapping[str, type[_Arguments]] = {
    "fragment": _Fragment,
    "summarise": _Summarise,
    "hide": _Several,
    "restore": _Several,
    "search": _Search,
    ANSWER: _Answer,
}


class Action(NamedTuple):
    """A tool with what it was called with, not yet checked."""

    name: str
    arguments: Mapping[str, Any]

    @property
    def text(self) -> str:
        """The action as JSON."""
        return json.dumps({"action": self.name, **self.arguments}, ensure_ascii=False, default=str)


class _Named(BaseModel):
    model_config = ConfigDict(extra="allow")
    action: str


class _Actions(BaseModel):
    """One action or a list of them, in an object of its own or not."""

    actions: Annotated[list[_Named], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _listed(cls, given: object) -> object:
        if isinstance(given, Mapping) and "action" in given:
            return {"actions": [given]}
        return {"actions": given} if isinstance(given, list) else given


def schemas(names: Sequence[str], describe: Callable[[str], str]) -> tuple[dict[str, object], ...]:
    """The tools in OpenAI's function form."""
    return tuple(
        {
            "type": "function",
            "function": {
                "name": name,
                "description": describe(name),
                "parameters": _schema(ARGUMENTS[name]),
            },
        }
        for name in names
    )


def listed(names: Sequence[str], describe: Callable[[str], str]) -> str:
    """The tools as lines of a prompt, each with its arguments."""
    lines = []
    for name in names:
        shape = _schema(ARGUMENTS[name])
        arguments = ", ".join(
            f"{argument}: {about.get('type', 'text')}"
            + ("" if argument in shape["required"] else " (may be left out)")
            for argument, about in shape["properties"].items()
        )
        lines.append(f"- {name}({arguments}): {' '.join(describe(name).split())}")
    return "\n".join(lines)


def read(completion: Completion) -> list[Action]:
    """The actions of a reply, from its tool calls or its JSON; raises UnreadableReply."""
    if completion.tool_calls:
        return [_called(call) for call in completion.tool_calls]
    found = read_as(_Actions, completion.text)
    return [Action(one.action, dict(one.model_extra or {})) for one in found.actions]


@dataclass(frozen=True, slots=True)
class Bench:
    """A workspace with the tools that may be used on it; ``write`` summarises a passage."""

    space: Workspace
    tools: Sequence[str]
    write: Callable[[Passage], str]

    def answer(self, actions: Sequence[Action]) -> str | None:
        """The answer among the actions, if there is one; raises CannotDo for a wrong one."""
        found = (action for action in actions if action.name == ANSWER)
        checked = [self._checked(action) for action in found]
        return str(checked[0].model_dump()["text"]) if checked else None

    def do(self, action: Action) -> str:
        """Do what is asked and say what came of it; raises CannotDo."""
        given = self._checked(action)
        space = self.space
        match given:
            case _Fragment():
                return space.fragment(given.fragment, given.size, given.markers)
            case _Summarise():
                return space.summarise(given.fragment, given.text, self.write)
            case _Search():
                return space.search(given.query, given.exact)
            case _Several():
                edit = space.hide if action.name == "hide" else space.restore
                return edit(given.fragments)
        raise CannotDo(f"{action.name} ends the work and stands alone")

    def _checked(self, action: Action) -> _Arguments:
        if action.name not in (*self.tools, ANSWER):
            known = ", ".join((*self.tools, ANSWER))
            raise CannotDo(f"there is no tool {action.name!r}; there are: {known}")
        try:
            return ARGUMENTS[action.name].model_validate(dict(action.arguments))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise CannotDo(f"{action.name}: {place}: {first['msg'].lower()}") from None


def _called(call: Mapping[str, object]) -> Action:
    arguments = call.get("args")
    if not isinstance(arguments, Mapping):
        raise UnreadableReply(f"the call of {call.get('name')!r} has no arguments that can be read")
    return Action(str(call.get("name")), {str(key): value for key, value in arguments.items()})


def _schema(arguments: type[_Arguments]) -> dict[str, Any]:
    """The JSON schema of arguments, without titles."""
    whole = arguments.model_json_schema()
    properties = {
        name: {key: value for key, value in about.items() if key != "title"}
        for name, about in whole["properties"].items()
    }
    return {"type": "object", "properties": properties, "required": whole.get("required", [])}
