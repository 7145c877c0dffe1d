"""One exception tree, so that ``except CrossoverError`` means ours.

CrossoverError
├── ConfigError           a text, grid, option or environment that cannot be used; the CLI exits 2
│   ├── UnknownName       no component, option or metric of that name
│   └── MissingExtra      an optional package is not installed
├── DataError             a file or record that cannot be read as what it claims to be
├── StoreError            a run's directory or database cannot be used
├── DamagedIndex          a kept index or vector store is corrupt, truncated or not one of ours
└── ModelError            a request that brought no usable reply; becomes an outcome, never a score
    ├── WindowError           outcome ``overflow``: the request exceeds the context window
    ├── UnsupportedRequest    outcome ``unsupported``: this model cannot serve it honestly
    ├── RefusedError          outcome ``refused``: a content filter or refusal
    ├── UnreadableReply       outcome ``failed:unreadable``: not in the form that was asked for
    ├── LimitReached          outcome ``stopped:LIMIT``: a limit of calls, tokens, dollars, seconds
    └── ProviderError         outcome ``failed:NAME``, for instance ``failed:timeout``
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class CrossoverError(Exception):
    """The root of every exception that Crossover raises on purpose."""


class ConfigError(CrossoverError):
    """A text, grid, option or environment that cannot be used as it stands."""


class UnknownName(ConfigError):
    """A name that nothing answers to; the message suggests the nearest ones that exist."""

    def __init__(self, name: str, where: str, known: Iterable[str]) -> None:
        self.name = name
        known = sorted(known)
        near = get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"there is: {', '.join(known) or 'nothing'}"
        super().__init__(f"no {name!r} in {where}; {hint}")


class MissingExtra(ConfigError):
    """An optional package that this component needs is not installed."""

    def __init__(self, package: str, extra: str, needed_by: str) -> None:
        super().__init__(
            f"{needed_by} needs the package {package}: pip install 'crossover-rag[{extra}]'"
        )


class DataError(CrossoverError):
    """A file or record that cannot be read as what it claims to be."""


class StoreError(CrossoverError):
    """A run's directory or database that cannot be used."""


class DamagedIndex(CrossoverError):
    """A kept index or vector store that is corrupt, truncated or not one of ours."""


class ModelError(CrossoverError):
    """A request that brought no usable reply; ``outcome`` is what its record will say."""

    outcome = "failed:model"


class WindowError(ModelError):
    """The request exceeds the model's context window."""

    outcome = "overflow"


class UnsupportedRequest(ModelError):
    """This model cannot serve this kind of request honestly."""

    outcome = "unsupported"


class RefusedError(ModelError):
    """The provider or the model refused to answer."""

    outcome = "refused"


class UnreadableReply(ModelError):
    """The reply is not in the form that was asked for (JSON, a verdict), so nothing follows."""

    outcome = "failed:unreadable"


class LimitReached(ModelError):
    """The next call would exceed a limit of the question; ``limit`` names it."""

    def __init__(self, limit: str, message: str) -> None:
        self.limit = limit
        self.outcome = f"stopped:{limit}"
        super().__init__(message)


class ProviderError(ModelError):
    """The provider failed; ``name`` says how (timeout, rate_limit, authentication, …)."""

    def __init__(self, name: str, message: str) -> None:
        self.name = name
        self.outcome = f"failed:{name}"
        super().__init__(message)
