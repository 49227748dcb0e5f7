"""What reading costs."""

from pathlib import Path

import pytest
import torch

from crnn_seq2seq_ocr.bench.read import READ_UNITS, ReadBenchmark, bench_read, read_batch
from crnn_seq2seq_ocr.bench.timing import Laps
from crnn_seq2seq_ocr.errors import PictureError
from crnn_seq2seq_ocr.inference.reader import Reader
from tests.model.small import CONTENT, make_recognizer


@pytest.mark.slow
def test_every_combination_of_batch_beam_and_threads(trained: Path, pictures: Path) -> None:
    threads = torch.get_num_threads()
    found = bench_read(
        [trained], [str(pictures)], batch_sizes=[1, 20], beams=[1, 2], threads=[1], device="cpu", repeats=2
    )
    variants = [f"batch {size}, beam {beam}, threads 1" for size in (1, 20) for beam in (1, 2)]
    listed = [(each.what, each.variant) for each in found.measurements]
    assert listed == [("load the model", ""), *((what, variant) for what in READ_UNITS for variant in variants)]
    assert all(each.spread.median > 0 for each in found.measurements)
    assert (found.settings["pictures"], found.settings["read at a repeat"]) == (12, 20)
    assert torch.get_num_threads() == threads


@pytest.mark.slow
def test_an_onnx_file_beside_its_model(trained: Path, exported: Path, pictures: Path) -> None:
    found = bench_read(
        [trained, exported], [str(pictures)], batch_sizes=[4], beams=[1], threads=[1], device="cpu", repeats=1
    )
    whole, prepared = ("read a picture", "pictures a second"), "prepare a picture"
    listed: dict[str, list[str]] = {}
    for each in found.measurements:
        listed.setdefault(each.variant.removesuffix(", batch 4, beam 1, threads 1"), []).append(each.what)
    assert listed == {
        str(trained): ["load the model", *READ_UNITS],
        str(exported): ["load the model", *whole, prepared],
    }
    assert found.title == f"reading with {trained} and {exported}"


def test_numbers_are_of_one_picture(trained: Path, pictures: Path) -> None:
    paths = sorted(str(path) for path in pictures.glob("*.png"))
    found = ReadBenchmark(Reader.load(trained, device="cpu"), paths, batch_size=5, beam=1, threads=1)()
    assert list(found) == list(READ_UNITS)
    assert found["read a picture"] * found["pictures a second"] == pytest.approx(1000)


def test_the_parts_read_what_the_reader_reads(trained: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are done step by step beside it: the same pictures must give the same texts."""
    reader = Reader.load(trained, device="cpu")
    paths = sorted(str(path) for path in pictures.glob("*.png"))
    from crnn_seq2seq_ocr.bench import read

    seen: list[str] = []

    def search(*arguments: object, **options: object) -> object:
        found = original(*arguments, **options)
        seen.extend(reader.tokenizer.decode(row) for row in found.tokens.tolist())
        return found

    original = read.search
    monkeypatch.setattr(read, "search", search)
    ReadBenchmark(reader, paths, batch_size=5, beam=1, threads=1)()
    assert seen == [each.text for each in reader.read(paths)]


def test_the_steps_of_a_search_are_told() -> None:
    recognizer = make_recognizer(CONTENT)
    with torch.no_grad():
        recognizer.decoder.output.bias[2] = -1e4
    images = torch.zeros(2, 1, 3, 16, 32, dtype=torch.uint8)
    laps = Laps(torch.device("cpu"))
    steps = read_batch(recognizer, images, torch.ones(2, 1, dtype=torch.bool), laps, max_length=5, beam=1)
    assert steps == 6
    assert set(laps.seconds) == {"encoder", "decoder"}


def test_a_picture_that_cannot_be_read_ends_it(trained: Path, pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"broken")
    for name, message in (("broken.png", "no picture"), ("absent.png", "cannot be opened")):
        paths = [str(pictures / "000.png"), str(tmp_path / name)]
        with pytest.raises(PictureError, match=message):
            bench_read([trained], paths, batch_sizes=[1], beams=[1], threads=[], device="cpu", repeats=1)
