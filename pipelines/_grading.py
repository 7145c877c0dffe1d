"""Having a model judge passages: the one verdict that all can give, and who can't write at all."""

from __future__ import annotations

import re
from collections.abc import Sequence

from crossover.errors import UnreadableReply, UnsupportedRequest
from crossover.pipelines._answering import with_choices
from crossover.roles import Model
from crossover.types import DO_THEY_ANSWER, Completion, Passage, Question, Request

# a word and a short reason
VERDICT_TOKENS = 64
VERDICT = re.compile(
    r"\W*(?:(?:verdict|answer)\W+)?(yes|no)\b(?!\W*(?:or\W+)?(?:yes|no)\b)", re.IGNORECASE
)


def do_they_answer(question: Question, passages: Sequence[Passage]) -> Request:
    """Ask whether the passages answer the question, in the words that every model understands."""
    return Request(
        DO_THEY_ANSWER,
        with_choices(question),
        tuple(passages),
        wants="verdict",
        max_tokens=VERDICT_TOKENS,
    )


def says_yes(reply: Completion) -> bool:
    """Read a verdict; raises UnreadableReply where it is neither yes nor no."""
    found = VERDICT.match(reply.text)
    if not found:
        said = " ".join(reply.text.split())[:100]
        raise UnreadableReply(f"expected yes or no; the model replied {said!r}")
    return found.group(1).lower() == "yes"


def must_write(model: Model, strategy: str, needs: str) -> None:
    """Raise UnsupportedRequest for a model that only quotes, before any call is paid for."""
    if not getattr(model, "writes", True):
        raise UnsupportedRequest(f"{strategy} needs {needs}; {model!r} only quotes")
