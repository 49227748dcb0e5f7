"""The page on labelling shows commands that work."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.cli.conftest import Command, command
from tests.conftest import TEXTS, write_folder

__all__ = ["command"]

PAGE = (Path(__file__).parents[2] / "docs" / "labelling.md").read_text(encoding="utf-8")
COMMANDS = [line.partition("#")[0].strip() for line in re.findall(r"^crnn-ocr (.*)$", PAGE, re.MULTILINE)]


def test_the_page_has_commands() -> None:
    assert len(COMMANDS) == 6


@pytest.mark.slow
@pytest.mark.parametrize("line", COMMANDS)
def test_commands_of_the_page(
    line: str, command: Command, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crops = write_folder(tmp_path / "crops", TEXTS[:3])
    (crops / "labels.tsv").unlink()
    shutil.copytree(trained, tmp_path / "runs" / "mine")
    (tmp_path / "rec_gt.txt").write_text("crop_img/000.png\tab\n")
    (tmp_path / "project.json").write_text('[{"data": {"ocr": "/data/upload/1/000.png"}, "annotations": [{"result": '
        '[{"type": "textarea", "value": {"text": ["ab"]}}]}]}]')  # fmt: skip
    monkeypatch.chdir(tmp_path)
    served = []

    def serve(app, **_options):
        """Label all in the place of a browser."""
        client = TestClient(app, base_url="http://127.0.0.1:8010")
        work = client.get("/work", params={"by": "me"}).json()
        while work["file"]:
            served.append(work["file"])
            work = client.post("/label", json={"file": work["file"], "text": "x", "by": "me"}).json()

    monkeypatch.setattr("crnn_seq2seq_ocr.serve.running.run", serve)
    answer = command(*shlex.split(line))
    assert answer.status == 0, answer.err
    if "--export" in line:
        out = Path(shlex.split(line)[shlex.split(line).index("--export") + 1])
        assert "1 labels written" in answer.out
        assert "000.png" in out.read_text()
        assert "ab" in out.read_text()
    elif line.startswith("label"):
        assert sorted(served) == ["000.png", "001.png", "002.png"]
        assert len((crops / "labels.tsv").read_text().splitlines()) == 4
    else:
        assert (tmp_path / "labelled" / "labels.tsv").is_file()
        assert len((tmp_path / "labelled" / "left-out.tsv").read_text().splitlines()) >= 1
