"""A model that somebody else asked: its published answers, played by the strategy ``replay``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, NoReturn

from annotated_types import Ge

from crossover.errors import ConfigError, UnsupportedRequest
from crossover.roles import Model, ReleasedAnswers
from crossover.tokens import count_tokens
from crossover.types import Completion, Request


@dataclass(frozen=True, slots=True)
class Released(Model):
    """The published answers of a model, by the name they were published under.

    It is no live model: only ``replay`` can use it, on a dataset that holds its answers. Tokens
    are counted in o200k.
    """

    prefix: ClassVar[str] = "released:"
    version: ClassVar[int] = 1

    name: str = field(metadata={"help": "the model's name in the dataset, such as gpt-4o"})
    context_window: Annotated[int, Ge(1)] = field(
        default=128_000, metadata={"help": "its context window in tokens"}
    )
    _answers: Mapping[tuple[str, str], str] | None = field(
        default=None, init=False, repr=False, compare=False
    )

    def bound(self, dataset: ReleasedAnswers) -> Model:
        """Return this model with the dataset's answers; raises ConfigError where there are none."""
        if not isinstance(dataset, ReleasedAnswers):
            raise ConfigError(
                f"{self.prefix}{self.name} plays released answers, but "
                f"{type(dataset).__name__.lower()} holds none; take a dataset that does, like lara"
            )
        bound = Released(self.name, self.context_window)
        object.__setattr__(bound, "_answers", dataset.released(self.name))
        return bound

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the answers it is bound to: other files are other answers."""
        return hashlib.sha256(repr(sorted((self._answers or {}).items())).encode()).hexdigest()

    def prediction(self, question_id: str, arm: str) -> str:
        """Return the published answer, empty where the call failed then.

        Raises UnsupportedRequest where nothing was published for the question.
        """
        if self._answers is None:
            raise UnsupportedRequest(f"{self.prefix}{self.name} is bound to no dataset")
        try:
            return self._answers[arm, question_id]
        except KeyError:
            raise UnsupportedRequest(
                f"{self.prefix}{self.name} has no released {arm} answer to question {question_id}"
            ) from None

    @property
    def window(self) -> int:
        """The context window in tokens."""
        return self.context_window

    def count(self, text: str) -> int:
        """Count the text's tokens in o200k."""
        return count_tokens(text)

    def complete(self, request: Request) -> Completion:
        """Raise UnsupportedRequest: there is nobody to ask."""
        self._refuse()

    def complete_many(self, requests: Sequence[Request]) -> list[Completion]:
        """Raise UnsupportedRequest: there is nobody to ask."""
        self._refuse()

    def stream(self, request: Request) -> Iterator[str]:
        """Raise UnsupportedRequest: there is nobody to ask."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise UnsupportedRequest(
            f"{self.prefix}{self.name} is published answers, not a live model; use strategy replay"
        )
