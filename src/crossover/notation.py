"""The one text for a configuration: ``rag(retriever=bm25(k1=1.2), k=5)``.

A text parses to a tree of ``Call``s, lists and plain values and prints back from it; what the
names mean is the catalog's business. YAML mappings (``{name: rag, k: 5}``) become the same tree.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from crossover.errors import ConfigError

if TYPE_CHECKING:
    from lark import Lark

Value: TypeAlias = "str | int | float | bool | None | Call | list[Value]"

GRAMMAR = r"""
start: value
?value: call | list | QUOTED -> quoted | BARE -> bare
call: BARE "(" [argument ("," argument)* ","?] ")"
argument: [NAME "="] value
list: "[" [value ("," value)* ","?] "]"
NAME.2: /[A-Za-z_]\w*(?=\s*=)/
BARE: /[^\s,()\[\]="'][^,()\[\]="'\n]*/
QUOTED: /"(\\.|[^"\\])*"|'(\\.|[^'\\])*'/
%ignore /\s+/
"""


@dataclass(frozen=True)
class Call:
    """A component's name with its options; ``first`` holds an option given without its name."""

    name: str
    options: tuple[tuple[str, Value], ...] = ()
    first: Value = None

    def __hash__(self) -> int:
        return hash(self.name)


@cache
def _parser() -> Lark:
    from lark import Lark

    return Lark(GRAMMAR, parser="lalr", lexer="contextual", propagate_positions=False)


def parse(text: str) -> Value:
    """Read a text; raises ConfigError that points at the place where it stops making sense."""
    from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput

    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        end = isinstance(error, UnexpectedEOF) or error.get_context(text).strip() == ""
        place = "its end" if end else f"character {getattr(error, 'column', '?')}"
        kind = "unexpected character" if isinstance(error, UnexpectedCharacters) else "mistake"
        what = "write name(option=value, …)"
        if text.count("(") > text.count(")"):
            # YAML cuts the items of a list in brackets at every comma
            what = "a bracket is left open; in a YAML [list], put the text in quotes"
        raise ConfigError(f"cannot read {text!r}: {kind} at {place}; {what}") from None
    return _value(tree.children[0])


def call(source: object) -> Call:
    """Read a text or a YAML mapping with ``name`` as one component; raises ConfigError."""
    if isinstance(source, Mapping):
        value: Value = _from_mapping(source)
    elif isinstance(source, str) and source.strip():
        value = parse(source)
    else:
        raise ConfigError(f"expected name(option=value, …) or a mapping with name, got {source!r}")
    if isinstance(value, str):
        return Call(value)
    if not isinstance(value, Call):
        raise ConfigError(f"expected a component's name, got {source!r}")
    return value


def show(value: Value) -> str:
    """Print a tree as text, so that ``parse(show(x)) == x``."""
    if isinstance(value, Call):
        parts = [] if value.first is None else [show(value.first)]
        parts += [f"{name}={show(option)}" for name, option in value.options]
        return f"{value.name}({', '.join(parts)})" if parts else value.name
    if isinstance(value, list):
        return f"[{', '.join(map(show, value))}]"
    if isinstance(value, str):
        return value if _is_bare(value) else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)


def _value(tree: Any) -> Value:
    if tree.data == "bare":
        return _plain(str(tree.children[0]).strip())
    if tree.data == "quoted":
        return _unquote(str(tree.children[0]))
    if tree.data == "list":
        return [_value(child) for child in tree.children if child is not None]
    return _call(tree)


def _call(tree: Any) -> Call:
    name, *arguments = tree.children
    options: dict[str, Value] = {}
    first: Value = None
    for place, argument in enumerate(a for a in arguments if a is not None):
        key, value = argument.children[0], _value(argument.children[1])
        if key is None and place:
            raise ConfigError(f"{name}(…): only the first option may go without its name")
        if key is None:
            first = value
        elif str(key) in options:
            raise ConfigError(f"{name}(…): {key} is given twice")
        else:
            options[str(key)] = value
    return Call(str(name).strip(), tuple(options.items()), first)


def _from_mapping(source: Mapping[Any, Any]) -> Call:
    name = source.get("name")
    if not isinstance(name, str) or not name:
        raise ConfigError(f"a mapping needs name: which component it is; got {dict(source)!r}")
    head = call(name)
    options = dict(head.options) | {str(k): _from_yaml(v) for k, v in source.items() if k != "name"}
    return Call(head.name, tuple(options.items()), head.first)


def _from_yaml(value: Any) -> Value:
    if isinstance(value, Mapping):
        return _from_mapping(value if "name" in value else {"name": "dict", **value})
    if isinstance(value, list | tuple):
        return [_from_yaml(item) for item in value]
    if isinstance(value, str):
        return parse(value) if re.fullmatch(r"[\w:./-]+\(.*\)|\[.*\]", value, re.S) else value
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)


def _plain(word: str) -> Value:
    """A bare word as YAML reads it: number, true/false/null, else text."""
    constants: dict[str, Value] = {"true": True, "false": False, "null": None, "none": None}
    if word.lower() in constants:
        return constants[word.lower()]
    if re.fullmatch(r"[+-]?\d+", word):
        return int(word)
    if re.fullmatch(r"[+-]?(\d+\.\d*|\.\d+|\d+(\.\d*)?[eE][+-]?\d+)", word):
        return float(word)
    return word


def _unquote(text: str) -> str:
    if text[0] == "'":
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    try:
        return str(json.loads(text))
    except json.JSONDecodeError:
        return re.sub(r"\\(.)", r"\1", text[1:-1])


def _is_bare(text: str) -> bool:
    return bool(re.fullmatch(r"[^\s,()\[\]=\"'][^,()\[\]=\"'\n]*", text)) and (
        text == text.strip() and _plain(text) == text and isinstance(_plain(text), str)
    )
