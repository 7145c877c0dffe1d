"""The router over HTTP: decide, answer, and OpenAI's chat form."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.exceptions import HTTPException

from crossover.app.serving import problems
from crossover.app.serving.asking import Asking, Served
from crossover.app.serving.bodies import AnswerRequest, DecideBody, FeedbackBody
from crossover.app.serving.chat import ChatBody, chunks, completion, event
from crossover.app.serving.described import ERRORS, described
from crossover.app.serving.figures import CONTENT_TYPE
from crossover.app.serving.gate import Gate, seen
from crossover.app.serving.patience import impatient
from crossover.app.serving.problems import Problem, Refused
from crossover.app.serving.routing import place_of
from crossover.app.serving.settings import Settings, check_address
from crossover.app.serving.shown import (
    AnswerReply,
    DecisionReply,
    ModelReply,
    ModelsReply,
    decision_reply,
)
from crossover.errors import ConfigError
from crossover.models._failures import shortened
from crossover.roles import Model
from crossover.router.router import Router
from crossover.router.watching.watched import Watched

LOG = logging.getLogger("crossover.serving")
STRATEGY_HEADER = "X-Crossover-Strategy"
# an idle stream says that it lives, for proxies
HEARTBEAT = 15.0


def build_app(
    router: Router,
    models: Mapping[str, Model],
    settings: Settings,
    watched: Watched | None = None,
) -> FastAPI:
    """The server as an ASGI app; raises ConfigError where a strategy cannot be loaded.

    ``models`` are known to clients by their names, the first is the default; with none it only
    decides. ``watched`` is the same router with its decision log, which is closed at the end.
    """
    served = Served(router, models, settings, watched)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        served.ready = True
        yield
        served.ready = False
        served.end()

    app = FastAPI(
        title="Crossover router",
        version="1",
        description="Which strategy answers a question best for its price, and its answer.",
        docs_url=None,
        redoc_url=None,
        lifespan=life,
    )
    app.add_middleware(Gate, settings=settings, figures=served.figures)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_problem)
    app.add_exception_handler(Refused, _refused)
    _add_state(app, served)
    _add_asking(app, served)
    described(app, secured=bool(settings.token))
    return app


def serve(
    router: Router,
    models: Mapping[str, Model],
    settings: Settings,
    watched: Watched | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 8321,
    grace: int = 30,
) -> None:
    """Serve until SIGINT or SIGTERM, then let requests under way end for ``grace`` seconds.

    Raises ConfigError for a public address without a token and for a port in use.
    """
    check_address(host, settings.token)
    app = build_app(router, models, settings, watched)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for name in (LOG.name, "crossover.watching", "uvicorn"):
        logging.getLogger(name).setLevel(logging.INFO)
    server = uvicorn.Server(config(app, settings, host, port, grace))
    try:
        server.run()
    except KeyboardInterrupt:
        return
    except SystemExit:
        raise ConfigError(f"cannot serve on {host}:{port}: is it in use?") from None


def config(
    app: FastAPI, settings: Settings, host: str, port: int, grace: int = 30
) -> uvicorn.Config:
    """How uvicorn is started: no access log of its own, no header that says what it is."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=impatient(settings.patience),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=grace,
        backlog=2048,
        limit_concurrency=4 * (settings.concurrency + settings.waiting) + 64,
    )


def _add_state(app: FastAPI, served: Served) -> None:
    @app.get("/health", summary="Whether the process lives")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/ready", summary="Whether requests are taken", responses={503: ERRORS[503]})
    async def ready() -> Response:
        if served.ready:
            return JSONResponse({"status": "ready"})
        return JSONResponse({"status": "stopping"}, 503)

    @app.get("/metrics", summary="Prometheus metrics", response_class=Response)
    async def metrics() -> Response:
        return Response(served.figures.text(), media_type=CONTENT_TYPE)

    @app.get("/v1/models", summary="The served models, in OpenAI's form")
    async def models() -> ModelsReply:
        return ModelsReply(data=[ModelReply(id=name) for name in served.models])


def _add_asking(app: FastAPI, served: Served) -> None:
    @app.post("/decide", summary="Which strategy is asked next", responses=ERRORS)
    async def decide(body: DecideBody, request: Request) -> DecisionReply:
        decision = await served.decide(body, request)
        seen(request.scope).strategy = decision.strategy
        return decision_reply(decision)

    @app.post("/answer", summary="Answer over documents", responses=ERRORS)
    async def answer(body: AnswerRequest, request: Request) -> AnswerReply:
        asking = served.asking(body.model, body.built(), body.limits())
        if body.stream:
            told = _progress(asking, seen(request.scope).request_id)
            return StreamingResponse(told, media_type="text/event-stream")  # type: ignore[return-value]
        return await _answered(asking, request)

    @app.post("/feedback", summary="Grade an answer", status_code=204, responses=ERRORS)
    async def feedback(body: FeedbackBody) -> None:
        await served.graded(body)

    @app.post("/v1/chat/completions", summary="OpenAI's chat form, routed", responses=ERRORS)
    async def chat(body: ChatBody, request: Request) -> Response:
        body.check()
        asking = served.asking(body.model, body.built(), body.limits())
        reply = await _answered(asking, request)
        headers = {STRATEGY_HEADER: _header(reply.strategy)}
        if body.stream:
            pieces = chunks(reply, body.wants_usage)
            return StreamingResponse(
                _each(list(pieces)), media_type="text/event-stream", headers=headers
            )
        return JSONResponse(completion(reply), headers=headers)


async def _answered(asking: Asking, request: Request) -> AnswerReply:
    """The whole answer, unless the client goes away; raises Refused."""
    waiting = asyncio.ensure_future(asking.result(seen(request.scope).request_id))
    leaving = asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait({waiting, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            raise Refused(problems.CLOSED)
        reply = waiting.result()
        seen(request.scope).strategy = reply.strategy
        return reply
    finally:
        for task in (waiting, leaving):
            task.cancel()


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        continue


async def _progress(asking: Asking, request_id: str) -> AsyncIterator[bytes]:
    """Server-sent events: decided, asked and replied as they come, then answer and usage."""
    waiting = asyncio.ensure_future(asking.result(request_id))
    try:
        while (told := await asking.told(waiting, HEARTBEAT)) is not None:
            name, about = told
            yield event(about, name) if name else b": waiting\n\n"
        reply = waiting.result().model_dump()
        usage = reply.pop("usage")
        yield event(reply, "answer")
        yield event(usage, "usage")
    except Refused as refused:
        yield event(refused.problem.content(request_id), "error")
    # the head is sent: what fails now can only be an event
    except Exception as error:
        LOG.error("/answer failed: %s request=%s", place_of(error), request_id)
        yield event(problems.INTERNAL.content(request_id), "error")
    finally:
        waiting.cancel()
    yield event({}, "done")


async def _each(pieces: list[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def _header(text: str) -> str:
    return "".join(letter if " " <= letter <= "~" else "?" for letter in text)


async def _refused(request: Request, error: Exception) -> Response:
    return _said(request, error.problem if isinstance(error, Refused) else problems.INTERNAL)


def _said(request: Request, problem: Problem) -> Response:
    body = problem.body(seen(request.scope).request_id)
    return Response(body, problem.status, problem.headers, "application/json")


async def _invalid(request: Request, error: Exception) -> Response:
    """Say which field is wrong and how; what was sent is not repeated."""
    found = error.errors()[0] if isinstance(error, RequestValidationError) else {}
    if str(found.get("type", "")).startswith("json"):
        return _said(request, problems.UNREADABLE)
    place = ".".join(str(step) for step in found.get("loc", ())[1:])
    message = shortened(f"{place}: {found.get('msg', 'is not as described')}".removeprefix(": "))
    return _said(request, Problem(422, "invalid", message, param=place[:100] or None))


async def _http_problem(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    known = {
        404: Problem(404, "not_found", "there is no such address; see /openapi.json"),
        405: Problem(405, "method_not_allowed", "this address takes another method"),
        400: problems.UNREADABLE,
    }
    return _said(request, known.get(status, problems.INTERNAL))
