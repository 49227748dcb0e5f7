"""POST /v1/read: what clients may send, and what they get."""

import base64
import json
import re
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from tests.conftest import TEXTS
from tests.serve.conftest import MakeClient


def as_json(*texts: list[bytes], **more: Any) -> dict[str, Any]:
    wanted = [{"name": str(n), "views": [base64.b64encode(each).decode() for each in views]}
              for n, views in enumerate(texts)]  # fmt: skip
    return {"texts": wanted, **more}


def test_a_picture_as_a_form(client: TestClient, files: list[bytes]) -> None:
    answer = client.post("/v1/read", files={"picture": ("a sign.png", files[0], "image/png")})
    assert answer.status_code == 200, answer.text
    assert answer.json()["model"] == "micro-overfit"
    (reading,) = answer.json()["readings"]
    assert (reading["name"], reading["text"], reading["complete"]) == ("a sign.png", TEXTS[0], True)
    assert [each["text"] for each in reading["characters"]] == list(TEXTS[0])
    assert all(0 < each["confidence"] <= 1 and each["view"] == 0 for each in reading["characters"])
    assert 0 < reading["confidence"] <= 1
    assert "attention" not in reading


def test_what_else_a_character_may_be(client: TestClient, doubtful: bytes) -> None:
    reading = client.post("/v1/read", files={"picture": doubtful}).json()["readings"][0]
    others = [other for each in reading["characters"] for other in each["alternatives"]]
    assert others
    assert all(set(other) == {"text", "confidence"} and 0.01 <= other["confidence"] < 1 for other in others)


def test_several_pictures_as_a_form_and_as_json(client: TestClient, files: list[bytes]) -> None:
    form = client.post("/v1/read", files=[("picture", (f"{n}", file)) for n, file in enumerate(files)])
    body = client.post("/v1/read", json=as_json(*([file] for file in files)))
    assert [each["text"] for each in form.json()["readings"]] == TEXTS
    assert body.json()["readings"] == form.json()["readings"]


def test_the_text_alone(client: TestClient, files: list[bytes]) -> None:
    reading = client.post("/v1/read", files={"picture": files[1]}, data={"detail": "text"}).json()["readings"][0]
    assert set(reading) == {"name", "text", "confidence", "complete"}


def test_only_what_can_be_there(client: TestClient, files: list[bytes]) -> None:
    free = client.post("/v1/read", json=as_json([files[0]])).json()["readings"][0]
    assert "allowed" not in free
    body = client.post("/v1/read", json=as_json([files[0]], [files[5]], pattern="c[ab]"))
    assert body.status_code == 200, body.text
    readings = body.json()["readings"]
    assert all(re.fullmatch("c[ab]", each["text"]) and each["confidence"] <= each["allowed"] < 1 for each in readings)
    form = client.post("/v1/read", files={"picture": files[5]}, data={"allow": "ab"}).json()["readings"][0]
    assert set(form["text"]) <= set("ab")
    same = client.post("/v1/read", files={"picture": files[0]}, data={"pattern": "[abc]*"}).json()["readings"][0]
    assert same["text"] == free["text"]


@pytest.mark.parametrize(
    ("more", "code", "detail"),
    [
        ({"pattern": "[a"}, "constraint_invalid", "cannot be used"),
        ({"pattern": "(.{1,99}){1,99}"}, "constraint_invalid", "9,801 positions"),
        ({"pattern": "a{9}"}, "constraint_invalid", "4 characters or fewer"),
        ({"allow": "z"}, "constraint_invalid", "knows none of the characters"),
        ({"pattern": "a" * 201}, "invalid", "200 characters"),
        ({"allow": ""}, "invalid", "1"),
    ],
)
def test_constraints_that_cannot_be(
    client: TestClient, files: list[bytes], more: dict[str, str], code: str, detail: str
) -> None:
    for answer in (
        client.post("/v1/read", json=as_json([files[0]], **more)),
        client.post("/v1/read", files={"picture": files[0]}, data=more),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert detail in answer.json()["detail"]


def test_where_the_model_looked(client: TestClient, files: list[bytes]) -> None:
    reading = client.post("/v1/read", json=as_json([files[2]], detail="attention")).json()["readings"][0]
    attention = reading["attention"]
    assert attention["regions"] == [{"picture": 0, "left": 0, "top": 0, "width": 1, "height": 1}]
    shape = attention["views"], attention["rows"], attention["columns"]
    grids = [np.frombuffer(base64.b64decode(grid), np.uint8).reshape(shape) for grid in attention["grids"]]
    assert len(grids) == len(TEXTS[2])
    assert all(grid.max() == 255 for grid in grids)
    columns = [int(grid[0].sum(0).argmax()) for grid in grids]
    assert columns == sorted(columns)


def test_a_reading_does_not_depend_on_who_else_reads(make_client: MakeClient, files: list[bytes]) -> None:
    together = make_client(batch_size=12).post("/v1/read", json=as_json(*([file] for file in files)))
    alone = make_client(batch_size=1).post("/v1/read", json=as_json(*([file] for file in files)))
    for one, other in zip(together.json()["readings"], alone.json()["readings"], strict=True):
        assert one["text"] == other["text"]
        assert one["confidence"] == pytest.approx(other["confidence"], rel=1e-3)


def test_models(client: TestClient) -> None:
    (model,) = client.get("/v1/models").json()["models"]
    assert (model["name"], model["views"], model["max_length"]) == ("micro-overfit", 1, 4)
    assert set(model["characters"]) == set("abc")


def test_alive_ready_and_counted(client: TestClient, files: list[bytes]) -> None:
    assert client.get("/healthz").json() == {"status": "alive"}
    assert client.get("/readyz").json() == {"status": "ready"}
    client.post("/v1/read", files=[("picture", file) for file in files[:3]])
    client.post("/v1/read", content=b"")
    lines = client.get("/metrics").text.splitlines()
    for expected in (
        'crnn_ocr_requests_total{path="/v1/read",status="200"} 1.0',
        'crnn_ocr_requests_total{path="/v1/read",status="415"} 1.0',
        "crnn_ocr_texts_total 3.0", "crnn_ocr_waiting 0.0", "crnn_ocr_batch_size_sum 3.0",
    ):  # fmt: skip
        assert expected in lines


def test_before_it_runs_it_is_not_ready(reader: Any) -> None:
    from crnn_seq2seq_ocr.serve import create_app

    answer = TestClient(create_app(reader)).get("/readyz")  # not entered: the service has not started
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")


def test_the_description_has_examples_that_work(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    assert set(described["paths"]) == {"/v1/read", "/v1/models", "/healthz", "/readyz", "/metrics"}
    post = described["paths"]["/v1/read"]["post"]
    content = post["requestBody"]["content"]
    assert set(content) == {"multipart/form-data", "application/json"}
    for example in content["application/json"]["schema"]["examples"]:
        assert client.post("/v1/read", json=example).status_code == 200
    assert described["components"]["schemas"]["ReadResponse"]["examples"]
    assert {"400", "401", "408", "413", "415", "422", "429", "503"} <= set(post["responses"])
    unresolved = [ref for ref in _references(described) if not _found(described, ref)]
    assert not unresolved


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [ref for value in node.values() for ref in _references(value)]
    return [ref for value in node for ref in _references(value)] if isinstance(node, list) else []


def _found(document: Any, reference: str) -> bool:
    for part in reference.removeprefix("#/").split("/"):
        if not isinstance(document, dict) or part not in document:
            return False
        document = document[part]
    return json.dumps(document) != "{}"
