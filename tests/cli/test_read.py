"""``crnn-ocr read``."""

import io
import json
import os
import shutil
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from crnn_seq2seq_ocr.checkpoint.folders import find_model
from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.checkpoint.weights import save_model
from crnn_seq2seq_ocr.cli import main
from tests.cli.conftest import Command
from tests.conftest import TEXTS, picture_of
from tests.model.small import CONTENT, PREPROCESSING, make_recognizer


@pytest.fixture(scope="module")
def files(pictures: Path) -> list[Path]:
    return sorted(pictures.glob("*.png"))


def rows(out: str) -> list[list[str]]:
    return [line.split("\t") for line in out.splitlines()]


def test_files(command: Command, trained: Path, files: list[Path]) -> None:
    answer = command("read", trained, *files[:3], "--device", "cpu")
    assert answer.status == 0
    found = rows(answer.out)
    assert [row[:2] for row in found] == [[str(file), text] for file, text in zip(files[:3], TEXTS[:3], strict=True)]
    assert all(0.5 < float(confidence) <= 1 and len(confidence) == 5 for _, _, confidence in found)
    assert answer.err == ""


def test_one_reading_is_one_line_whatever_its_file_is_called(
    command: Command, trained: Path, files: list[Path], tmp_path: Path
) -> None:
    shutil.copy(files[0], tmp_path / "a\tb\nc.png")
    answer = command("read", trained, tmp_path)
    assert [row[:2] for row in rows(answer.out)] == [[f"{tmp_path}/a\\tb\\nc.png", TEXTS[0]]]


@pytest.mark.parametrize("form", ["folder", "glob", "list"])
def test_folders_globs_and_lists(command: Command, trained: Path, pictures: Path, files: list[Path], form: str) -> None:
    given = {"folder": pictures, "glob": pictures / "*.png", "list": "-"}[form]
    answer = command("read", find_model(trained), given, stdin="\n".join([*map(str, files), "", ""]))
    assert answer.status == 0
    assert [row[:2] for row in rows(answer.out)] == [[str(f), text] for f, text in zip(files, TEXTS, strict=True)]


def test_a_list_may_hold_folders_and_stand_between_files(command: Command, trained: Path, files: list[Path]) -> None:
    answer = command("read", trained, files[1], "-", files[2], stdin=f"{files[0].parent / '00[34].png'}\n")
    assert [row[1] for row in rows(answer.out)] == ["ba", "bb", "cab", "aab"]


@pytest.mark.parametrize("options", [["--batch-size", 1], ["--batch-size", 5], ["--beam", 3]])
def test_batches_and_beams(command: Command, trained: Path, pictures: Path, options: list[object]) -> None:
    answer = command("read", trained, pictures, *options)
    assert [row[1] for row in rows(answer.out)] == TEXTS


def test_a_line_of_a_list_that_means_nothing_is_told_and_the_rest_go_on(
    command: Command, trained: Path, files: list[Path], tmp_path: Path
) -> None:
    answer = command("read", trained, "-", stdin=f"{files[0]}\n{tmp_path / '*.png'}\n{tmp_path}\n{files[1]}\n")
    assert answer.status == 1
    assert [row[1] for row in rows(answer.out)] == TEXTS[:2]
    first, second = answer.err.splitlines()
    assert first.startswith(f"crnn-ocr: {tmp_path / '*.png'} cannot be opened (No such file or directory)")
    assert second.startswith(f"crnn-ocr: {tmp_path} cannot be opened (Is a directory)")


def test_a_list_is_read_as_it_comes(
    trained: Path, files: list[Path], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its length costs no memory, and the first pictures are read before the last are known."""

    def lines() -> Iterator[str]:
        for file in files[:6]:
            yield f"{file}\n"
        assert capfd.readouterr().out.startswith(f"{files[0]}\t{TEXTS[0]}\t")

    monkeypatch.setattr(sys, "stdin", lines())
    monkeypatch.setattr(sys, "argv", ["crnn-ocr", "read", str(trained), "-", "--batch-size", "1"])
    with pytest.raises(SystemExit) as end:
        main()
    assert not end.value.code
    assert capfd.readouterr().out.splitlines()[-1].startswith(str(files[5]))


def test_json(command: Command, trained: Path, pictures: Path, files: list[Path]) -> None:
    answer = command("read", trained, pictures, "--json")
    assert answer.status == 0
    found = [json.loads(line) for line in answer.out.splitlines()]
    assert [each["text"] for each in found] == TEXTS
    assert [each["name"] for each in found] == [str(file) for file in files]
    for each in found:
        assert unicodedata.is_normalized("NFC", each["text"])
        assert each["complete"] is True
        assert 0 < each["confidence"] <= 1
        assert "".join(character["text"] for character in each["characters"]) == each["text"]
        for character in each["characters"]:
            assert 0 < character["confidence"] <= 1
            assert character["view"] == 0
            assert 0 <= character["x"] <= 1
            assert 0 <= character["y"] <= 1


def test_attention(command: Command, trained: Path, files: list[Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.touch()
    answer = command("read", trained, files[0], broken, files[4], "--attention", tmp_path / "new" / "attention")
    assert answer.status == 1
    drawn = sorted((tmp_path / "new" / "attention").iterdir())
    assert [path.name for path in drawn] == ["00000-000.png", "00002-004.png"]
    assert all(cv2.imread(str(path)).size > 0 for path in drawn)


def test_a_broken_file_is_reported_and_the_rest_go_on(
    command: Command, trained: Path, files: list[Path], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(files[0].read_bytes()[:-60])
    answer = command("read", trained, files[0], broken, tmp_path / "absent.png", files[1])
    assert answer.status == 1
    assert [row[1] for row in rows(answer.out)] == TEXTS[:2]
    first, second = (line for line in answer.err.splitlines() if line.startswith("crnn-ocr"))
    assert first.startswith(f"crnn-ocr: {broken}: this is no picture that can be read (it is cut short)")
    assert second.startswith(f"crnn-ocr: {tmp_path / 'absent.png'} cannot be opened (No such file or directory)")


def test_a_broken_file_in_json(command: Command, trained: Path, files: list[Path], tmp_path: Path) -> None:
    answer = command("read", trained, tmp_path / "absent.png", files[0], "--json")
    assert answer.status == 1
    first, second = (json.loads(line) for line in answer.out.splitlines())
    assert set(first) == {"name", "error"}
    assert second["text"] == TEXTS[0]


def test_views_are_one_sign(command: Command, trained: Path, files: list[Path]) -> None:
    assert [row[1] for row in rows(command("read", trained, files[4], "--views").out)] == ["cab"]
    answer = command("read", trained, *files[:2], "--views")
    assert answer.status == 1
    assert f"{files[0]} + {files[1]}: it has 2 pictures, the model takes 1" in answer.err


def test_several_files_of_one_sign(command: Command, files: list[Path], tmp_path: Path) -> None:
    description = Description("abcdefgh", 6, PREPROCESSING, CONTENT)
    save_model(make_recognizer(), description, tmp_path / "model")
    answer = command("read", tmp_path / "model", *files[:3], "--views", "--json", "--attention", tmp_path / "maps")
    assert (answer.status, answer.err) == (0, "")
    content = json.loads(answer.out)
    assert content["name"] == " + ".join(map(str, files[:3]))
    assert content["characters"]
    assert {each["view"] for each in content["characters"]} <= {0, 1, 2}
    assert len(list((tmp_path / "maps").iterdir())) == 1


def test_a_lexicon(command: Command, trained: Path, pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("cab\nbca\n\nab\n", encoding="utf-8")
    answer = command("read", trained, pictures, "--lexicon", tmp_path / "names.txt", "--beam", 3)
    assert answer.status == 0
    found = [row[1] for row in rows(answer.out)]
    assert set(found) <= {"cab", "bca", "ab"}
    assert [found[TEXTS.index(text)] for text in ("cab", "bca", "ab")] == ["cab", "bca", "ab"]


def test_a_text_that_is_cut_says_so(command: Command, trained: Path, files: list[Path], tmp_path: Path) -> None:
    model = shutil.copytree(find_model(trained), tmp_path / "model")
    description = json.loads((model / "model.json").read_text("utf-8")) | {"max_length": 1}
    (model / "model.json").write_text(json.dumps(description), encoding="utf-8")
    answer = command("read", model, files[4])
    assert answer.status == 0
    assert rows(answer.out)[0][1] == "ca"
    assert rows(answer.out)[0][3] == "(cut at the model's longest text)"
    assert json.loads(command("read", model, files[4], "--json").out)["complete"] is False


def test_a_name_with_ends_of_lines_and_tabs_is_one_cell(
    command: Command, trained: Path, files: list[Path], tmp_path: Path
) -> None:
    name = tmp_path / "a\tb\nc.png"
    name.write_bytes(files[0].read_bytes())
    assert rows(command("read", trained, name).out)[0][:2] == [f"{tmp_path}/a\\tb\\nc.png", TEXTS[0]]


def test_names_of_a_list_that_are_no_text(
    trained: Path, files: list[Path], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Where the system's encoding is strict, as it is in most places that have a language."""
    for arguments in (["-"], ["--input", "-"]):
        listed = io.BytesIO(b"\xff.png\n" + os.fsencode(files[0]) + b"\n")
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(listed, encoding="utf-8", errors="strict"))
        monkeypatch.setattr(sys, "argv", ["crnn-ocr", "read", str(trained), *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        assert end.value.code == 1
        found = capfd.readouterr()
        assert rows(found.out)[0][1] == TEXTS[0]
        assert found.err.startswith("crnn-ocr: \\udcff.png cannot be opened (No such file")


def test_a_name_that_is_no_text(command: Command, trained: Path, tmp_path: Path) -> None:
    """File names are bytes; some are not UTF-8."""
    name = os.path.join(os.fsencode(tmp_path), b"\xff.png")
    Path(os.fsdecode(name)).write_bytes(cv2.imencode(".png", picture_of("cab")[..., ::-1])[1].tobytes())
    answer = command("read", trained, tmp_path)
    assert answer.status == 0
    assert rows(answer.out)[0][:2] == [f"{tmp_path}/\\udcff.png", "cab"]
    assert json.loads(command("read", trained, tmp_path, "--json").out)["name"] == os.fsdecode(name)
