"""What the OpenAPI description says beside the endpoints' own forms."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from crossover.app.serving.gate import OPEN


class ErrorDetail(BaseModel):
    """What went wrong."""

    message: str
    type: str
    param: str | None
    code: str
    request_id: str
    outcome: str | None = None


class ErrorReply(BaseModel):
    """The form of every error."""

    error: ErrorDetail


MEANINGS = {
    400: "No JSON, or documents that exceed the model's window.",
    401: "No valid token.",
    404: "No such model.",
    408: "The body did not arrive in time.",
    413: "The body is too large.",
    415: "Not sent as JSON.",
    422: "A field is wrong, or the model refused.",
    500: "The server failed.",
    502: "The model failed.",
    503: "Too many requests at once, or the model cannot be reached.",
    504: "No answer in time.",
}
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorReply, "description": meaning} for status, meaning in MEANINGS.items()
}


def described(app: FastAPI, *, secured: bool) -> None:
    """Have the description name the token where one is needed."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _schema(app, secured)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _schema(app: FastAPI, secured: bool) -> dict[str, Any]:
    schema = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    if not secured:
        return schema
    parts = schema.setdefault("components", {})
    parts["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    for path, operations in schema["paths"].items():
        for operation in operations.values() if path not in OPEN else ():
            operation["security"] = [{"token": []}]
    return schema
