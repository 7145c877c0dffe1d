"""Result sets with a known truth, for checking that intervals and tests do what they say.

Documents of unequal size carry a difficulty of their own, and a liking of their own for one of
two strategies. A scenario says how hard it is made for the statistics.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]
    Generator = np.random.Generator

Kind = Literal["graded", "binary"]
# documents behind a truth that has no closed form: its error is far below any interval's width
POPULATION = 60_000


@dataclass(frozen=True, slots=True)
class Scenario:
    """How two strategies' scores come about.

    ``score`` is the mean of both strategies, ``gap`` how far they are apart; ``alike`` is how much
    of the variance documents hold; ``liking`` the spread of the gap over documents; ``by_size``
    ties the gap to the document's size; ``room`` keeps chances off 0 and 1; ``agreement`` is the
    share of the questions on which both strategies give the very same answer.
    """

    name: str = "plain"
    kind: Kind = "graded"
    score: float = 0.6
    gap: float = 0.05
    alike: float = 0.2
    liking: float = 0.1
    by_size: float = 0.0
    room: float = 0.0
    agreement: float = 0.0
    sizes: Literal["even", "unequal", "heavy"] = "unequal"


@dataclass(frozen=True, slots=True)
class Pairs:
    """Scores of two strategies on the same questions, with the document of each question."""

    own: Floats
    other: Floats
    groups: Codes


HARD = (
    Scenario(),
    Scenario("documents differ", alike=0.5, liking=0.25),
    Scenario("ceiling", score=0.93, gap=0.03, liking=0.02),
    Scenario("gap grows with size", by_size=0.15, room=0.2),
    Scenario("heavy sizes", sizes="heavy"),
    Scenario("mostly the same answer", gap=0.2, agreement=0.85, liking=0.0),
)
"""From the ordinary to the adversarial."""


def without_difference(scenario: Scenario) -> Scenario:
    """The same scenario with strategies that are equally good over all questions."""
    return replace(scenario, gap=0.0)


def data_sets(scenario: Scenario, clusters: int, count: int, seed: int = 0) -> Iterator[Pairs]:
    """Draw data sets of so many documents each."""
    import numpy as np

    generator = np.random.default_rng([seed, clusters])
    for _ in range(count):
        yield _drawn(scenario, clusters, generator)


@lru_cache(maxsize=256)
def truth(scenario: Scenario) -> dict[str, float]:
    """What an endless data set would show: mean, difference, standardised difference, log odds."""
    import numpy as np

    found = _drawn(scenario, POPULATION, np.random.default_rng(20_000))
    apart = found.own - found.other
    wins, losses = (apart > 0).sum(), (apart < 0).sum()
    equal = scenario.gap == 0
    return {
        "mean": float(found.own.mean()),
        "difference": 0.0 if equal else float(apart.mean()),
        "standardised": 0.0 if equal else float(apart.mean() / apart.std()),
        "log_odds": 0.0 if equal else float(np.log(wins / losses)),
    }


def _drawn(scenario: Scenario, clusters: int, generator: Generator) -> Pairs:
    import numpy as np

    sizes = _sizes(scenario, clusters, generator)
    groups = np.repeat(np.arange(clusters), sizes)
    ease = _ease(scenario, clusters, generator)
    gap = scenario.gap + generator.normal(0, scenario.liking, clusters)
    gap = gap + scenario.by_size * (sizes / WEIGHTED_SIZE - 1)
    # half up and half down, so that without a gap both have one distribution
    chances = [np.clip(ease + half * gap, 0.003, 0.997)[groups] for half in (0.5, -0.5)]
    own, other = (_scores(scenario.kind, chance, generator) for chance in chances)
    same = generator.random(len(groups)) < scenario.agreement
    return Pairs(own, np.where(same, own, other), groups)


LEAST, MOST = 3, 24
# mean size of the document of a question: a tie to it leaves the mean over questions as it is
WEIGHTED_SIZE = sum(n * n for n in range(LEAST, MOST + 1)) / sum(range(LEAST, MOST + 1))


def _sizes(scenario: Scenario, clusters: int, generator: Generator) -> Codes:
    import numpy as np

    if scenario.sizes == "even":
        return np.full(clusters, 12)
    if scenario.sizes == "unequal":
        return generator.integers(LEAST, MOST + 1, clusters)
    return np.minimum(2 + generator.lognormal(1.6, 1.0, clusters), 120).astype(int)


def _ease(scenario: Scenario, clusters: int, generator: Generator) -> Floats:
    precision = (1 - scenario.alike) / scenario.alike
    a, b = scenario.score * precision, (1 - scenario.score) * precision
    return scenario.room + (1 - 2 * scenario.room) * generator.beta(a, b, clusters)


def _scores(kind: Kind, chance: Floats, generator: Generator) -> Floats:
    if kind == "binary":
        return (generator.random(chance.size) < chance).astype(float)
    return generator.beta(4 * chance, 4 * (1 - chance))
