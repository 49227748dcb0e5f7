"""The labelling page and the few addresses it asks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from fastapi import Body, FastAPI, Query
from fastapi.responses import FileResponse
from pydantic import BaseModel, StringConstraints

from crnn_seq2seq_ocr.errors import CrnnOcrError
from crnn_seq2seq_ocr.labelling.guard import Guard
from crnn_seq2seq_ocr.labelling.queue import Item, Queue
from crnn_seq2seq_ocr.labelling.training import Progress, Training
from crnn_seq2seq_ocr.serve.problems import Problem, tell_problems
from crnn_seq2seq_ocr.serve.static import file_handler

Name = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")]

_PAGE = {"/": "text/html; charset=utf-8", "/label.js": "text/javascript; charset=utf-8", "/label.css": "text/css"}


class Work(BaseModel):
    """A picture to label, if one is left, and how far the work is."""

    file: str | None
    text: str
    confidence: float | None
    total: int
    labelled: int
    unreadable: int
    read: int


class Word(BaseModel):
    """What a person says: the text of a picture; null where it cannot be read."""

    file: Annotated[str, StringConstraints(max_length=4096)]
    text: Annotated[str, StringConstraints(max_length=10_000)] | None = None
    by: Name


class Person(BaseModel):
    """Who asks."""

    by: Name


class Picture(Person):
    """A picture that a person does not want to label now."""

    file: Annotated[str, StringConstraints(max_length=4096)]


def create_label_app(
    folder: Path, pictures: dict[str, Path], queue: Queue, *, training: Training, host: str = "127.0.0.1"
) -> FastAPI:
    """Create the ASGI application of the labelling page.

    Args:
        folder: What is labelled, for the page's title.
        pictures: Where each picture is, by its name from the folder; nothing else is ever opened.
        queue: Hands out pictures.
        training: What runs when the page is told to train on the labels.
        host: The name or address that it is served at; of other names only this machine's are answered.
    """

    @asynccontextmanager
    async def with_training(_: FastAPI) -> AsyncIterator[None]:
        yield
        training.stop()

    app = FastAPI(title="crnn-ocr label", docs_url=None, redoc_url=None, lifespan=with_training)
    tell_problems(app)

    app.add_middleware(Guard, host=host)

    def work(item: Item | None) -> Work:
        file, text, confidence = item or (None, "", None)
        return Work(file=file, text=text, confidence=confidence, **queue.progress()._asdict())

    def known(file: str) -> Path:
        if file not in pictures:
            raise Problem(404, "no_picture", f"there is no picture {file!r} in {folder}")
        return pictures[file]

    @app.get("/work")
    def hand_out(by: Annotated[Name, Query()]) -> Work:
        return work(queue.next(by))

    @app.post("/label")
    def label(word: Annotated[Word, Body()]) -> Work:
        known(word.file)
        try:
            queue.label(word.file, word.text, word.by)
        except CrnnOcrError as error:
            raise Problem(422, "not_kept", str(error)) from None
        return work(queue.next(word.by))

    @app.post("/skip")
    def skip(picture: Annotated[Picture, Body()]) -> Work:
        known(picture.file)
        queue.skip(picture.file, picture.by)
        return work(queue.next(picture.by))

    @app.post("/undo")
    def undo(person: Annotated[Person, Body()]) -> Work:
        item = queue.undo(person.by)
        if item is None:
            raise Problem(409, "nothing_to_undo", "there is nothing of yours to take back")
        return work(item)

    @app.get("/training")
    def progress() -> Progress:
        return training.progress()

    @app.post("/training")
    def train(person: Annotated[Person, Body()]) -> Progress:
        try:
            return training.start()
        except CrnnOcrError as error:
            raise Problem(409, "not_started", str(error)) from None

    @app.get("/picture")
    def picture(file: str) -> FileResponse:
        return FileResponse(known(file), headers={"Cache-Control": "no-store"})

    @app.get("/about")
    def about() -> dict[str, str]:
        return {"folder": folder.name or str(folder), "next": training.command}

    for path, media_type in _PAGE.items():
        content = files("crnn_seq2seq_ocr.labelling.page").joinpath(path.strip("/") or "index.html").read_bytes()
        app.add_api_route(path, file_handler(content, media_type), methods=["GET"], include_in_schema=False)
    return app
