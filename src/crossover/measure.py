"""Asking with the meter open: how every answer gets its cost, its time and its outcome."""

from __future__ import annotations

from dataclasses import replace

from crossover.errors import ConfigError, CrossoverError, DataError, LimitReached, ModelError
from crossover.limits import Limits, guarded
from crossover.meter import Meter, metered
from crossover.roles import Model, Strategy
from crossover.types import Answer, Question


def measured(
    strategy: Strategy,
    question: Question,
    model: Model,
    *,
    planning: bool = False,
    limits: Limits | None = None,
) -> Answer:
    """Answer a question and measure it; every failure but a wrong configuration is an outcome.

    A limit that the next call would exceed stops it, with the best answer so far.
    """
    with metered(planning, asker=repr(strategy)) as meter:
        if limits and not planning:
            strategy, model = guarded(strategy, model, limits)
        answer = _outcome(strategy, question, model, meter)
        seconds = meter.elapsed()
    timed, before = meter.stored_replies == 0, len(answer.trace)
    first = meter.first_token
    return replace(
        answer,
        usage=meter.usage,
        indexing=meter.indexing,
        index_bytes=meter.index_bytes,
        seconds=seconds if timed else None,
        critical_seconds=max(seconds - meter.saved, 0.0) if timed else None,
        first_token_seconds=None if first is None or not timed else min(first, seconds),
        trace=(*answer.trace, *(step.moved(before, None, step.branch) for step in meter.steps)),
    )


def _outcome(strategy: Strategy, question: Question, model: Model, meter: Meter) -> Answer:
    try:
        return strategy.answer(question, model)
    except ConfigError:
        raise
    except LimitReached as limit:
        best = meter.best or Answer("")
        return replace(best, outcome=limit.outcome, message=str(limit))
    except ModelError as error:
        return Answer("", outcome=error.outcome, message=str(error))
    except DataError as error:
        return Answer("", outcome="failed:data", message=str(error))
    except CrossoverError:
        raise
    except MemoryError as error:
        return Answer("", outcome="failed:memory", message=f"out of memory {error}".strip())
    # a defect in one strategy must not take the other answers of a long run with it
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        return Answer("", outcome="failed:internal", message=message)
