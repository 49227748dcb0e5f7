"""Files of a page, read once, as answers."""

from collections.abc import Awaitable, Callable

from starlette.responses import Response


def file_handler(content: bytes, media_type: str) -> Callable[[], Awaitable[Response]]:
    """Make what answers requests for a file; browsers ask each time whether it has changed."""

    async def file() -> Response:
        return Response(content, media_type=media_type, headers={"Cache-Control": "no-cache"})

    return file
