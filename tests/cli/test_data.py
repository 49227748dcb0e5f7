"""``crnn-ocr data``: check, convert, download, draw."""

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from crnn_seq2seq_ocr.data.formats.fsns import FsnsRecords
from crnn_seq2seq_ocr.data.sources import open_source
from tests.cli.conftest import Command
from tests.conftest import TEXTS, MakeRecipe, write_folder

SIGNS = "synthetic:signs?count=3&seed=5"


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six samples, of which two are good for the charset abc and at most four characters."""
    folder = write_folder(tmp_path_factory.mktemp("mixed"), ["ab", "œb", "", "cabab", "bb", "cc"])
    (folder / "004.png").write_bytes(b"broken")
    return folder


# --- check ----------------------------------------------------------------------------------------


def test_check_lists_each_dropped_sample(command: Command, mixed: Path) -> None:
    answer = command("data", "check", mixed, "--charset", "abc", "--max-length", 4)
    assert answer.status == 0
    assert "6 samples, 2 usable, 4 dropped" in answer.out
    for line in (
        "  001.png: character: 'œb' holds 'œ' (U+0153 LATIN SMALL LIGATURE OE)",
        "  002.png: empty text: the text is empty",
        "  003.png: text too long: the text has 5 characters, text.max_length is 4",
        "  004.png: unreadable picture: this is no picture",
    ):
        assert line in answer.out
    assert answer.err == ""


@pytest.mark.parametrize(("source", "status"), [("mixed", 1), ("pictures", 0)])
def test_check_exits_as_it_is_asked(command: Command, request: pytest.FixtureRequest, source: str, status: int) -> None:
    folder = request.getfixturevalue(source)
    assert command("data", "check", folder, "--strict").status == status
    assert command("data", "check", folder, "--strict", "--json").status == status
    assert command("data", "check", folder).status == 0


def test_check_in_json(command: Command, mixed: Path) -> None:
    report = json.loads(command("data", "check", mixed, "--charset", "abc", "--max-length", 4, "--json").out)
    assert (report["samples"], report["usable"], report["dropped"], report["sound"]) == (6, 2, 4, False)
    assert [(each["name"], each["reason"]) for each in report["problems"]] == [
        ("001.png", "character"),
        ("002.png", "empty text"),
        ("003.png", "text too long"),
        ("004.png", "unreadable picture"),
    ]
    assert report["unknown"] == {"œ": 1}


def test_check_shows_as_many_as_are_asked_for(command: Command, mixed: Path) -> None:
    answer = command("data", "check", mixed, "--charset", "abc", "--max-length", 4, "--show", 1)
    assert "001.png" in answer.out
    assert "002.png" not in answer.out
    assert "  and 3 more" in answer.out


@pytest.mark.parametrize(("charset", "usable"), [("any", 4), ("fsns", 4), ("abc", 3), ("œabc", 4), ("FILE", 1)])
def test_ways_to_name_a_charset(command: Command, mixed: Path, tmp_path: Path, charset: str, usable: int) -> None:
    (tmp_path / "charset_size=2.txt").write_text("0\ta\n1\tb\n", encoding="utf-8")
    given = tmp_path / "charset_size=2.txt" if charset == "FILE" else charset
    assert json.loads(command("data", "check", mixed, "--charset", given, "--json").out)["usable"] == usable


def test_a_long_charset_is_no_file_name(command: Command, pictures: Path) -> None:
    charset = "abc" + "".join(map(chr, range(0x4E00, 0x4E00 + 400)))
    assert command("data", "check", pictures, "--charset", charset, "--strict").status == 0


# --- convert --------------------------------------------------------------------------------------


def test_convert_both_ways(command: Command, pictures: Path, tmp_path: Path) -> None:
    charset = tmp_path / "charset_size=4.txt"
    charset.write_text("0\tc\n1\tb\n2\ta\n3\t<nul>\n", encoding="utf-8")
    shards, folder = tmp_path / "shards", tmp_path / "folder"
    answer = command("data", "convert", pictures, shards, "--to", "tfrecord", "--charset", charset, "--shards", 3,
                     "--max-length", 5)  # fmt: skip
    assert (answer.status, answer.out) == (0, f"{shards}: 12 of 12 samples\n")
    assert sorted(path.name for path in shards.glob("train*")) == [f"train-0000{n}-of-00003" for n in range(3)]
    assert [FsnsRecords(shards).text(index) for index in range(12)] == TEXTS
    answer = command("data", "convert", shards, folder, "--to", "folder")
    assert answer.status == 0
    again = open_source(str(folder))
    original = open_source(str(pictures))
    assert [again.text(index) for index in range(12)] == TEXTS
    assert all(again[index].images == original[index].images for index in range(12))
    assert command("data", "convert", shards, folder).out == f"{folder}: 12 of 12 samples\n"  # nothing is left to do


def test_what_is_left_out_is_listed(command: Command, mixed: Path, tmp_path: Path) -> None:
    answer = command("data", "convert", mixed, tmp_path / "out", "--to", "tfrecord", "--charset", "abc",
                     "--max-length", 4, "--split", "mine")  # fmt: skip
    assert answer.status == 1
    assert answer.out == f"{tmp_path / 'out'}: 2 of 6 samples\n"
    assert [line.split(": ")[1] for line in answer.err.splitlines()] == [f"00{n}.png" for n in (1, 2, 3, 4)]
    assert "U+0153" in answer.err
    assert (tmp_path / "out" / "mine-00000-of-00001").is_file()


def test_a_conversion_is_redone_if_asked_to(command: Command, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for split in ("--to", "tfrecord"), ("--to", "folder"):
        first = ["data", "convert", pictures, out, *split, "--charset", "abc"]
        assert command(*first).status == 0
        other = ["data", "convert", f"{pictures}?limit=2", out, *split, "--charset", "abc"]
        answer = command(*other)
        assert answer.status == 1
        assert "another source or with other settings: choose another folder, or redo it" in answer.err
        assert command(*other, "--redo").out == f"{out}: 2 of 2 samples\n"


# --- draw -----------------------------------------------------------------------------------------


def test_draw_shards_and_a_folder(command: Command, tmp_path: Path) -> None:
    answer = command("data", "draw", SIGNS, tmp_path / "shards", "--split", "test", "--shards", 2, "--workers", 0)
    assert (answer.status, answer.out) == (0, f"{tmp_path / 'shards'}: 3 samples\n")
    drawn = FsnsRecords(tmp_path / "shards")
    source = open_source(SIGNS)
    assert [drawn.text(index) for index in range(3)] == [source.text(index) for index in range(3)]
    assert (tmp_path / "shards" / "test-00001-of-00002").is_file()
    answer = command("data", "draw", SIGNS, tmp_path / "folder", "--to", "folder", "--workers", 0)
    assert answer.status == 0
    assert [open_source(str(tmp_path / "folder")).text(index) for index in range(3)] == [
        source.text(index) for index in range(3)
    ]


# --- download -------------------------------------------------------------------------------------


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def mirror(tmp_path: Path, command: Command) -> Iterator[str]:
    """A mirror on the loopback with the first two of 64 shards of the split test, and the charset file."""
    root = tmp_path / "mirror"
    command("data", "draw", SIGNS, root / "drawn", "--split", "test", "--shards", 2, "--workers", 0)
    (root / "test").mkdir()
    for number in range(2):
        (root / "drawn" / f"test-{number:05d}-of-00002").rename(root / "test" / f"test-{number:05d}-of-00064")
    (root / "charset_size=134.txt").write_text("0\t \n", encoding="utf-8")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(root))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_download_from_a_mirror(command: Command, mirror: str, tmp_path: Path) -> None:
    fetch = partial(command, "data", "download", "fsns", "--split", "test", "--base-url", mirror, "--out",
                    tmp_path / "fsns", "--parallel", 2)  # fmt: skip
    answer = fetch("--shards", "0-1")
    assert (answer.status, answer.out) == (0, f"{tmp_path / 'fsns' / 'test'}: 2 shards\n")
    assert (tmp_path / "fsns" / "charset_size=134.txt").is_file()
    assert command("data", "check", tmp_path / "fsns" / "test", "--strict").status == 0
    answer = fetch("--shards", "0-2")
    assert answer.status == 1
    assert "test-00002-of-00064: the server answers 404" in answer.err
    assert "check the address (--base-url" in answer.err


def test_check_takes_its_rules_from_a_recipe(
    command: Command, tmp_path: Path, pictures: Path, micro: MakeRecipe
) -> None:
    recipe = tmp_path / "own.yaml"
    recipe.write_text(yaml.safe_dump(micro(text__charset="characters:ab", text__max_length=3).model_dump(mode="json")))
    mine = tmp_path / "mine"
    mine.mkdir()
    picture = next(pictures.rglob("*.png")).read_bytes()
    (mine / "a.png").write_bytes(picture)
    rows = "a.png\tab\na.png|a.png\tab\na.png\tabab\na.png\tabc\n"
    (mine / "labels.tsv").write_text(rows)
    report = json.loads(command("data", "check", mine, "--recipe", recipe, "--json").out)
    reasons = [problem["reason"] for problem in report["problems"]]
    assert reasons == ["too many pictures", "text too long", "character"]
    assert (
        json.loads(command("data", "check", mine, "--recipe", recipe, "--charset", "abc", "--json").out)["usable"] == 2
    )


def test_a_charset_by_name_is_not_its_letters(command: Command, pictures: Path) -> None:
    assert "characters of the charset in fewer" in command("data", "check", pictures, "--charset", "words").out
    answer = command("data", "check", pictures, "--charset", "word")
    assert answer.status == 1
    assert "there is no charset 'word' (did you mean 'words'?)" in answer.err
