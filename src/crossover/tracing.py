"""A trace as a tree to read: stages, the calls within them, and what each took."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from crossover.types import Answer, Step, Usage

UNKNOWN = "unknown"
# a note may quote whole queries
LONGEST = 200
COUNTED = re.compile(r"^[\d,]+ tokens?\b|tokens in, .* out$")


@dataclass(frozen=True, slots=True)
class Node:
    """A line of the tree with what stands under it.

    ``usage`` and ``calls`` are those of the step and of all that is part of it; ``number`` counts
    the pieces of work that were independent of one another.
    """

    name: str
    detail: str = ""
    seconds: float | None = None
    usage: Usage | None = None
    prompt: str = ""
    number: int | None = None
    under: tuple[Node, ...] = field(default=(), repr=False)

    @property
    def line(self) -> str:
        """The node in one line: name, what is said of it, tokens, dollars, seconds, prompt."""
        parts = [self.name, self.detail, *self._cost()]
        parts.append("" if self.seconds is None else f"{self.seconds:.2f} s")
        parts.append(f"prompt {self.prompt}" if self.prompt else "")
        shown = "; ".join(_visible(part) for part in parts if part)
        return shown if self.number is None else f"{self.number + 1}. {shown}"

    def _cost(self) -> Iterator[str]:
        usage = self.usage
        if usage is None or usage == Usage():
            return
        if self.under or usage.calls > 1:
            yield _calls(usage)
        yield f"{_count(usage.input_tokens)} tokens in, {_count(usage.output_tokens)} out"
        if usage.dollars != 0:
            yield _dollars(usage.dollars)


def tree(trace: Sequence[Step]) -> tuple[Node, ...]:
    """The trace as a tree: a stage of one step is one line, independent work is numbered."""
    under: dict[int | None, list[int]] = defaultdict(list)
    for at, step in enumerate(trace):
        under[step.parent].append(at)
    return _nodes(trace, under, None)


def total_line(answer: Answer) -> str:
    """What the whole answer took: calls, tokens, dollars, seconds and the critical path."""
    usage = answer.usage
    tokens = f"{_count(usage.input_tokens)} tokens in, {_count(usage.output_tokens)} out"
    seconds, critical = map(_seconds, (answer.seconds, answer.critical_seconds))
    return (
        f"{_calls(usage)}; {tokens}; {_dollars(usage.dollars)}; {seconds}; critical path {critical}"
    )


def lines(nodes: Sequence[Node], most: int) -> tuple[tuple[Node, ...], int]:
    """The first ``most`` lines of a tree as it is read, and how many lines were left out."""
    kept, left_out = list[Node](), 0
    for node in nodes:
        if most <= 0:
            left_out += size(node)
            continue
        under, missing = lines(node.under, most - 1)
        shown = replace(node, under=under)
        kept.append(shown)
        most -= size(shown)
        left_out += missing
    return tuple(kept), left_out


def size(node: Node) -> int:
    """How many lines a node and what stands under it take."""
    return 1 + sum(map(size, node.under))


def _nodes(
    trace: Sequence[Step], under: dict[int | None, list[int]], parent: int | None
) -> tuple[Node, ...]:
    """What is part of a step; independent pieces of work in their order, one node each."""
    found = list[Node]()
    for apart, run in groupby(under[parent], key=lambda at: trace[at].branch is not None):
        nodes = [(trace[at].branch or 0, _node(trace, under, at)) for at in run]
        found += _numbered(nodes) if apart else [node for _, node in nodes]
    return tuple(found)


def _numbered(nodes: Sequence[tuple[int, Node]]) -> Iterator[Node]:
    branches: dict[int, list[Node]] = defaultdict(list)
    for branch, node in nodes:
        branches[branch].append(node)
    for branch, chain in sorted(branches.items()):
        number = branch if len(branches) > 1 or branch else None
        if len(chain) == 1:
            yield replace(chain[0], number=number)
        elif number is None:
            yield from chain
        else:
            yield Node("steps", usage=_sum(chain), number=number, under=tuple(chain))


def _node(trace: Sequence[Step], under: dict[int | None, list[int]], at: int) -> Node:
    step, parts = trace[at], _nodes(trace, under, at)
    own = Node(step.name, _told(step), step.seconds, step.usage, step.prompt)
    if len(parts) == 1 and not parts[0].under and step.usage is None:
        return _joined(own, parts[0])
    if not parts:
        return own
    return replace(own, usage=_sum((own, *parts)), under=parts)


def _joined(stage: Node, only: Node) -> Node:
    """One line for a stage and the only step in it."""
    said = [text for text in (stage.detail, only.detail) if text]
    plain = only.usage is not None and only.usage.calls
    detail = "; ".join(said if plain else [only.name, *said])
    seconds = only.seconds if only.seconds is not None else stage.seconds
    return replace(only, name=stage.name, detail=detail, seconds=seconds, number=None)


def _sum(nodes: Sequence[Node]) -> Usage:
    return sum((node.usage for node in nodes if node.usage), Usage())


def _told(step: Step) -> str:
    """A step's detail without the tokens, which a line says by itself."""
    if not step.usage:
        return step.detail
    return "; ".join(p for p in step.detail.split("; ") if not COUNTED.search(p))


def _calls(usage: Usage) -> str:
    return "1 call" if usage.calls == 1 else f"{usage.calls:,} calls"


def _count(tokens: int | None) -> str:
    return UNKNOWN if tokens is None else f"{tokens:,}"


def _dollars(dollars: float | None) -> str:
    return f"dollars {UNKNOWN}" if dollars is None else f"${dollars:.6f}"


def _seconds(seconds: float | None) -> str:
    return UNKNOWN if seconds is None else f"{seconds:.2f} s"


def _visible(text: str) -> str:
    """One line without characters that would move or hide other text."""
    spaced = " ".join(text.split())
    shown = "".join(c if unicodedata.category(c)[0] != "C" else "\ufffd" for c in spaced)
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"
