"""The files that readings are kept in: what a crash leaves of them, and who may write to them."""

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crnn_seq2seq_ocr.bulk import results
from crnn_seq2seq_ocr.bulk.lines import Lines
from crnn_seq2seq_ocr.bulk.results import open_results
from crnn_seq2seq_ocr.errors import DataError, DependencyError, StorageError

MADE_BY = {"model": "abc", "step": 3, "beam": 1}
CHARACTERS = [
    {"text": "a", "confidence": 0.5, "view": None, "x": 0.25, "y": 0.75,
     "alternatives": [{"text": "", "confidence": 0.25}]},
]  # fmt: skip


def read(name: str, text: str = "Été, «n° 3»") -> dict[str, Any]:
    return {"name": name, "text": text, "confidence": 0.5, "complete": True, "characters": CHARACTERS}


def failed(name: str) -> dict[str, Any]:
    return {"name": name, "error": f'{name} cannot be opened, "check" it'}


READINGS = [read("a.png"), failed("sub/b, c.png"), read('"quoted"|x.png', ""), read("\udcff\r\n.png")]
NAMES = ["a.png", "sub/b, c.png", '"quoted"|x.png', "\\udcff\\r\\n.png"]


@pytest.fixture(params=[".jsonl", ".csv", ".parquet"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == ".parquet":
        pytest.importorskip("pyarrow", reason="Parquet files need PyArrow: pip install 'crnn-seq2seq-ocr[parquet]'")
    return tmp_path / "out" / f"readings{request.param}"


def add(path: Path, readings: Iterable[dict[str, Any]], **settings: Any) -> None:
    with open_results(path, MADE_BY, **settings) as found:
        list(found.names())
        for each in readings:
            found.append(each)


def done(path: Path) -> tuple[list[str], int]:
    with open_results(path, MADE_BY) as found:
        return list(found.names()), found.failed


def test_what_was_added_is_found_again(path: Path) -> None:
    add(path, READINGS[:2])
    add(path, [])
    add(path, READINGS[2:])
    assert done(path) == (NAMES, 1)


def test_what_failed_is_left_out_to_be_tried_again(path: Path) -> None:
    add(path, [failed("x"), *READINGS])
    add(path, [failed("y")])
    add(path, [], retry_failed=True)
    assert done(path) == ([NAMES[0], *NAMES[2:]], 0)
    add(path, [], retry_failed=True)
    assert done(path)[1] == 0


def test_what_came_before_an_error_is_kept(path: Path) -> None:
    def interrupted() -> Iterator[dict[str, Any]]:
        yield READINGS[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        add(path, interrupted())
    assert done(path) == (NAMES[:1], 0)


def test_another_model_is_not_mixed_in(path: Path) -> None:
    add(path, READINGS)
    with (
        pytest.raises(
            DataError,
            match="holds readings made by model abc, step 3, beam 1, which do not mix with those "
            "of model abc, step 4, beam 1: name another output",
        ),
        open_results(path, MADE_BY | {"step": 4}),
    ):
        pass
    assert done(path)[0] == NAMES


def test_what_was_deleted_may_be_made_by_another(path: Path) -> None:
    add(path, READINGS)
    path.rename(path.with_name("kept"))
    with open_results(path, MADE_BY | {"step": 4}) as found:
        assert not list(found.names())


def test_two_never_write_at_the_same_time(path: Path) -> None:
    with (
        open_results(path, MADE_BY),
        pytest.raises(DataError, match="is being written by another process: give each one its part with --shard"),
        open_results(path, MADE_BY),
    ):
        pass


def test_a_disk_without_locks_is_written_to(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("fcntl.flock", refused)
    add(path, READINGS)
    assert done(path) == (NAMES, 1)


def test_a_file_of_something_else_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "readings.jsonl"
    path.write_text("mine\n")
    with pytest.raises(DataError, match="is there already, and was not made by"):
        add(path, READINGS)
    assert path.read_text() == "mine\n"
    assert list(tmp_path.iterdir()) == [path]


def test_json_lines_are_what_json_prints(tmp_path: Path) -> None:
    path = tmp_path / "readings.jsonl"
    add(path, READINGS)
    assert [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] == READINGS


def test_columns_of_csv(tmp_path: Path) -> None:
    path = tmp_path / "readings.csv"
    add(path, READINGS[:2])
    add(path, READINGS[2:])
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["name", "text", "confidence", "complete", "error"]
    assert [row["name"] for row in rows] == NAMES
    assert list(rows[0].values()) == ["a.png", "Été, «n° 3»", "0.5", "true", ""]
    assert list(rows[1].values()) == [NAMES[1], "", "", "", READINGS[1]["error"]]


def test_parts_of_parquet_are_one_table(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "readings.parquet"
    add(path, READINGS[:2])
    (path / ".part-000001.parquet.0123.tmp").write_bytes(b"PAR1, and then the power failed")
    add(path, READINGS[2:])
    table = parquet.read_table(path)
    assert table.column_names == ["name", "text", "confidence", "complete", "characters", "error"]
    rows = table.to_pylist()
    assert [row["name"] for row in rows] == [*NAMES[:3], "\\udcff\r\n.png"]
    assert rows[0] == {**READINGS[0], "error": None}
    nothing = dict.fromkeys(["text", "confidence", "complete", "characters"])
    assert rows[1] == {**nothing, **READINGS[1]}


def test_a_damaged_part_is_named(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path / "readings.parquet"
    add(path, READINGS)
    part = path / "part-000000.parquet"
    whole = part.read_bytes()
    for content in (b"PAR1", whole[:4] + bytes(200) + whole[204:]):
        part.write_bytes(content)
        with pytest.raises(DataError, match=r"part-000000.parquet is damaged .*: delete it, and what it held is read"):
            done(path)


def test_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(DependencyError, match=r"needs PyArrow: pip install 'crnn-seq2seq-ocr\[parquet\]'"):
        results.store_of(tmp_path / "readings.parquet")


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
@pytest.mark.parametrize("torn", [-1, -7, -40, None], ids=["end", "word", "half", "zeros"])
def test_half_a_line_at_the_end_is_cut_off(tmp_path: Path, suffix: str, torn: int | None) -> None:
    path = tmp_path / f"readings{suffix}"
    add(path, READINGS[:2])
    whole = path.read_bytes()
    path.write_bytes(whole[:torn] if torn else whole + b"\0" * 9)
    kept = NAMES[:1] if torn else NAMES[:2]
    assert done(path)[0] == kept
    add(path, READINGS[len(kept) :])
    assert done(path) == (NAMES, 1)
    assert b"\0" not in path.read_bytes()


def test_half_a_header_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "readings.csv"
    add(path, READINGS)
    path.write_bytes(path.read_bytes()[:9])
    add(path, READINGS)
    assert done(path) == (NAMES, 1)


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_a_line_that_is_damaged_elsewhere_is_named(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"readings{suffix}"
    add(path, READINGS)
    path.write_bytes(path.read_bytes().replace(b"b, c.png", b'b"c"d.png,,', 1))
    with pytest.raises(DataError, match=rf"reading 2 in .*readings{suffix} is damaged: delete its line, or name"):
        done(path)


def test_a_file_with_another_header(tmp_path: Path) -> None:
    path = tmp_path / "readings.csv"
    add(path, READINGS)
    path.write_text("file,text\na.png,b\n")
    with pytest.raises(DataError, match="does not begin with 'name,text,confidence,complete,error': name another"):
        done(path)


def test_a_full_disk_is_told_and_costs_nothing_that_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "readings.jsonl"
    add(path, READINGS[:2])

    def full(lines: Lines, readings: Iterable[dict[str, Any]]) -> None:
        with path.open("ab") as file:
            file.write(b'{"name": "half')
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Lines, "write", full)
        with pytest.raises(StorageError, match=r"could not be written .*free some space.*same command again"):
            add(path, READINGS[2:])
    add(path, READINGS[2:])
    assert done(path) == (NAMES, 1)


def test_readings_are_written_after_some_time_or_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "readings.jsonl"
    monkeypatch.setattr(Lines, "most", 3)
    monkeypatch.setattr(Lines, "every", 1e9)
    seen = []
    with open_results(path, MADE_BY) as found:
        for number in range(7):
            found.append(read(str(number)))
            seen.append(len(path.read_bytes().splitlines()) if path.exists() else 0)
        monkeypatch.setattr(Lines, "every", 0.0)
        found.append(read("last"))
        seen.append(len(path.read_bytes().splitlines()))
    assert seen == [0, 0, 3, 3, 3, 6, 6, 8]


@pytest.mark.parametrize("name", ["readings", "readings.txt", "readings.JSONL.gz"])
def test_other_kinds_of_files(name: str) -> None:
    with pytest.raises(DataError, match=r"its name must end in \.jsonl, \.csv, \.tsv or \.parquet"):
        results.store_of(Path(name))


@pytest.mark.parametrize("name", ["=1+1.png", "+1", "-1", "@x", "'=1", "'a", "a=1", "\tb"])
def test_no_cell_of_csv_is_a_formula_and_names_are_found_again(tmp_path: Path, name: str) -> None:
    path = tmp_path / "readings.csv"
    add(path, [read(name, '=HYPERLINK("http://x")')])
    with path.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for cell in row.values())
    assert done(path) == ([name], 0)


def test_csv_with_names_of_any_length_is_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "readings.csv"
    add(path, [read("a" * 300_000)])
    add(path, [read("b")])
    assert done(path) == (["a" * 300_000, "b"], 0)


def test_a_note_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "readings.jsonl"
    add(path, [read("a")])
    path.with_name("readings.jsonl.meta").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="name another output"):
        add(path, [read("b")])
