"""Routers and their verdicts as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame

    from crossover.router.artefact import Artefact

HEADS = {
    "policy": "policy",
    "quality": "quality",
    "difference": "router minus it [95 %]",
    "tokens": "tokens",
    "dollars": "dollars",
    "seconds": "seconds",
    "regret": "regret",
    "closed": "gap closed",
}


def rendered(table: DataFrame) -> str:
    """The verdict as a table, with who was asked how often."""
    from tabulate import tabulate

    columns = [name for name in HEADS if name in table.columns]
    rows = [[_cell(name, row) for name in columns] for row in table.to_dict("records")]
    shares = ", ".join(f"{name} {share:.0%}" for name, share in table.attrs["shares"].items())
    about = f"{table.attrs['questions']:,} rows on {table.attrs['documents']:,} documents"
    lines = tabulate(rows, [HEADS[name] for name in columns], disable_numparse=True)
    return f"{lines}\n{about}; asked in the end: {shares}"


def _cell(name: str, row: dict[Any, Any]) -> str:
    value = row[name]
    if value is None or value != value:
        return ""
    if name == "difference":
        low, high = row.get("low"), row.get("high")
        interval = f" [{low:+.3f}, {high:+.3f}]" if low is not None and low == low else ""
        return f"{value:+.3f}{interval}"
    forms = {"quality": ".3f", "regret": ".3f", "closed": ".0%", "tokens": ",.0f"}
    return str(value) if name == "policy" else format(value, forms.get(name, ".4g"))


def description(artefact: Artefact) -> Iterator[str]:
    """What a router is, line by line."""
    yield f"strategies  {', '.join(artefact.strategies)}"
    yield f"policy      {artefact.policy}; quality by {artefact.metric}"
    prices = ", ".join(f"{price:.4g} a {unit[:-1]}" for unit, price in artefact.prices.items())
    yield f"objective   {artefact.objective.text}: quality less {prices}"
    if artefact.caution:
        caution = artefact.caution
        yield f"safe        {caution.safe} below a margin of {caution.threshold:.3f}"
    yield f"models      {', '.join(artefact.traits)}"
    yield f"fitted on   {len(artefact.documents)} documents, rows {artefact.fingerprint[:12]}"
    yield f"versions    {', '.join(f'{n} {v}' for n, v in artefact.versions.items())}"
    yield f"digest      {artefact.digest[:12]}"
    if said := artefact.evaluation.get("said"):
        yield str(said)
