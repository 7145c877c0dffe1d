"""What Prometheus reads: counts, costs and times, by names that the operator chose alone."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from crossover.decisions import Decision
from crossover.router.following import Route
from crossover.router.watching.log import DecisionLog
from crossover.types import Answer

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
SLOW = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0)


class Figures:
    """A registry of its own for each server. No label comes from a request's content."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()

        def counter(name: str, about: str, *labels: str) -> Counter:
            return Counter(f"crossover_{name}", about, labels, registry=self.registry)

        def histogram(name: str, about: str, buckets: Sequence[float], *labels: str) -> Histogram:
            return Histogram(
                f"crossover_{name}", about, labels, registry=self.registry, buckets=buckets
            )

        self.requests = counter("requests", "Requests by route and status.", "route", "status")
        self.request_seconds = histogram(
            "request_seconds", "Seconds from a request's head to its end.", SLOW, "route"
        )
        self.inside = Gauge(
            "crossover_requests_inside",
            "Requests that are answered or wait for their turn.",
            registry=self.registry,
        )
        self.decisions = counter("decisions", "Decisions by the strategy chosen.", "strategy")
        self.decide_seconds = histogram("decide_seconds", "Seconds of a decision.", FAST)
        self.deciding_failed = counter("deciding_failed", "Decisions that failed.")
        self.passes = counter(
            "passes", "Strategies asked, by what became of it.", "strategy", "outcome"
        )
        self.answers = counter("answers", "Answers by who gave it.", "strategy", "model", "outcome")
        self.answer_seconds = histogram("answer_seconds", "Seconds of an answer.", SLOW, "strategy")
        self.escalations = counter(
            "escalations", "Another strategy was asked by decision, after an answer.", "strategy"
        )
        self.fallbacks = counter(
            "fallbacks", "A strategy was asked because another had failed.", "strategy"
        )
        self.tokens = counter("tokens", "Tokens of all passes.", "model", "kind")
        self.dollars = counter("dollars", "Dollars of all passes, where known.", "model")
        self.unpriced = counter("unpriced", "Answers whose dollars are not known.", "model")
        self.grades = counter("feedback", "Grades given.")

    def watch(self, log: DecisionLog) -> None:
        """Show what the decision log could not keep."""
        lost = Gauge(
            "crossover_log_dropped",
            "Rows that the decision log could not keep.",
            registry=self.registry,
        )
        lost.set_function(lambda: log.dropped)

    def decided(self, decision: Decision, seconds: float) -> None:
        """Count one decision."""
        self.decisions.labels(decision.strategy).inc()
        self.decide_seconds.observe(seconds)

    def answered(self, model: str, answer: Answer, route: Route | None) -> None:
        """Count an answer, whatever its outcome, with the whole of its cost."""
        strategy = route.strategy if route and route.asked else ""
        self.answers.labels(strategy, model, answer.outcome).inc()
        self.answer_seconds.labels(strategy).observe(answer.seconds or 0.0)
        self.tokens.labels(model, "input").inc(answer.usage.input_tokens or 0)
        self.tokens.labels(model, "output").inc(answer.usage.output_tokens or 0)
        self.dollars.labels(model).inc(answer.usage.dollars or 0.0)
        if answer.usage.dollars is None:
            self.unpriced.labels(model).inc()
        if route:
            self._passed(route)

    def _passed(self, route: Route) -> None:
        for place, (strategy, answer) in enumerate(route.asked):
            self.passes.labels(strategy, answer.outcome).inc()
            if place and place < len(route.asked) - len(route.fell_back):
                self.escalations.labels(strategy).inc()
        for strategy in route.fell_back:
            self.fallbacks.labels(strategy).inc()

    def text(self) -> bytes:
        """Everything in Prometheus's text form."""
        return generate_latest(self.registry)
