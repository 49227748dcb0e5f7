"""The service itself: its addresses, each a few lines over the parts that do the work."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request, Response, Security
from fastapi.security import APIKeyHeader, HTTPBearer
from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crnn_seq2seq_ocr.inference.reader import Reader
from crnn_seq2seq_ocr.pages import formats
from crnn_seq2seq_ocr.pages.reader import PageReader
from crnn_seq2seq_ocr.pages.signs import SignReader
from crnn_seq2seq_ocr.pages.values import Page
from crnn_seq2seq_ocr.serve.answers import answer
from crnn_seq2seq_ocr.serve.clients import client_of
from crnn_seq2seq_ocr.serve.metrics import READING, Metrics
from crnn_seq2seq_ocr.serve.page import POLICY, page_files
from crnn_seq2seq_ocr.serve.page_schemas import MEDIA_TYPES, PAGE_ANSWERS, PageForm, PagesResponse
from crnn_seq2seq_ocr.serve.problems import Problem, mistake, tell_problems
from crnn_seq2seq_ocr.serve.requests import receive as take_in
from crnn_seq2seq_ocr.serve.schemas import PROBLEMS, READ_BODY, Model, ModelResult, Models, ReadResponse
from crnn_seq2seq_ocr.serve.service import Service
from crnn_seq2seq_ocr.serve.settings import ServeSettings
from crnn_seq2seq_ocr.serve.static import file_handler
from crnn_seq2seq_ocr.version import __version__

_WRITERS: dict[PageForm, Callable[[Page], str]] = {
    "text": formats.as_text,
    "hocr": formats.as_hocr,
    "alto": formats.as_alto,
    "page": formats.as_page_xml,
}

_ABOUT = "Reads pictures of text. Every error is a JSON problem (RFC 9457) that says what was wrong and what to do."
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_KEYS = [
    Security(HTTPBearer(auto_error=False, description="A key, as `Authorization: Bearer KEY`.")),
    Security(APIKeyHeader(name="X-API-Key", auto_error=False, description="The same, in a header of its own.")),
]
"""Both ways to send a key, for the description: `Keys` looks at it."""


def create_app(
    reader: Reader, settings: ServeSettings | None = None, *, pages: PageReader | SignReader | None = None
) -> FastAPI:
    """Create the ASGI application that serves a reader, and with `pages` whole photographs too."""
    settings = settings or ServeSettings()
    service = Service(reader, settings, pages)
    app = FastAPI(
        title="crnn-ocr",
        version=__version__,
        description=_ABOUT,
        lifespan=service.lifespan,
        docs_url=None,  # pages that load scripts from elsewhere
        redoc_url=None,
    )
    tell_problems(app)
    app.add_middleware(_Outermost, metrics=service.metrics)
    _reading(app, service)
    _reading_pages(app, service)
    _watching(app, service)
    _page(app)
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "X-API-Key"],
            expose_headers=["Retry-After"],
        )
    return app


def _reading(app: FastAPI, service: Service) -> None:
    open_to_all: dict[str, Any] = {} if service.settings.keys else {"security": [{}]}

    @app.post(
        "/v1/read",
        dependencies=_KEYS,
        summary="Read pictures",
        response_model=ReadResponse,
        response_model_exclude_none=True,
        responses=PROBLEMS,
        openapi_extra=READ_BODY | open_to_all,
    )
    async def read(request: Request) -> Response:
        """Read one or several texts, each from one picture or from several views of it.

        As a form: files named `picture`. As JSON: image files in base64. Names are only handed back; no file
        and no address that a request names is ever opened.
        """
        client = _client(request)
        service.keys.check(request.headers, client)
        with service.admitted(client) as take:
            asked = await take_in(request, service.settings, views=service.views, take=take)
            readings = await service.read(asked, request, client)
        preprocessing = service.description.preprocessing
        pairs = zip(asked.texts, readings, strict=True)
        answers = [answer(text, reading, asked.detail, preprocessing) for text, reading in pairs]
        content = ReadResponse(model=service.description.name, readings=answers)
        return Response(content.model_dump_json(exclude_none=True), media_type="application/json")

    @app.get(
        "/v1/models",
        dependencies=_KEYS,
        summary="What is served",
        responses={status: PROBLEMS[status] for status in (401, 429)},
        openapi_extra=open_to_all,
    )
    async def models(request: Request) -> Models:
        """List the models that are served, and what each was measured to read."""
        service.keys.check(request.headers, _client(request))
        return Models(models=[_model(service)])


def _reading_pages(app: FastAPI, service: Service) -> None:
    open_to_all: dict[str, Any] = {} if service.settings.keys else {"security": [{}]}

    @app.post(
        "/v1/pages",
        dependencies=_KEYS,
        include_in_schema=service.pages is not None,
        summary="Read whole photographs",
        response_model=PagesResponse,
        responses={**PROBLEMS, **PAGE_ANSWERS},
        openapi_extra=READ_BODY | open_to_all,
    )
    async def read_pages(request: Request, form: PageForm = "json") -> Response:
        """Find the text of one or several photographs or scanned pages, read it, and put it into reading order.

        The body is that of `/v1/read`, every picture a photograph of its own; `detail` changes nothing. Other forms
        than JSON are for one photograph.
        """
        client = _client(request)
        service.keys.check(request.headers, client)
        if service.pages is None:
            raise Problem(404, "no_pages", "this service reads single texts only: send crops to /v1/read")
        with service.admitted(client) as take:
            asked = await take_in(request, service.page_settings, views=1, take=take)
            if (asked.allow, asked.pattern) != (None, None):
                raise Problem(422, "invalid", "allow and pattern are for single texts: leave them out, or ask /v1/read")
            if form != "json" and len(asked.texts) > 1:
                raise Problem(422, "invalid", f"the form {form} is for one photograph: send one at a time")
            pages = await service.read_pages(asked, request, client)
        if form == "json":
            content = {"model": service.description.name, "pages": [page.to_dict() for page in pages]}
            return Response(json.dumps(content, ensure_ascii=False), media_type="application/json")
        written = await asyncio.to_thread(_WRITERS[form], pages[0])
        return Response(written, media_type=MEDIA_TYPES[form])


def _watching(app: FastAPI, service: Service) -> None:
    @app.get("/healthz", summary="Is it alive?")
    async def alive() -> dict[str, str]:
        """Answer that the process is alive."""
        return {"status": "alive"}

    @app.get("/readyz", summary="Does it read?", responses={503: PROBLEMS[503]})
    async def ready() -> dict[str, str]:
        """Answer whether the model is loaded and requests are taken."""
        if not service.batcher.ready:
            raise Problem(503, "not_ready", "the service takes no requests now: try again")
        return {"status": "ready"}

    @app.get("/metrics", summary="Numbers for Prometheus", response_class=Response)
    async def metrics() -> Response:
        """Report requests by status, their seconds, texts, sizes of batches, texts that wait."""
        return Response(service.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _page(app: FastAPI) -> None:
    for path, (content, media_type) in page_files().items():
        app.add_api_route(path, file_handler(content, media_type), methods=["GET", "HEAD"], include_in_schema=False)


class _Outermost:
    """Adds headers to every response, counts the requests to read, and answers where we made a mistake."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, started = time.monotonic(), False

        async def sent(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                MutableHeaders(scope=message).update(_HEADERS)
                if scope["path"] in READING:
                    self._metrics.request(scope["path"], message["status"], time.monotonic() - began)
            await send(message)

        try:
            await self._app(scope, receive, sent)
        except Exception as error:
            if started:
                raise
            await mistake(scope["method"], scope["path"], error)(scope, receive, sent)


def _model(service: Service) -> Model:
    description = service.description
    results = [
        ModelResult(data=each.data, samples=each.samples, sequence_accuracy=each.sequence_accuracy, cer=each.cer)
        for each in description.results
    ]
    return Model(
        name=description.name,
        about=description.about,
        views=service.views,
        characters=description.charset,
        max_length=description.max_length,
        pages=service.pages is not None,
        results=results,
    )


def _client(request: Request) -> str:
    return client_of(request.client.host if request.client else "")
