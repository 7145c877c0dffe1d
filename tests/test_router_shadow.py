"""A shadow decides beside the router and changes no answer."""

import time
from dataclasses import replace

import pytest
from watched_chains import MILL, bound

from crossover.decisions import Decision
from crossover.roles import Policy
from crossover.router.policies.fixed import Fixed
from crossover.router.policies.rules import Rules
from crossover.router.policies.self_route import SelfRoute
from crossover.router.router import Router
from crossover.router.watching.shadow import Shadowed, agreement


class _Breaking(Policy):
    """A shadow that fails, or sleeps."""

    def __init__(self, seconds=0.0):
        self.seconds = seconds

    @property
    def strategies(self):
        return ("rag", "full_context")

    def decide(self, question, profile, budget, answers_so_far=()):
        time.sleep(self.seconds)
        if not self.seconds:
            raise RuntimeError("broken")
        return Decision("full_context")


def _same(answer):
    """All of an answer but its clock times."""
    trace = tuple(replace(step, seconds=None) for step in answer.trace)
    return replace(
        answer, seconds=None, critical_seconds=None, first_token_seconds=None, trace=trace
    )


@pytest.mark.parametrize("other", [Rules(tokens=5), _Breaking(), _Breaking(0.3)])
def test_a_shadow_changes_no_answer(log, other, monkeypatch):
    import crossover.router.watching.shadow as shadow

    monkeypatch.setattr(shadow, "router_name", lambda router: "other")
    asked = ["Who is mayor?", "Who built the mill?", "Where is Ostrel?"] * 5
    shadowed = Shadowed(bound(), Router(other), log)
    started = time.perf_counter()
    found = [shadowed.answer(question) for question in asked]
    assert time.perf_counter() - started < 1
    alone = [bound().answer(question) for question in asked]
    assert [_same(one) for one in found] == [_same(one) for one in alone]
    assert shadowed.settle(20)
    assert [row.strategy for row in log.rows()] == ["full_context", "rag", "rag"] * 5
    assert len(log.shadows()) == len(asked)


def test_a_shadow_is_held_against_the_router(log):
    shadowed = Shadowed(bound(), Router(Fixed("rag")), log)
    for question in ("Who is mayor?", "Who built the mill?"):
        name = shadowed.ask(question).id
        log.feedback(name, 1)
        log.feedback(name, 0.5, "rag")
    assert shadowed.settle()
    found = agreement(log, "fixed")
    assert (found.questions, found.same) == (2, 1)
    assert found.switches == {("full_context", "rag"): 1}
    assert found.quality == (0.75, 0.5)
    looking = Shadowed(Router(Fixed("full_context")), Router(SelfRoute()), log)
    looking.answer("Who?", MILL, model="fake")
    assert looking.settle()
    # it would look at an answer that nobody asked for
    assert agreement(log, "self_route").unsettled == 1


def test_a_hanging_shadow_fills_no_memory(log, monkeypatch):
    import crossover.router.watching.shadow as shadow

    monkeypatch.setattr(shadow, "WAITING", 2)
    monkeypatch.setattr(shadow, "router_name", lambda router: "hanging")
    shadowed = Shadowed(bound(), Router(_Breaking(0.5)), log)
    for _ in range(10):
        assert shadowed.answer("Who built it?").text == "Ada"
    assert log.lost["shadows"] >= 7
