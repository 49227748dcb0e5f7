"""The page's files: HTML, style, script and examples, all of them, read once."""

from importlib.resources import files
from importlib.resources.abc import Traversable

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy: whatever a text or a name may hold, nothing foreign is run, loaded or sent anywhere."""


_MEDIA_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "jpg": "image/jpeg",
}


def page_files() -> dict[str, tuple[bytes, str]]:
    """Content and media type by path: the page is ``/``, what programs need ``/docs``, others ``/page/style.css``."""
    found = {f"/page/{name}": (file.read_bytes(), _MEDIA_TYPES[name.rpartition(".")[2]]) for name, file in _files()}
    found["/"] = found.pop("/page/index.html")
    found["/docs"] = found.pop("/page/docs.html")
    return found


def _files() -> list[tuple[str, Traversable]]:
    folder = files("crnn_seq2seq_ocr.serve.page")
    own = [(each.name, each) for each in folder.iterdir() if each.is_file() and not each.name.endswith(".py")]
    examples = [(f"examples/{each.name}", each) for each in folder.joinpath("examples").iterdir() if each.is_file()]
    return sorted(own + examples, key=lambda pair: pair[0])
