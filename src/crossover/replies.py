"""Structure in what a model wrote: read leniently, checked by pydantic, never guessed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from crossover.errors import UnreadableReply

FENCED = re.compile(r"```\w*\n(.*?)```", re.DOTALL)
Shape = TypeVar("Shape", bound=BaseModel)


def read_as(shape: type[Shape], text: str) -> Shape:
    """The first structure in a reply that has this shape; raises UnreadableReply."""
    for found in structures(text):
        try:
            return shape.model_validate(found)
        except ValidationError:
            continue
    wanted = ", ".join(shape.model_fields)
    said = " ".join(text.split())[:100]
    raise UnreadableReply(f"expected JSON with {wanted}; the model replied {said!r}")


def structures(text: str) -> Iterator[object]:
    """What can be read in a reply, fenced or among other words, as JSON or as YAML."""
    fenced = FENCED.search(text)
    text = fenced.group(1) if fenced else text
    for first, last in ("{}", "[]", ("", "")):
        candidate = text[max(0, text.find(first)) : text.rfind(last) + 1] if first else text
        for parse in (json.loads, _yaml):
            try:
                yield parse(candidate)
            except (ValueError, yaml.YAMLError, RecursionError):
                continue


def _yaml(text: str) -> object:
    # a few references to references would unfold without end
    if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
        return None
    return yaml.safe_load(text)
