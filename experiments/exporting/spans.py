"""Stored traces as OpenTelemetry spans, by the GenAI semantic conventions.

Attribute names are those of OpenTelemetry's semantic conventions 1.44.0, the last that hold
``gen_ai.*`` before it moved to a repository of its own; what Crossover adds is ``crossover.*``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from crossover import notation
from crossover.errors import MissingExtra
from crossover.experiments.exporting._placing import placed
from crossover.experiments.statistics import ROUNDING
from crossover.types import Answer, Step, Usage

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
    from opentelemetry.trace import Span, Tracer

SCHEMA = "https://opentelemetry.io/schemas/1.44.0"
BILLION = 1_000_000_000
USED = {
    "input_tokens": "gen_ai.usage.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
    "cached_tokens": "gen_ai.usage.cache_read.input_tokens",
    "reasoning_tokens": "gen_ai.usage.reasoning.output_tokens",
    "calls": "crossover.usage.calls",
    "dollars": "crossover.usage.dollars",
    "compute_seconds": "crossover.usage.compute_seconds",
}
# a step's name begins like this; anything else is no operation of the conventions
OPERATIONS = {
    "model call": "chat",
    "passages read": "chat",
    "embedding": "embeddings",
    "index opened": "retrieval",
    "search": "retrieval",
}
# where the conventions call a provider otherwise than LangChain does
PROVIDERS = {
    "azure_openai": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "google_genai": "gcp.gemini",
    "google_vertexai": "gcp.vertex_ai",
    "google_anthropic_vertex": "gcp.vertex_ai",
    "mistralai": "mistral_ai",
    "xai": "x_ai",
}


@dataclass(frozen=True, slots=True)
class Told:
    """An answer with what stands around it: whose, to what, when, and how it was scored.

    ``key`` names it for good: the same one gets the same trace and span ids.
    """

    key: str
    answer: Answer
    dataset: str
    example: str
    strategy: str
    model: str
    finished: float
    scores: Mapping[str, float]


class Spans:
    """Makes spans of answers; raises MissingExtra without OpenTelemetry's SDK.

    With ``content``, answers and what steps say of themselves (queries, for instance) are told.
    """

    def __init__(self, *, content: bool = False) -> None:
        try:
            from opentelemetry.sdk.trace.export import SimpleSpanProcessor
            from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
        except ImportError:
            raise MissingExtra("opentelemetry-sdk", "otel", "exporting spans") from None
        self.content = content
        self._ids = _ids()
        self._kept = InMemorySpanExporter()
        provider = _provider(self._ids)
        provider.add_span_processor(SimpleSpanProcessor(self._kept))
        self._tracer: Tracer = provider.get_tracer("crossover", schema_url=SCHEMA)

    def of(self, told: Told) -> tuple[ReadableSpan, ...]:
        """The spans of one answer, its root last; when steps ran is worked out (``placed``).

        A step's ``gen_ai.usage`` is its own; what of the answer's no step accounts for stands on
        the root, so that the sum over all spans is the answer's.
        """
        self._ids.begin(told.key)
        self._kept.clear()
        end = int(told.finished * BILLION)
        start = end - int((told.answer.seconds or 0.0) * BILLION)
        root = self._tracer.start_span(
            f"invoke_workflow {_name(told.strategy)}", start_time=start, context=_no_context()
        )
        root.set_attributes({**self._about(told), **_used(_left(told.answer))})
        for name, value in told.scores.items():
            scored: dict[str, str | float] = {"gen_ai.evaluation.name": name}
            scored["gen_ai.evaluation.score.value"] = value
            root.add_event("gen_ai.evaluation.result", scored, end)
        latest = self._steps(told, root, start)
        if not told.answer.scorable:
            _fail(root, told.answer)
        root.end(max(end, latest))
        return tuple(self._kept.get_finished_spans())

    def _about(self, told: Told) -> dict[str, Any]:
        answer = told.answer
        found = {
            "gen_ai.operation.name": "invoke_workflow",
            "gen_ai.workflow.name": told.strategy,
            **_asked(told.model),
            "crossover.dataset": told.dataset,
            "crossover.example": told.example,
            "crossover.strategy": told.strategy,
            "crossover.model": told.model,
            "crossover.outcome": answer.outcome,
            "crossover.passages": len(answer.passages),
        }
        times = {name: getattr(answer, f"{name}_seconds") for name in ("first_token", "critical")}
        found |= {f"crossover.{n}_seconds": s for n, s in times.items() if s is not None}
        return found | ({"crossover.answer": answer.text} if self.content else {})

    def _steps(self, told: Told, root: Span, start: int) -> int:
        """Make a span of every step; return when the last one ends."""
        spans: list[Span] = []
        times = [tuple(start + int(s * BILLION) for s in one) for one in placed(told.answer.trace)]
        for step, (begin, _) in zip(told.answer.trace, times, strict=True):
            parent = root if step.parent is None else spans[step.parent]
            spans.append(self._step(told, step, parent, begin))
        for span, (_, end) in reversed(list(zip(spans, times, strict=True))):
            span.end(end)
        return max((end for _, end in times), default=start)

    def _step(self, told: Told, step: Step, parent: Span, begin: int) -> Span:
        from opentelemetry.trace import SpanKind, set_span_in_context

        operation = _operation(step)
        model = _asked(_model_of(step, told.model)) if operation == "chat" else {}
        name = f"{operation} {model['gen_ai.request.model']}" if model else step.name
        attributes: dict[str, Any] = {"crossover.step": step.name, **_used(step.usage)}
        attributes |= {"gen_ai.operation.name": operation, **model} if operation else {}
        attributes |= {"crossover.prompt.sha256": step.prompt} if step.prompt else {}
        attributes |= {} if step.branch is None else {"crossover.branch": step.branch}
        attributes |= {"crossover.detail": step.detail} if self.content and step.detail else {}
        return self._tracer.start_span(
            name,
            context=set_span_in_context(parent),
            kind=SpanKind.CLIENT if model else SpanKind.INTERNAL,
            attributes=attributes,
            start_time=begin,
        )


def _used(usage: Usage | None) -> dict[str, int | float]:
    """What is known of a usage and is not nothing."""
    found = {USED[one.name]: getattr(usage, one.name) for one in fields(Usage)} if usage else {}
    return {name: value for name, value in found.items() if value}


def _left(answer: Answer) -> Usage:
    """What the answer took beyond its steps; unknown where either is."""
    steps = sum((step.usage for step in answer.trace if step.usage), Usage())
    return Usage(
        *(_less(getattr(answer.usage, f.name), getattr(steps, f.name)) for f in fields(Usage))
    )


def _less(whole: Any, part: Any) -> Any:
    if whole is None or part is None:
        return None
    left = whole - part
    return left if isinstance(left, int) or abs(left) > ROUNDING else 0.0


def _operation(step: Step) -> str:
    return next((o for name, o in OPERATIONS.items() if step.name.startswith(name)), "")


def _model_of(step: Step, answering: str) -> str:
    """Providers' models say which they are; all else is the model that answers."""
    said = step.detail.partition(";")[0]
    return said if step.name == "model call" and ":" in said and " " not in said else answering


def _asked(model: str) -> dict[str, str]:
    """Provider and model as the conventions want them; what runs in this process is our own."""
    provider, _, name = _name(model).partition(":")
    if not name:
        return {"gen_ai.provider.name": "crossover", "gen_ai.request.model": provider}
    provider = PROVIDERS.get(provider, provider)
    return {"gen_ai.provider.name": provider, "gen_ai.request.model": name}


def _name(text: str) -> str:
    return notation.call(text).name


def _fail(root: Span, answer: Answer) -> None:
    from opentelemetry.trace import Status, StatusCode

    root.set_attribute("error.type", answer.outcome)
    root.set_status(Status(StatusCode.ERROR))


def _no_context() -> Context:
    """A root is nobody's child, whatever span the calling program has open."""
    from opentelemetry.context import Context

    return Context()


def _provider(ids: Any) -> TracerProvider:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import SpanLimits, TracerProvider
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON

    return TracerProvider(
        sampler=ALWAYS_ON,
        resource=Resource.create({"service.name": "crossover"}),
        shutdown_on_exit=False,
        id_generator=ids,
        span_limits=SpanLimits(max_events=SpanLimits.UNSET),
    )


def _ids() -> Any:
    from opentelemetry.sdk.trace.id_generator import IdGenerator

    class Ids(IdGenerator):
        """Ids that follow from an answer's key, so that a second export doubles nothing."""

        key, number = "", 0

        def begin(self, key: str) -> None:
            self.key, self.number = key, 0

        def generate_trace_id(self) -> int:
            return self._drawn("trace", 16)

        def generate_span_id(self) -> int:
            self.number += 1
            return self._drawn(f"span {self.number}", 8)

        def _drawn(self, what: str, size: int) -> int:
            digest = hashlib.sha256(f"{self.key} {what}".encode()).digest()
            return int.from_bytes(digest[:size]) or 1

    return Ids()
