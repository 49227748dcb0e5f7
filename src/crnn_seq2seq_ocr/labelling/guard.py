"""What the labelling page refuses: other sites that ask in a person's browser, and bodies that are too large."""

import ipaddress
import socket
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crnn_seq2seq_ocr.serve.page import POLICY
from crnn_seq2seq_ocr.serve.problems import Problem

_MOST_BYTES = 100_000
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """ASGI middleware around the labelling page, which anybody may ask who reaches it, but no other site.

    A page of another site cannot send JSON unasked, cannot read an answer, and its browser says where it is from. It
    could do all three had its name been pointed at this machine (DNS rebinding): so only names are answered that are
    this machine's own, and addresses.

    Args:
        app: What is guarded.
        host: The name or address that it is served at.
    """

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app = app
        self._names = {"localhost", host.lower(), socket.gethostname().lower(), socket.getfqdn().lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        try:
            self._check(scope["method"], scope["path"], Headers(scope=scope))
            body = await _small(receive) if scope["method"] == "POST" else receive
        except Problem as problem:
            await problem.response()(scope, receive, sent)
            return
        await self._app(scope, body, sent)

    def _check(self, method: str, path: str, headers: Headers) -> None:
        if not self._is_ours(headers.get("host", "")):
            detail = f"this page is not called {headers.get('host', '')[:80]!r}: open the address that crnn-ocr printed"
            raise Problem(421, "other_name", detail)
        if path != "/" and headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}:
            raise Problem(403, "other_site", "another site asks: open the page itself")
        if method == "POST" and headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            raise Problem(415, "not_json", "send JSON: Content-Type must be application/json")

    def _is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
            if name in self._names:
                return True
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


async def _small(receive: Receive) -> Receive:
    """Take a whole body in, and return what hands it on.

    Raises:
        Problem: 413, it is too large; 400, it was cut short.
    """
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(400, "cut_short", "the request was cut short")
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > _MOST_BYTES:
            detail = f"the request has more than {_MOST_BYTES:,} bytes"
            raise Problem(413, "body_too_large", detail, headers={"Connection": "close"})
    whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def hand_on() -> Message:
        return whole.pop() if whole else await receive()

    return hand_on
