"""Weighing strategies: expected quality less the price of what is still to be paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from crossover.decisions import Budget, Decision, Expected, Profile
from crossover.router.artefact import Artefact, price_of
from crossover.router.features.gathering import answered_features, asked_features, evidence
from crossover.router.features.meaning import embedded
from crossover.router.learner import Learner
from crossover.router.objective import UNITS
from crossover.types import Answer, Question

# how many reasons a decision gives
REASONS = 3


def decide(
    artefact: Artefact,
    question: Question,
    profile: Profile,
    budget: Budget,
    answers_so_far: Sequence[Answer],
) -> Decision:
    """Weigh every strategy; after the first answer, also keeping it."""
    after = bool(answers_so_far)
    features = _asked(artefact, question, profile, search=not after)
    if after:
        features |= answered_features(question, profile, answers_so_far[0])
    learner = _learner(artefact, after, evidence(question, profile) is not None)
    quality = learner.expect(features)
    for name, shift in zip(quality, artefact.offsets.get(profile.model, ()), strict=False):
        quality[name] += shift
    tokens = _held_tokens(profile, features)
    expected = {
        name: Expected(quality[name], **_costs(artefact, name, tokens, profile.model))
        for name in artefact.strategies
    }
    if not after and artefact.policy == "cascade":
        return _first(artefact, expected, budget)
    return _weighed(artefact, expected, features, learner, budget, answers_so_far)


def _costs(
    artefact: Artefact, name: str, tokens: float | None, model: str
) -> dict[str, float | None]:
    return {str(unit): artefact.costs.of(name, unit, tokens, model) for unit in UNITS}


def _first(artefact: Artefact, expected: Mapping[str, Expected], budget: Budget) -> Decision:
    """Ask the cheapest; its answer will stand where the budget holds nothing else."""
    first = artefact.strategies[0]
    left = [name for name in artefact.strategies[1:] if _within(expected[name], budget, ())]
    why = "it is the cheapest; its answer decides" if left else "nothing else is in the budget"
    return Decision(first, expected, None, (why,), final=not left)


def _weighed(
    artefact: Artefact,
    expected: Mapping[str, Expected],
    features: Mapping[str, float],
    learner: Learner,
    budget: Budget,
    answers: Sequence[Answer],
) -> Decision:
    """What is worth most; where that is not sure, the safe one."""
    first = artefact.strategies[0]
    worth = {
        name: (one.quality or 0.0) - _price(artefact, one, paid=bool(answers) and name == first)
        for name, one in expected.items()
        if (answers and name == first) or _within(one, budget, answers)
    } or {first: 0.0}
    best = max(worth, key=lambda name: worth[name])
    why = [f"worth {worth[best]:.2f} of quality less cost"]
    caution = artefact.caution
    if caution and caution.safe in worth and best != caution.safe:
        margin = worth[best] - worth[caution.safe]
        if margin < caution.threshold:
            best, why = caution.safe, [f"not sure: only {margin:.2f} better than the safe one"]
    others = [value for name, value in worth.items() if name != best]
    lead = worth[best] - max(others) if others else None
    why += _reasons(learner, features, best, first)
    kept = bool(answers) and best == first
    return Decision(best, expected, _certainty(artefact, lead), tuple(why), keep=kept)


def _price(artefact: Artefact, one: Expected, *, paid: bool) -> float:
    if paid:
        return 0.0
    return price_of(one, artefact.prices)


def _asked(
    artefact: Artefact, question: Question, profile: Profile, *, search: bool
) -> dict[str, float]:
    traits = artefact.traits.get(profile.model, {})
    found = asked_features(question, profile, traits, search=search)
    if artefact.meaning is None or not search:
        return found
    return found | artefact.meaning.features(embedded([question.text])[0])


def _learner(artefact: Artefact, after: bool, texts: bool) -> Learner:
    stage = "after" if after else "before"
    return artefact.learners[stage if texts else f"{stage} without texts"]


def _held_tokens(profile: Profile, features: Mapping[str, float]) -> float | None:
    if profile.tokens is not None:
        return float(profile.tokens)
    logged = features.get("documents.log_tokens", float("nan"))
    return None if np.isnan(logged) else float(np.exp(logged))


def _within(one: Expected, budget: Budget, answers: Sequence[Answer]) -> bool:
    """Whether a strategy is expected to stay within what is left of the budget."""
    for unit in UNITS:
        most, cost = getattr(budget, unit), getattr(one, unit)
        if most is None:
            continue
        spent = sum(_spent(answer, unit) for answer in answers)
        if cost is None or spent + cost > most:
            return False
    return True


def _spent(answer: Answer, unit: str) -> float:
    if unit == "seconds":
        return answer.seconds or 0.0
    if unit == "dollars":
        return answer.usage.dollars or 0.0
    return float((answer.usage.input_tokens or 0) + (answer.usage.output_tokens or 0))


def _reasons(learner: Learner, features: Mapping[str, float], best: str, first: str) -> list[str]:
    """The features that speak most for the choice, in their names."""
    others = [name for name in learner.strategies if name != first]
    about = best if best != first else (others[0] if others else first)
    sign = 1 if best != first else -1
    parts = [(name, sign * part) for name, part in learner.reasons(features, about)]
    return [f"{_said(name)} ({part:+.2f})" for name, part in parts if part > 0][:REASONS]


@lru_cache(maxsize=512)
def _said(name: str) -> str:
    group, _, rest = name.partition(".")
    return f"{group}: {rest.replace('_', ' ')}"


def _certainty(artefact: Artefact, margin: float | None) -> float | None:
    margins, shares = artefact.certainty
    if margin is None or not len(margins):
        return None
    return float(np.interp(margin, margins, shares))
