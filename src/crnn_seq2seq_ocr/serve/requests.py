"""From the body of a request to the texts it asks for: a form or JSON, nothing of which is believed."""

import asyncio
import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import get_args

from fastapi import Request
from pydantic import ValidationError
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect
from starlette.types import Message

from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.serve.pictures import Upload, look_at
from crnn_seq2seq_ocr.serve.problems import Problem
from crnn_seq2seq_ocr.serve.schemas import LONGEST_CONSTRAINT, LONGEST_NAME, Detail, ReadRequest
from crnn_seq2seq_ocr.serve.settings import ServeSettings

_FIELDS = {"picture", "views", "detail", "allow", "pattern"}
_FLAGS = {"true": True, "1": True, "on": True, "false": False, "0": False, "": False}


@dataclass(frozen=True)
class Text:
    """One text to read: its name, and its pictures."""

    name: str
    pictures: tuple[Upload, ...]

    @property
    def pixels(self) -> int:
        """Of all its pictures."""
        return sum(each.width * each.height for each in self.pictures)

    def sample(self) -> Sample:
        """Return what the reader takes."""
        return Sample(self.name, tuple(each.data for each in self.pictures), "")


@dataclass(frozen=True)
class ParsedRequest:
    """All that a request asks for; `allow` and `pattern` are as in `Reader.constraint`."""

    texts: tuple[Text, ...]
    detail: Detail
    allow: str | None = None
    pattern: str | None = None


async def receive(
    request: Request, settings: ServeSettings, *, views: int, take: Callable[[int], None]
) -> ParsedRequest:
    """Return what a request asks for.

    Args:
        request: It.
        settings: Its limits.
        views: Most pictures of one text.
        take: Told the bytes of each part of the body as it comes; raises where there is no room for them.

    Raises:
        Problem: Of the 4xx, whatever is wrong with it.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in {"multipart/form-data", "application/json"}:
        raise Problem(415, "content_type", "send multipart/form-data or application/json")
    limited = _Limited(request, settings.most_bytes, take)
    try:
        async with asyncio.timeout(settings.receive_seconds):
            if kind == "application/json":
                return await asyncio.to_thread(_from_json, await limited.body(), settings, views=views)
            most_files = settings.most_texts * views
            parser = _Form(_as_utf8(limited.headers), limited.stream(), max_files=most_files, max_fields=len(_FIELDS))
            form = await parser.parse()
            try:
                return await _from_form(form, settings, views=views)
            finally:
                await form.close()
    except TimeoutError:
        detail = f"the request took longer than {settings.receive_seconds:g} seconds to come: send less at once"
        raise Problem(408, "too_slow", detail, headers={"Connection": "close"}) from None
    except ClientDisconnect:
        raise Problem(400, "cut_short", "the request was cut short") from None  # nobody hears it; the metrics count it
    except MultiPartException as error:
        if error.message.startswith("Too many files"):
            raise _too_many(settings.most_texts) from None
        raise Problem(400, "form_damaged", f"the form cannot be read: {error.message}") from None


class _Limited(Request):
    """A request whose body has a largest size, whatever its headers say."""

    def __init__(self, request: Request, most_bytes: int, take: Callable[[int], None]) -> None:
        super().__init__(request.scope, self._receive_some)
        self._from, self._most_bytes, self._take, self._bytes = request.receive, most_bytes, take, 0

    async def _receive_some(self) -> Message:
        message = await self._from()
        self._bytes += len(message.get("body", b""))
        claimed = self.headers.get("content-length", "")
        if self._bytes > self._most_bytes or (claimed.isdecimal() and int(claimed[:20]) > self._most_bytes):
            detail = f"the request has more than {self._most_bytes:,} bytes: send fewer or smaller pictures"
            raise Problem(413, "body_too_large", detail, headers={"Connection": "close"})
        self._take(len(message.get("body", b"")))
        return message


class _Form(MultiPartParser):
    """Keeps files in memory, of which the body's largest size allows few: nothing is written to disk."""

    spool_max_size = 0  # never rolled over


def _as_utf8(headers: Headers) -> Headers:
    """Without the encoding that a form says it has: of some, names would be no text."""
    parts = headers["content-type"].split(";")
    kept = [part for part in parts if not part.strip().lower().startswith("charset")]
    return Headers({"content-type": ";".join(kept)})


def _from_json(body: bytes, settings: ServeSettings, *, views: int) -> ParsedRequest:
    # Millions of small values would take gigabytes: base64 has no commas, so that few can be meant.
    if body.count(b",") > settings.most_texts * (LONGEST_NAME + views + 2) + 2 * LONGEST_CONSTRAINT + 4:
        raise _too_many(settings.most_texts)
    try:
        wanted = ReadRequest.model_validate_json(body)
    except ValidationError as error:
        raise _not_valid(error) from None
    if len(wanted.texts) > settings.most_texts:
        raise _too_many(settings.most_texts)
    texts = []
    for number, each in enumerate(wanted.texts):
        where = f"texts[{number}]"
        _check_views(len(each.views), views, where)
        names = [f"{where}.views[{place}]" for place in range(len(each.views))]
        files = [_decoded(view, name) for view, name in zip(each.views, names, strict=True)]
        texts.append(Text(each.name or f"picture {number}", _looked_at(files, names, settings)))
    return replace(_parsed(texts, wanted.detail, settings), allow=wanted.allow, pattern=wanted.pattern)


def _not_valid(error: ValidationError) -> Problem:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return Problem(400, "json_damaged", f"the body is no JSON: {first['msg']}")
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part[:80]}" for part in first["loc"]).lstrip(".")
    return Problem(422, "invalid", f"{where or 'the body'}: {first['msg']}")


def _decoded(text: str, name: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        detail = f"{name} is no base64: send the picture's own bytes, encoded; paths and addresses are never opened"
        raise Problem(422, "not_base64", detail) from None


async def _from_form(form: FormData, settings: ServeSettings, *, views: int) -> ParsedRequest:
    if unknown := sorted(set(form) - _FIELDS):
        known = ", ".join(sorted(_FIELDS))
        raise Problem(422, "invalid", f"the form has an unknown field {unknown[0][:80]!r}: there are {known}")
    uploads = [each for each in form.getlist("picture") if isinstance(each, UploadFile)]
    if not uploads or len(uploads) != len(form.getlist("picture")):
        detail = "send one or several files as 'picture'; paths and addresses are never opened"
        raise Problem(422, "picture_missing", detail)
    together, detail = _flag(form), _detail(form)
    allow, pattern = (_short(form, name) for name in ("allow", "pattern"))
    names = [each.filename or f"picture {number}" for number, each in enumerate(uploads)]
    if together:
        _check_views(len(uploads), views, "the form")
    elif len(uploads) > settings.most_texts:
        raise _too_many(settings.most_texts)
    files = [await each.read() for each in uploads]
    pictures = await asyncio.to_thread(_looked_at, files, names, settings)
    if together:
        texts = [Text(names[0], pictures)]
    else:
        texts = [Text(name, (picture,)) for name, picture in zip(names, pictures, strict=True)]
    return replace(_parsed(texts, detail, settings), allow=allow, pattern=pattern)


def _parsed(texts: Sequence[Text], detail: Detail, settings: ServeSettings) -> ParsedRequest:
    if sum(text.pixels for text in texts) > settings.most_request_pixels:
        most = settings.most_request_pixels / 1e6
        problem = f"the pictures of the request have more than {most:g} million pixels in sum: send several requests"
        raise Problem(413, "pictures_too_large", problem)
    return ParsedRequest(tuple(texts), detail)


def _flag(form: FormData) -> bool:
    value = form.get("views", "")
    if not isinstance(value, str) or value.lower() not in _FLAGS:
        raise Problem(422, "invalid", "views is true or false")
    return _FLAGS[value.lower()]


def _short(form: FormData, name: str) -> str | None:
    """Return what stands in the field of a constraint."""
    value = form.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not 1 <= len(value) <= LONGEST_CONSTRAINT:
        raise Problem(422, "invalid", f"{name} is a text of 1 to {LONGEST_CONSTRAINT} characters")
    return value


def _detail(form: FormData) -> Detail:
    value = form.get("detail", "characters")
    for known in get_args(Detail):
        if value == known:
            return known  # type: ignore[no-any-return]
    raise Problem(422, "invalid", f"detail is one of {', '.join(get_args(Detail))}")


def _looked_at(files: Sequence[bytes], names: Sequence[str], settings: ServeSettings) -> tuple[Upload, ...]:
    pairs = zip(files, names, strict=True)
    return tuple(look_at(data, name=name[:LONGEST_NAME], most_pixels=settings.most_pixels) for data, name in pairs)


def _check_views(count: int, most: int, where: str) -> None:
    if count > most:
        detail = f"{where} has {count} pictures of one text, the model takes {most}: send them as texts of their own"
        raise Problem(422, "too_many_views", detail)


def _too_many(most: int) -> Problem:
    return Problem(413, "too_many_texts", f"a request reads at most {most} texts: send several requests")
