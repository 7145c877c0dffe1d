"""Routers as the dashboard shows them: their files, frontiers, verdicts and decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossover.decisions import Decision
from crossover.errors import CrossoverError, DataError
from crossover.experiments.report import load_frame
from crossover.experiments.routing.judging import CHANCE, ORACLE, ROUTER, SELF_ROUTE
from crossover.experiments.viewing.examples import check_datasets
from crossover.router.artefact import MOST_BYTES, Artefact
from crossover.router.policies.learned import Learned
from crossover.router.router import Router, profile_of
from crossover.types import Answer, Question

if TYPE_CHECKING:
    from pandas import DataFrame

    from crossover.experiments.routing.evaluating import Evaluation

FILE = "router.json"
REFERENCES = (ROUTER, CHANCE, SELF_ROUTE, ORACLE)
FIGURES = ("quality", "difference", "low", "high", "regret", "closed")


@dataclass(frozen=True)
class Operating:
    """A point of the frontier: what held-out documents brought at this price of a unit."""

    price: float
    quality: float
    cost: float
    shares: Mapping[str, float]


def router_files(places: Mapping[str, Path]) -> dict[str, Path]:
    """The routers right inside folders, by their names and, where two share one, their places.

    ``places`` are folders by what to call them; a ``*.json`` that is no router is left out.
    """
    found: dict[str, Path] = {}
    seen = set[Path]()
    for place, folder in places.items():
        for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
            if path.resolve() in seen or not _is_router(path):
                continue
            seen.add(path.resolve())
            found[f"{path.name} ({place})" if path.name in found else path.name] = path
    return found


def _is_router(path: Path) -> bool:
    """Whether it says that it is one; what else is wrong with it is told when it is opened."""
    try:
        # the whole file is read anyway where it is chosen, and keys stand in no certain order
        small = path.stat().st_size <= MOST_BYTES
        return small and b'"magic":"crossover-router"' in path.read_bytes().replace(b'": "', b'":"')
    except OSError:
        return False


def aim_of(artefact: Artefact) -> str:
    """What a router aims at, in words."""
    aim = artefact.objective
    if aim.kind == "at_least":
        return f"at least {aim.share:.0%} of the best strategy's quality, as cheap as can be"
    if aim.kind == "budget" and aim.most is not None:
        return f"the best quality at a mean of at most {aim.most:g} {artefact.unit} a question"
    if aim.kind == "budget":
        return f"the best quality at {aim.share:.0%} of the dearest strategy's cost at most"
    prices = {"dollar": aim.dollar, "second": aim.second, "million tokens": aim.token}
    said = ", ".join(f"{price:g} a {unit}" for unit, price in prices.items() if price)
    return f"quality less {said or 'nothing'}"


def operating(artefact: Artefact) -> Operating | None:
    """Where on its frontier a router works; None where its prices lie beside it.

    That is so for a tradeoff, whose prices are its own: the nearest one of the unit is taken where
    no other unit has a price.
    """
    priced = {unit for unit, price in artefact.prices.items() if price}
    if priced - {artefact.unit}:
        return None
    price = artefact.prices.get(artefact.unit, 0.0)
    points = operating_points(artefact)
    return min(points, key=lambda point: abs(point.price - price), default=None)


def operating_points(artefact: Artefact) -> list[Operating]:
    """The frontier, cheapest first; raises DataError where the file's is damaged."""
    try:
        found = [
            Operating(
                float(point["price"]),
                float(point["quality"]),
                float(point["cost"]),
                {str(name): float(share) for name, share in point["shares"].items()},
            )
            for point in artefact.frontier
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"the router's frontier is damaged: {error!r}") from None
    return sorted(found, key=lambda point: (point.cost, point.quality))


def frontier(artefact: Artefact) -> DataFrame:
    """What to draw: the prices' points, the fixed strategies, and where the router works."""
    import pandas as pd

    here = operating(artefact)
    rows = [
        {"what": "other prices", "name": _shares(one), "cost": one.cost, "quality": one.quality}
        for one in operating_points(artefact)
    ]
    table = verdict_of(artefact.evaluation)
    if artefact.unit in table:
        for row in table.to_dict("records"):
            if row["policy"] != ROUTER:
                fixed = row["policy"] not in REFERENCES
                what = "always one strategy" if fixed else "for comparison"
                given = {"cost": row[artefact.unit], "quality": row["quality"]}
                rows.append({"what": what, "name": str(row["policy"]), **given})
    if here:
        name = f"the router: {_shares(here)}"
        rows.append(
            {"what": "the router", "name": name, "cost": here.cost, "quality": here.quality}
        )
    return pd.DataFrame(rows, columns=["what", "name", "cost", "quality"])


def _shares(point: Operating) -> str:
    return ", ".join(f"{name} {share:.0%}" for name, share in point.shares.items())


def verdict_of(evaluation: Mapping[str, Any]) -> DataFrame:
    """The verdict that a router's file keeps, as ``judging.verdict`` made it."""
    import pandas as pd

    try:
        found = pd.DataFrame(list(evaluation.get("rows", [])))
        found.attrs = {key: value for key, value in evaluation.items() if key != "rows"}
    except (TypeError, ValueError, AttributeError) as error:
        raise DataError(f"the router's evaluation is damaged: {error!r}") from None
    if len(found) and not {"policy", "quality"} <= set(found.columns):
        raise DataError("the router's evaluation is damaged: it lacks policy or quality")
    return found.reindex(columns=[*found.columns, *(c for c in FIGURES if c not in found)])


def fit(folder: Path) -> str:
    """Fit a router to a run, write it beside the results, and say what it is worth.

    Raises ConfigError where a dataset of the run is code to import, or DataError.
    """
    from crossover.experiments.routing.fitting import fit_outcomes
    from crossover.experiments.routing.judging import said
    from crossover.experiments.routing.outcomes import outcomes_of

    frame = load_frame(folder)
    check_datasets(frame)
    made = fit_outcomes(outcomes_of(frame))
    made.artefact.save(folder / FILE)
    return said(made.table)


def judged(router: Path, folder: Path) -> Evaluation:
    """A router held against a run that it may not have been fitted on; raises what ``fit`` does."""
    from crossover.experiments.routing.evaluating import evaluated

    frame = load_frame(folder)
    check_datasets(frame)
    return evaluated(router, [frame])


def decisions(
    artefact: Artefact, question: Question, model: str, first: Answer | None = None
) -> list[Decision]:
    """What is decided before anything is asked and, in a cascade, by the ``first`` answer."""
    policy = Router(Learned.of(artefact))
    profile = replace(profile_of(question), model=model)
    try:
        found = [policy.decide(question, profile)]
        if first is not None and not found[0].final:
            found.append(policy.decide(question, profile, None, [first]))
    except CrossoverError:
        raise
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise DataError(f"this router cannot decide: its file is damaged: {error!r}") from None
    return found


def expectations(decision: Decision) -> DataFrame:
    """A row for each strategy with what it is expected to bring and to cost."""
    import pandas as pd

    rows: Sequence[Mapping[str, Any]] = [
        {
            "strategy": name,
            "chosen": "yes" if name == decision.strategy else "",
            "quality": one.quality,
            "tokens": one.tokens,
            "dollars": one.dollars,
            "seconds": one.seconds,
        }
        for name, one in decision.expected.items()
    ]
    return pd.DataFrame(rows)
