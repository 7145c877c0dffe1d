"""What a router learned, as one file of text and numbers: no code is in it, none is run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from crossover.decisions import Expected
from crossover.errors import ConfigError, DataError, StoreError
from crossover.router.costs import Costs
from crossover.router.features.gathering import VERSION
from crossover.router.features.meaning import Meaning
from crossover.router.learner import Learner
from crossover.router.objective import UNITS, Objective, objective
from crossover.router.watching.distributions import CHOSEN, DECLINES

FORMAT, MAGIC = 1, "crossover-router"
# a larger file is none that a fit wrote
MOST_BYTES = 200_000_000
Point = Mapping[str, Any]


@dataclass(frozen=True)
class Caution:
    """Where the gain over the ``safe`` strategy is expected below ``threshold``, it is asked.

    The threshold is such that the mean loss to the safe strategy stays below ``risk`` (conformal
    risk control, Angelopoulos et al. 2022).
    """

    safe: str
    risk: float
    threshold: float


@dataclass(frozen=True)
class Artefact:
    """All that a learned policy needs.

    ``strategies`` come cheapest first. ``learners`` are named before, after, and each of them
    "without texts". ``prices`` are what a unit of cost is worth in quality. ``frontier`` has a
    point per price with the quality and cost of held-out documents; ``certainty`` maps expected
    margins to the share of questions on which nothing else did better. ``reference`` is how
    features were distributed, ``documents`` are digests of the texts that it was fitted on.
    ``offsets`` are what each strategy's quality is shifted by with a model that was introduced
    later; ``meaning`` turns a question's embedding into features, where these are used.
    """

    strategies: tuple[str, ...]
    metric: str
    policy: str
    unit: str
    learners: Mapping[str, Learner]
    costs: Costs
    traits: Mapping[str, Mapping[str, float]]
    objective: Objective
    prices: Mapping[str, float]
    frontier: Sequence[Point]
    certainty: tuple[Sequence[float], Sequence[float]] = ((), ())
    caution: Caution | None = None
    reference: Mapping[str, Any] = field(default_factory=dict)
    documents: Sequence[str] = ()
    fingerprint: str = ""
    offsets: Mapping[str, Sequence[float]] = field(default_factory=dict)
    meaning: Meaning | None = None
    evaluation: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content."""
        return hashlib.sha256(_dumped(self._content()).encode()).hexdigest()

    def at(self, given: object) -> Artefact:
        """The same for another objective, read off the frontier.

        How often each strategy is chosen is another then: a drift alarm no longer compares it.
        """
        aim = objective(given)
        if aim == self.objective:
            return self
        if aim.kind == "tradeoff":
            prices = {"tokens": aim.token / 1e6, "dollars": aim.dollar, "seconds": aim.second}
            return self._aimed(aim, prices)
        if aim.unit not in (None, self.unit):
            raise ConfigError(
                f"this router's frontier is in {self.unit}, not {aim.unit}: fit it with "
                f"unit={aim.unit}"
            )
        price = chosen_price(aim, self.frontier)
        return self._aimed(aim, {self.unit: price})

    def _aimed(self, aim: Objective, prices: Mapping[str, float]) -> Artefact:
        known = self.reference.get("features", {})
        kept = {name: one for name, one in known.items() if not name.startswith((CHOSEN, DECLINES))}
        reference = {**self.reference, "features": kept} if known else self.reference
        return replace(self, objective=aim, prices=prices, reference=reference)

    def save(self, path: Path) -> Path:
        """Write the file, whole or not at all; raises StoreError."""
        unfinished = path.with_name(f"{path.name}.unfinished")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished.write_text(_dumped(self._content()), encoding="utf-8")
            return unfinished.replace(path)
        except OSError as error:
            raise StoreError(f"the router cannot be written to {path}: {error.strerror}") from error

    @classmethod
    def load(cls, path: Path) -> Artefact:
        """Read what ``save`` wrote; raises DataError for anything else, and for other features."""
        try:
            if path.stat().st_size > MOST_BYTES:
                raise DataError(f"{path} is too large for a router")
            stored = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror}") from None
        except (ValueError, RecursionError):
            raise DataError(f"{path} is not a router: it is no JSON") from None
        if not isinstance(stored, dict) or stored.get("magic") != MAGIC:
            raise DataError(f"{path} is not a router that crossover router fit wrote")
        if (stored.get("format"), stored.get("features")) != (FORMAT, VERSION):
            raise DataError(f"{path} is of another version of Crossover: fit the router again")
        try:
            return cls._of(stored)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(f"{path} is a damaged router: {error!r}") from None

    @classmethod
    def _of(cls, stored: Mapping[str, Any]) -> Artefact:
        learners = {name: Learner.from_json(one) for name, one in stored["learners"].items()}
        caution = Caution(**stored["caution"]) if stored["caution"] else None
        plain = ("metric", "policy", "unit", "traits", "prices", "frontier", "reference")
        rest = ("documents", "fingerprint", "offsets", "evaluation", "versions")
        xs, ys = stored["certainty"]
        return cls(
            strategies=tuple(map(str, stored["strategies"])),
            learners=learners,
            costs=Costs.from_json(stored["costs"]),
            objective=objective(Objective.model_validate(stored["objective"])),
            certainty=(xs, ys),
            caution=caution,
            meaning=Meaning.from_json(stored["meaning"]) if stored["meaning"] else None,
            **{name: stored[name] for name in (*plain, *rest)},
        )

    def _content(self) -> dict[str, Any]:
        caution = self.caution and vars(self.caution)
        names = ("metric", "policy", "unit", "traits", "prices", "frontier", "certainty")
        rest = ("reference", "documents", "fingerprint", "offsets", "evaluation", "versions")
        return {
            "magic": MAGIC,
            "format": FORMAT,
            "features": VERSION,
            "strategies": list(self.strategies),
            "learners": {name: one.to_json() for name, one in self.learners.items()},
            "costs": self.costs.to_json(),
            "objective": self.objective.model_dump(),
            "caution": caution,
            "meaning": self.meaning and self.meaning.to_json(),
            **{name: getattr(self, name) for name in (*names, *rest)},
        }


def chosen_price(aim: Objective, frontier: Sequence[Point]) -> float:
    """The price of a unit of cost that meets a budget or a least quality on held-out documents.

    A point has ``price``, ``quality`` and ``cost`` and the ends it is measured by: ``dearest``, the
    mean cost of the dearest strategy, and ``best``, the best fixed strategy's quality. Where
    nothing meets the aim, what comes nearest.
    """
    if aim.kind == "budget":
        most = aim.most if aim.most is not None else aim.share * frontier[0]["dearest"]
        within = [point for point in frontier if point["cost"] <= most]
        best = max(within, key=lambda p: p["quality"], default=None)
        return float((best or min(frontier, key=lambda p: p["cost"]))["price"])
    least = aim.share * frontier[0]["best"]
    enough = [point for point in frontier if point["quality"] >= least]
    cheapest = min(enough, key=lambda p: p["cost"], default=None)
    return float((cheapest or max(frontier, key=lambda p: p["quality"]))["price"])


def price_of(expected: Expected, prices: Mapping[str, float]) -> float:
    """What costs are worth in quality; an unknown cost that has a price counts as nothing."""
    return sum(prices.get(unit, 0.0) * (getattr(expected, unit) or 0.0) for unit in UNITS)


def _dumped(content: object) -> str:
    return json.dumps(
        content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )
