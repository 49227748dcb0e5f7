"""What clients are told when something is wrong: RFC 9457 problem details, JSON in every case."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"

_log = logging.getLogger(__name__)


class Problem(Exception):  # noqa: N818 (the word of the RFC)
    """Ends a request with a status of 400 or more.

    Args:
        status: Of HTTP.
        code: What kind of problem, one word for programs; it never changes.
        detail: What was wrong and what to do, a sentence for people.
        headers: To send along.
        more: Further members of the JSON object.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.headers, self.more = headers, more

    def response(self) -> JSONResponse:
        """Return the response to send."""
        content = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            **(self.more or {}),
        }
        return JSONResponse(content, self.status, headers=dict(self.headers or {}), media_type=MEDIA_TYPE)


def tell_problems(app: FastAPI) -> None:
    """Let every error of a request leave as a problem."""

    @app.exception_handler(Problem)
    async def answer(_request: Request, problem: Problem) -> JSONResponse:
        return problem.response()

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
        return Problem(error.status_code, code, _detail(request, error), headers=error.headers).response()


def mistake(method: str, path: str, error: Exception) -> JSONResponse:
    """Answer for our own mistakes: they are logged, and of no concern to strangers."""
    _log.error("%s %s failed", method, path, exc_info=error)
    detail = "the service made a mistake, which its log describes: try again, and tell whoever runs it"
    return Problem(500, "internal_error", detail).response()


def _detail(request: Request, error: HTTPException) -> str:
    """Say what to do about an address that is not there, or takes something else."""
    path = request.url.path
    match error.status_code:
        case 404:
            return f"there is nothing at {path}: the page is at /, what programs may ask is in /openapi.json"
        case 405:
            return f"{path} takes no {request.method}: send {(error.headers or {}).get('Allow', 'something else')}"
    return str(error.detail)
