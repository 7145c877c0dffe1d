"""A model that is not asked: what a dry run counts with."""

from __future__ import annotations

from dataclasses import replace

from crossover import meter
from crossover.models._rendering import rendered_text
from crossover.types import Completion, Request, Step, Usage
from crossover.wrapped import Wrapped


class Planned(Wrapped):
    """Counts what the model behind it would read, asks it nothing and assumes the longest reply."""

    def complete(self, request: Request) -> Completion:
        """Bill the request as if it had been answered at full length."""
        tokens = self.model.count(sent_text(request))
        usage = Usage(input_tokens=tokens, output_tokens=request.max_tokens, calls=1)
        price = getattr(self.model, "dollars", None)
        usage = replace(usage, dollars=price(usage)) if price else usage
        meter.current().charge(usage, Step("planned call"))
        return Completion("planned", usage)


def sent_text(request: Request) -> str:
    """Everything that a model is sent, the tools that it may call included: what is counted."""
    return "\n".join((rendered_text(request), *map(str, request.tools)))
