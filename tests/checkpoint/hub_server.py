"""A server on the loopback that speaks as much of the hub's protocol as models and data sets need."""

import base64
import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class HubServer(ThreadingHTTPServer):
    """Repositories by name, those of data sets with ``datasets/`` before it, each with its files.

    Attributes:
        token: Asked of whoever writes.
        tokens: What was sent as Authorization, by path.
        redirected: Repositories whose files are large ones, for which the hub names another address.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.token = "hf_secret"
        self.redirected: set[str] = set()
        self.tokens: dict[str, str | None] = {}
        self.requests: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextlib.contextmanager
def hub_server() -> Iterator[HubServer]:
    """The server, running."""
    with HubServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    server: HubServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._find(with_body=True)

    def do_HEAD(self) -> None:
        self._find(with_body=False)

    def _find(self, *, with_body: bool) -> None:
        self.server.requests.append(f"{self.command} {self.path}")
        self.server.tokens[self.path] = self.headers.get("Authorization")
        parts = unquote(self.path.partition("?")[0]).strip("/").split("/")
        data_set = "datasets/" if parts[0] == "datasets" or parts[:2] == ["api", "datasets"] else ""
        if parts[:2] in (["api", "models"], ["api", "datasets"]):
            self._about(data_set + "/".join(parts[2:4]), parts[4:])
            return
        parts = parts[1:] if data_set else parts
        if parts[0] == "large":
            place = "/".join(parts[1:])
            name = next(each for each in self.server.repositories if place.startswith(f"{each}/"))
            self._content(self.server.repositories[name][place.removeprefix(f"{name}/")], with_body=with_body)
        elif len(parts) > 4 and parts[2] == "resolve":
            self._file(data_set + "/".join(parts[:2]), "/".join(parts[4:]), with_body=with_body)
        else:
            self._refuse(404, "EntryNotFound")

    def _about(self, name: str, rest: list[str]) -> None:
        files = self.server.repositories.get(name)
        if files is None:
            self._refuse(401, "RepoNotFound")
        elif rest[:1] == ["revision"] and rest[1] not in {"main", "v1", COMMIT}:
            self._refuse(404, "RevisionNotFound")
        elif rest[:1] == ["tree"]:
            entries = [
                {"type": "file", "path": path, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
                for path, content in files.items()
            ]
            self._json(entries)
        else:
            self._json(
                {
                    "id": name.removeprefix("datasets/"),
                    "sha": COMMIT,
                    "siblings": [{"rfilename": path} for path in files],
                    "tags": [],
                }
            )

    def _file(self, name: str, path: str, *, with_body: bool) -> None:
        content = self.server.repositories.get(name, {}).get(path)
        if content is None:
            self._refuse(404, "EntryNotFound")
        elif name in self.server.redirected:
            self.send_response(302)
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("X-Linked-Etag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("X-Linked-Size", str(len(content)))
            self.send_header("Location", f"http://localhost:{self.server.server_port}/large/{name}/{path}")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self._content(content, with_body=with_body)

    def _content(self, content: bytes, *, with_body: bool) -> None:
        self.send_response(200)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if with_body:
            self.wfile.write(content)

    def do_POST(self) -> None:
        self.server.requests.append(f"POST {self.path}")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != "/api/validate-yaml" and self.headers.get("Authorization") != f"Bearer {self.server.token}":
            self._refuse(403, None)
            return
        if self.path == "/api/validate-yaml":
            self._json({"errors": [], "warnings": []})
        elif self.path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked.get('organization') or 'me'}/{asked['name']}"
            self.server.repositories.setdefault(name, {})
            self._json({"url": f"{self.server.url}/{name}"})
        elif "/preupload/" in self.path:
            wanted = json.loads(body)["files"]
            modes = [{"path": each["path"], "uploadMode": "regular", "shouldIgnore": False} for each in wanted]
            self._json({"files": modes})
        elif "/commit/" in self.path:
            name = "/".join(self.path.split("/")[3:5])
            for line in body.splitlines():
                entry = json.loads(line)
                if entry["key"] == "file":
                    content = base64.b64decode(entry["value"]["content"])
                    self.server.repositories[name][entry["value"]["path"]] = content
            url = f"{self.server.url}/{name}/commit/{COMMIT}"
            self._json({"success": True, "commitOid": COMMIT, "commitUrl": url})
        else:
            self._refuse(404, "EntryNotFound")

    def _json(self, content: Any) -> None:
        data = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _refuse(self, status: int, code: str | None) -> None:
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
