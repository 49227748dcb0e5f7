"""What the labelling page asks, over HTTP."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from crnn_seq2seq_ocr.labelling.app import create_label_app
from crnn_seq2seq_ocr.labelling.queue import Queue
from crnn_seq2seq_ocr.labelling.store import LabelStore
from crnn_seq2seq_ocr.labelling.training import Training
from tests.conftest import TEXTS, write_folder
from tests.labelling.test_training import training

__all__ = ["training"]

HERE = "http://127.0.0.1:8010"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = write_folder(tmp_path / "crops", TEXTS[:3])
    (folder / "labels.tsv").unlink()
    return folder


@pytest.fixture
def client(folder: Path) -> TestClient:
    files = {path.name: path for path in sorted(folder.glob("*.png"))}
    queue = Queue(LabelStore(folder), list(files))
    for number, file in enumerate(files):
        queue.read(file, TEXTS[number], 0.5 + number / 10)
    return TestClient(
        create_label_app(folder, files, queue, training=Training("words", Path("crops"), results=folder.parent)),
        base_url=HERE,
    )


def test_labelling_to_the_end(client: TestClient, folder: Path) -> None:
    work = client.get("/work", params={"by": "me"}).json()
    assert (work["file"], work["text"], work["total"]) == ("000.png", TEXTS[0], 3)
    assert client.get("/picture", params={"file": "000.png"}).content == (folder / "000.png").read_bytes()
    work = client.post("/label", json={"file": "000.png", "text": "right", "by": "me"}).json()
    assert (work["file"], work["labelled"]) == ("001.png", 1)
    work = client.post("/label", json={"file": "001.png", "text": None, "by": "me"}).json()
    assert (work["file"], work["unreadable"]) == ("002.png", 1)
    work = client.post("/label", json={"file": "002.png", "text": "x", "by": "me"}).json()
    assert work["file"] is None
    work = client.post("/undo", json={"by": "me"}).json()
    assert (work["file"], work["text"]) == ("002.png", "x")
    assert (folder / "labels.tsv").read_text() == "file\ttext\tby\n000.png\tright\tme\n"
    assert client.get("/about").json() == {"folder": "crops", "next": "crnn-ocr tune words crops"}


@pytest.mark.parametrize(
    ("path", "body", "status", "detail"),
    [
        ("/label", {"file": "../../etc/passwd", "text": "x", "by": "me"}, 404, "there is no picture"),
        ("/label", {"file": "000.png", "text": " ", "by": "me"}, 422, "the text is empty"),
        ("/label", {"file": "000.png", "text": "a\tb", "by": "me"}, 422, "a tab"),
        ("/skip", {"file": "none", "by": "me"}, 404, "there is no picture"),
        ("/undo", {"by": "me"}, 409, "nothing of yours"),
    ],
)
def test_what_cannot_be_done_is_said(
    client: TestClient, path: str, body: dict[str, str], status: int, detail: str
) -> None:
    answer = client.post(path, json=body)
    assert (answer.status_code, detail in answer.json()["detail"]) == (status, True), answer.text


@pytest.mark.parametrize("by", ["", "a\nb", "x" * 61])
def test_names_of_people_are_one_short_line(client: TestClient, by: str) -> None:
    assert client.get("/work", params={"by": by}).status_code == 422
    assert client.post("/label", json={"file": "000.png", "text": "x", "by": by}).status_code == 422


def test_no_other_file_is_handed_out(client: TestClient) -> None:
    for file in ("labels.tsv", "../labels.tsv", "/etc/passwd", ""):
        assert client.get("/picture", params={"file": file}).status_code == 404


def test_a_form_of_another_site_changes_nothing(client: TestClient, folder: Path) -> None:
    answer = client.post("/label", data={"file": "000.png", "text": "x", "by": "me"})
    assert answer.status_code == 415
    assert not (folder / "labels.tsv").exists()


@pytest.mark.parametrize("name", ["evil.example", "evil.example:8010", "127.0.0.1.evil.example", "[::1", "", "a b"])
def test_a_site_whose_name_points_here_is_refused(client: TestClient, folder: Path, name: str) -> None:
    for answer in (
        client.get("/work", params={"by": "me"}, headers={"Host": name}),
        client.get("/picture", params={"file": "000.png"}, headers={"Host": name}),
        client.post("/label", json={"file": "000.png", "text": "x", "by": "me"}, headers={"Host": name}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (421, "other_name")
    assert not (folder / "labels.tsv").exists()


@pytest.mark.parametrize(
    "name", ["localhost:8010", "LOCALHOST", "192.168.1.7:8010", "[::1]:8010", socket.gethostname()]
)
def test_this_machines_own_names_and_addresses_are_answered(client: TestClient, name: str) -> None:
    assert client.get("/work", params={"by": "me"}, headers={"Host": name}).status_code == 200


def test_a_page_of_another_site_sees_nothing(client: TestClient) -> None:
    away = {"Sec-Fetch-Site": "cross-site"}
    assert client.get("/picture", params={"file": "000.png"}, headers=away).status_code == 403
    assert client.get("/work", params={"by": "me"}, headers=away).status_code == 403
    assert client.get("/", headers=away).status_code == 200  # a link leads there
    here = client.get("/picture", params={"file": "000.png"}, headers={"Sec-Fetch-Site": "same-origin"})
    assert (here.status_code, here.headers["Cross-Origin-Resource-Policy"]) == (200, "same-origin")


def test_a_large_body_is_not_taken_in(client: TestClient) -> None:

    def without_end() -> Iterator[bytes]:
        for _ in range(1000):
            yield b"[" * 10_000

    answer = client.post("/label", content=without_end(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    for body in (b"[" * 50_000, b'{"by": ' + b"1" * 50_000 + b"}", b"\xff", b""):
        assert client.post("/label", content=body, headers={"Content-Type": "application/json"}).status_code in {
            400,
            422,
        }


def test_a_training_on_the_labels_is_started_and_watched(folder: Path, training: Training) -> None:
    app = create_label_app(folder, {}, Queue(LabelStore(folder), []), training=training)
    nothing: dict[str, object] = {"state": "none", "lines": [], "model": None}
    with TestClient(app, base_url=HERE) as client:  # its end is that of the training, too
        assert client.get("/training").json() == nothing
        assert client.post("/training", json={"by": ""}).status_code == 422
        assert client.get("/training").json() == nothing
        assert client.post("/training", json={"by": "me"}).json()["state"] == "running"
        answer = client.post("/training", json={"by": "me"})
        assert (answer.status_code, "running already" in answer.json()["detail"]) == (409, True)
    assert training.progress().state == "failed"
