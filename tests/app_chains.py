"""The chains of an app, bound to routers."""

from crossover.decisions import Profile
from crossover.router.policies.rules import Rules
from crossover.router.policies.self_route import SelfRoute
from crossover.router.router import Router

QUESTION = "Who built the bridge?"
BUILT = "Ada Varn built the bridge of Ostrel in 1902."
SHORT, LONG = Profile(tokens=100), Profile(tokens=1_000_000)


def rag(question):
    return f"parts: {question}"


def full(question):
    return f"whole: {question}"


def declines(question):
    return "The text does not mention it."


def rules(**chains):
    return Router(Rules(tokens=8000)).bind(**{"rag": rag, "full_context": full, **chains})


def cascade(**chains):
    return Router(SelfRoute()).bind(**{"rag": rag, "full_context": full, **chains})
