"""The router as a server."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from crossover.router.router import Router
    from crossover.router.watching.watched import Watched

MEGABYTE = 1_000_000


def serve(
    router: Annotated[
        Path | None, typer.Argument(help="A router's file.", show_default=False)
    ] = None,
    policy: Annotated[
        str, typer.Option(help="A policy instead of a file: rules(tokens=8000).")
    ] = "",
    model: Annotated[
        list[str] | None,
        typer.Option(help="Who answers: TEXT or NAME=TEXT; several times. [none: only decides]"),
    ] = None,
    host: Annotated[str, typer.Option(help="Address; a public one needs a token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port.")] = 8321,
    max_body: Annotated[float, typer.Option(help="Most megabytes of a request.")] = 10.0,
    timeout: Annotated[float, typer.Option(help="Most seconds of an answer.")] = 120.0,
    patience: Annotated[
        float, typer.Option(help="Seconds to send a request, or to take a piece of a reply.")
    ] = 30.0,
    concurrency: Annotated[int, typer.Option(help="Questions answered at once.")] = 32,
    waiting: Annotated[int, typer.Option(help="Requests that may wait for their turn.")] = 256,
    grace: Annotated[int, typer.Option(min=0, help="Seconds to end what is under way.")] = 30,
    log: Annotated[
        Path | None, typer.Option(help="Decision log to write; grades come to /feedback. [none]")
    ] = None,
    keep_days: Annotated[
        float | None, typer.Option(help="Days until logged decisions are deleted. [never]")
    ] = None,
    log_texts: Annotated[
        bool, typer.Option("--log-texts", help="Log questions and answers too.")
    ] = False,
    shadow: Annotated[
        Path | None, typer.Option(help="Another router's file, to decide beside this one. [none]")
    ] = None,
) -> None:
    """Serve a router over HTTP: decide, answer, and OpenAI's chat form.

    The token that clients must send is read from CROSSOVER_SERVER_TOKEN.
    """
    _check_installed()
    # no index of a client's documents stays on disk unless a cache is named
    os.environ.setdefault("CROSSOVER_CACHE", "off")
    from crossover.app.server import serve as serving
    from crossover.app.serving.settings import (
        Settings,
        check_address,
        served_models,
        token_from_environment,
    )

    token = token_from_environment()
    check_address(host, token)
    settings = Settings(
        int(max_body * MEGABYTE), timeout, patience, concurrency, waiting, token=token
    )
    chosen = _router(router, policy)
    models = served_models(model or ())
    watched = _watched(chosen, log, keep_days, log_texts, shadow)
    serving(chosen, models, settings, watched, host=host, port=port, grace=grace)


def _watched(
    router: Router, log: Path | None, keep_days: float | None, texts: bool, shadow: Path | None
) -> Watched | None:
    from crossover.errors import ConfigError
    from crossover.router.router import Router
    from crossover.router.watching.log import DecisionLog
    from crossover.router.watching.shadow import Shadowed
    from crossover.router.watching.watched import Watched

    if log is None:
        if shadow or keep_days or texts:
            raise ConfigError("--shadow, --keep-days and --log-texts need --log FILE")
        return None
    other = Router.load(shadow) if shadow else None
    kept = DecisionLog(log, keep_days=keep_days, texts=texts)
    return Shadowed(router, other, kept) if other else Watched(router, kept)


def _router(file: Path | None, policy: str) -> Router:
    from crossover import catalog
    from crossover.errors import ConfigError
    from crossover.roles import Policy
    from crossover.router.router import Router

    if (file is None) == (not policy):
        raise ConfigError("serve takes a router's file or --policy, one of them")
    if file is not None:
        return Router.load(file)
    return Router(catalog.load(Policy, policy, dotted=False))


def _check_installed() -> None:
    from importlib.util import find_spec

    from crossover.errors import MissingExtra

    for module, package in (
        ("fastapi", "fastapi"),
        ("uvicorn", "uvicorn"),
        ("prometheus_client", "prometheus-client"),
    ):
        if find_spec(module) is None:
            raise MissingExtra(package, "serve", "crossover serve")
