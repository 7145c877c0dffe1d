"""The comparison of two runs as text for a terminal, Markdown for a pull request, or JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from crossover.experiments._markdown import _escaped
from crossover.experiments.comparing.changes import Change
from crossover.experiments.comparing.runs import Compared, Row, Verdict

if TYPE_CHECKING:
    from rich.console import RenderableType

KEYS = ("dataset", "model", "strategy")
RESULTS = (*KEYS, "measure", "A", "B", "change", "95 % interval", "p", "questions", "documents")
VERDICTS = (*KEYS, "condition", "change", "95 % interval", "p", "questions", "documents", "verdict")
NAMES = {"fails": "FAILS", "fine": "fine", "not settled": "not settled"}


def headline(compared: Compared) -> str:
    """What is compared, and what became of the conditions."""
    counts = {status: sum(v.status == status for v in compared.verdicts) for status in NAMES}
    told = ", ".join(f"{count} {NAMES[status]}" for status, count in counts.items() if count)
    shared = [f"{key}: {name}" for key, name in _shared(compared).items()]
    parts = [f"A: {compared.before}", f"B: {compared.after}", *shared]
    return "; ".join([*parts, f"conditions: {told or 'none given'}"])


def tables(compared: Compared) -> Iterator[tuple[list[str], list[list[str]]]]:
    """The tables as text: heads and rows, the conditions first; without what all rows share."""
    told = _shared(compared)
    whole: list[tuple[tuple[str, ...], list[list[str]]]] = [
        (VERDICTS, [_verdict(verdict) for verdict in compared.verdicts]),
        (RESULTS, [_row(row) for row in compared.rows]),
    ]
    for heads, rows in whole:
        kept = [at for at, head in enumerate(heads) if head not in told]
        if rows:
            yield [heads[at] for at in kept], [[row[at] for at in kept] for row in rows]


def _shared(compared: Compared) -> dict[str, str]:
    """The dataset and the model, where there is only one."""
    names = [row.names for row in compared.rows]
    names += [verdict.row.names for verdict in compared.verdicts]
    several = dict(zip(KEYS, map(set, zip(*names, strict=True)), strict=True)) if names else {}
    return {key: min(found) for key, found in several.items() if len(found) == 1 and key != KEYS[2]}


def as_terminal(compared: Compared) -> RenderableType:
    """Tables for a terminal, with what is to be known about them."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    parts: list[RenderableType] = [Text(headline(compared))]
    for heads, rows in tables(compared):
        table = Table(box=None, pad_edge=False)
        for head in heads:
            table.add_column(head, overflow="fold")
        for row in rows:
            table.add_row(*map(Text, row))
        parts += [Text(), table]
    told = [Text(line) for line in compared.notes]
    return Group(*parts, *([Text(), *told] if told else []))


def as_markdown(compared: Compared) -> str:
    """Markdown for a comment on a pull request."""
    from tabulate import tabulate

    parts = [f"**{_escaped(headline(compared))}**"]
    for heads, rows in tables(compared):
        shown = [[_escaped(cell) for cell in row] for row in rows]
        parts.append(tabulate(shown, heads, tablefmt="github", disable_numparse=True))
    parts.append("\n".join(f"- {_escaped(line)}" for line in compared.notes))
    return "\n\n".join(filter(None, parts)) + "\n"


def as_json(compared: Compared) -> str:
    """Everything as JSON; what is not known, or not finite, is null."""
    found = {
        "before": compared.before,
        "after": compared.after,
        "failed": compared.failed,
        "conditions": [
            {
                "condition": verdict.condition.text,
                "must_be_shown": verdict.condition.must_be_shown,
                "status": verdict.status,
                "p_one_sided": verdict.p,
                "p_holm": verdict.p_holm,
                "why": verdict.why,
                **_plain(verdict.row),
            }
            for verdict in compared.verdicts
        ],
        "changes": [_plain(row) for row in compared.rows],
        "notes": list(compared.notes),
    }
    return json.dumps(_finite(found), ensure_ascii=False, indent=2)


def _verdict(verdict: Verdict) -> list[str]:
    change, asked = verdict.row.change, verdict.condition
    p = verdict.p if verdict.p_holm is None else verdict.p_holm
    text = f"{'shown: ' if asked.must_be_shown else ''}{asked.text}"
    return [*verdict.row.names, text, *_sizes(change), _p(p), *_counts(change), _said(verdict)]


def _said(verdict: Verdict) -> str:
    told, change = [NAMES[verdict.status]], verdict.row.change
    told += [verdict.why] if verdict.why else []
    open_ = verdict.status == "not settled" or (
        verdict.status == "fails" and verdict.condition.must_be_shown
    )
    if open_ and change.detectable is not None:
        reach = change.detectable if verdict.condition.above else -change.detectable
        told.append(f"finds changes from {_signed(verdict.condition.limit + reach, change)}")
    return "; ".join(told)


def _row(row: Row) -> list[str]:
    change = row.change
    levels = [_level(number) for number in (change.before, change.after)]
    return [*row.names, row.measure, *levels, *_sizes(change), _p(change.p), *_counts(change)]


def _sizes(change: Change) -> list[str]:
    interval = "none"
    if change.low is not None and change.high is not None:
        interval = f"{_signed(change.low, change)} to {_signed(change.high, change)}"
    return [_signed(change.change, change), interval]


def _counts(change: Change) -> list[str]:
    return [f"{change.n:,}", f"{change.clusters:,}"]


def _signed(number: float | None, change: Change) -> str:
    if number is None:
        return "unknown"
    if math.isinf(number):
        return "from nothing"
    return f"{100 * number:+.1f} %" if change.relative else f"{number:+.4g}"


def _level(number: float | None) -> str:
    return "unknown" if number is None else f"{number:.4g}"


def _p(p: float | None) -> str:
    if p is None:
        return ""
    return "<0.0001" if p < 0.0001 else f"{p:.4f}"


def _plain(row: Row) -> dict[str, Any]:
    numbers = asdict(row.change)
    del numbers["tail"]
    names = dict(zip(KEYS, row.names, strict=True))
    return names | {"measure": row.measure} | numbers | {"rough": row.change.rough}


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
