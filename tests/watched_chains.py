"""An app whose router is watched."""

from crossover.router.policies.self_route import SelfRoute
from crossover.router.router import Router

MILL = ["Ada founded the mill in 1902.", "It stands in Ostrel, by the river."]


def chains():
    return {
        "rag": lambda question: "The text does not mention it." if "mayor" in question else "Ada",
        "full_context": lambda question: "Belo Trask",
    }


def bound(**other):
    return Router(SelfRoute()).bind(**{**chains(), **other})
