"""The functions of a text of code, what encloses them, and what stands between them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from crossover.compressors._code_languages import parsed

if TYPE_CHECKING:
    from tree_sitter import Node

FUNCTION = re.compile(r"function|method|constructor")
ENCLOSING = re.compile(
    r"class|interface|impl_item|trait_item|mod_item|namespace|internal_module|struct|enum|record"
)
# what may stand around a definition without being one
AROUND = re.compile(
    r"decorated_definition|export_statement|lexical_declaration|variable_declarat|template_decl"
    r"|expression_statement|assignment_expression|linkage_specification|declaration_list"
    r"|ambient_declaration|ERROR"
)
# a line that goes on with the statement before it
GOES_ON = re.compile(r"[)\]}]|(?:else|elif|except|finally|catch|end|case|default)\b")


@dataclass(frozen=True, slots=True)
class Shell:
    """What stays of a class or function around what is kept of it: its first and last lines.

    Lines ``first`` to ``body`` (excluded) are its signature, ``tail`` to ``last`` its end.
    """

    first: int
    body: int
    tail: int
    last: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """A function's body or what stands between functions: lines, and the shells around them."""

    first: int
    last: int
    shells: tuple[Shell, ...] = ()
    function: bool = False

    @property
    def lines(self) -> tuple[int, int]:
        """All its lines, those of the signature too."""
        own = self.shells[-1] if self.function else self
        return own.first, own.last


def chunks(text: str, language: str) -> list[Chunk]:
    """Functions and what stands between them, in order; nothing where there is no function."""
    lines = text.split("\n")
    root = parsed(text, language).root_node
    found = [one for one in _within(root.children, 0, len(lines), ()) if _filled(one, lines)]
    return found if any(one.function for one in found) else []


def blocks(chunk: Chunk, lines: Sequence[str]) -> list[tuple[int, int]]:
    """Lines that belong together: cut at blank lines and after what is indented further."""
    own = range(chunk.first, chunk.last)
    written = [at for at in own if lines[at].strip()]
    base = min((_indent(lines[at]) for at in written), default=0)
    cuts = [chunk.first]
    for before, at in pairwise(written):
        deeper = _indent(lines[before]) > base >= _indent(lines[at])
        if at > before + 1 or (deeper and not GOES_ON.match(lines[at].lstrip())):
            cuts.append(at)
    return list(zip(cuts, [*cuts[1:], chunk.last], strict=True))


def _within(
    nodes: Sequence[Node], first: int, last: int, shells: tuple[Shell, ...]
) -> Iterator[Chunk]:
    """The chunks of lines ``first`` to ``last``, in which these nodes stand."""
    reached = first
    for outer, node in _definitions(nodes):
        begins, ends = _begins(outer, reached), _ends(outer)
        if begins < reached or ends > last:
            continue
        yield Chunk(reached, begins, shells)
        yield from _definition(node, begins, ends, shells)
        reached = ends
    yield Chunk(reached, last, shells)


def _definition(node: Node, begins: int, ends: int, shells: tuple[Shell, ...]) -> Iterator[Chunk]:
    """A function as one chunk, or what stands inside something that encloses functions."""
    body = node.child_by_field_name("body") or node
    braced = body.type != "block" or (body.text or b"").startswith(b"{")
    inner = body.start_point.row + braced
    tail = body.end_point.row if braced else ends
    if inner >= tail:
        yield Chunk(begins, ends, (*shells, Shell(begins, begins, ends, ends)), function=True)
    elif FUNCTION.search(node.type):
        yield Chunk(inner, tail, (*shells, Shell(begins, inner, tail, ends)), function=True)
    else:
        yield from _within(body.children, inner, tail, (*shells, Shell(begins, inner, tail, ends)))


def _definitions(nodes: Sequence[Node]) -> Iterator[tuple[Node, Node]]:
    """Functions and what encloses functions, each with the node that it fills."""
    for node in nodes:
        kind = FUNCTION.search(node.type) or ENCLOSING.search(node.type)
        if kind and node.child_by_field_name("body") is not None:
            yield node, node
        elif AROUND.search(node.type):
            inside = list(_definitions(node.children))
            # what it holds alone begins and ends with it: an export, a decorator, a constant
            alone = len(inside) == 1 and node.type not in ("ERROR", "declaration_list")
            yield from [(node, one) for _, one in inside] if alone else inside


def _begins(node: Node, reached: int) -> int:
    """The line of a definition, or of the comment that stands right above it."""
    row = node.start_point.row
    above = node.prev_sibling
    while above is not None and "comment" in above.type and above.end_point.row + 1 >= row:
        if above.start_point.row < reached or above.start_point.row == row:
            break
        row, above = above.start_point.row, above.prev_sibling
    return row


def _ends(node: Node) -> int:
    return node.end_point.row + (node.end_point.column > 0)


def _filled(chunk: Chunk, lines: Sequence[str]) -> bool:
    return any(line.strip() for line in lines[chunk.first : chunk.last])


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
