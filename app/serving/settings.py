"""How a server is set up: what it serves, within which limits, and who may ask."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from crossover import catalog
from crossover.errors import ConfigError
from crossover.roles import Model

TOKEN_VARIABLE = "CROSSOVER_SERVER_TOKEN"  # noqa: S105
SHORTEST_TOKEN = 16
NAMED = re.compile(r"([A-Za-z0-9_.-]+)=(?=\S)(.+)", re.DOTALL)


@dataclass(frozen=True)
class Settings:
    """Limits and the token.

    ``patience`` is the seconds that a client has to send a request or to take a piece of a reply;
    ``waiting`` how many requests may wait beside the ``concurrency`` that are answered.
    """

    max_body: int = 10_000_000
    timeout: float = 120.0
    patience: float = 30.0
    concurrency: int = 32
    waiting: int = 256
    token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        for name in ("max_body", "timeout", "patience", "concurrency"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} must be above 0, got {getattr(self, name)!r}")
        if self.waiting < 0:
            raise ConfigError(f"waiting must not be below 0, got {self.waiting}")
        if self.token and len(self.token) < SHORTEST_TOKEN:
            raise ConfigError(f"{TOKEN_VARIABLE} needs {SHORTEST_TOKEN} characters or more")


def token_from_environment() -> str:
    """The token that clients must send; empty where none is set."""
    return os.environ.get(TOKEN_VARIABLE, "").strip()


def check_address(host: str, token: str) -> None:
    """Raise ConfigError for an address that others can reach where no token keeps them out."""
    if token or is_loopback(host):
        return
    raise ConfigError(
        f"{host} can be reached from elsewhere: set {TOKEN_VARIABLE} to a secret of "
        f"{SHORTEST_TOKEN} characters or more, or bind 127.0.0.1"
    )


def is_loopback(host: str) -> bool:
    """Whether an address or the name localhost is this machine's own."""
    bare = host.strip("[]")
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return bare.lower() == "localhost"


def served_models(texts: Iterable[str]) -> dict[str, Model]:
    """Models by the name that clients know: ``NAME=TEXT``, else the text without its options.

    Options may hold addresses that are nobody else's business. Raises ConfigError: a model that
    cannot be used, or two of one name.
    """
    served: dict[str, Model] = {}
    for text in texts:
        named = NAMED.fullmatch(text)
        name, spec = named.groups() if named else (text.partition("(")[0], text)
        if name in served:
            raise ConfigError(f"two models are named {name}; name one: --model other={spec}")
        served[name] = catalog.load(Model, spec)
        check = getattr(served[name], "check", None)
        if check:
            check()
    return served


def loopback_header(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a request was addressed to this machine's own name: no page of others' was."""
    host = headers.get(b"host", b"").decode("latin-1")
    return is_loopback(re.sub(r":\d*$", "", host))
