"""Reading: what comes out, and that neither order nor batches nor broken neighbours matter."""

import io
import itertools
import json
import threading
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from crnn_seq2seq_ocr.checkpoint.folders import find_model
from crnn_seq2seq_ocr.checkpoint.metadata import Description
from crnn_seq2seq_ocr.checkpoint.weights import load_model, save_model
from crnn_seq2seq_ocr.config import ModelSettings, Preprocessing
from crnn_seq2seq_ocr.data.sample import Sample
from crnn_seq2seq_ocr.errors import CheckpointError, DataError, DeviceError
from crnn_seq2seq_ocr.inference.reader import LEAST_ALTERNATIVE, Reader
from crnn_seq2seq_ocr.inference.readings import Reading
from crnn_seq2seq_ocr.inference.torch_backend import TorchBackend
from crnn_seq2seq_ocr.model.lexicon import Lexicon
from crnn_seq2seq_ocr.model.recognizer import Recognizer
from tests.conftest import TEXTS, picture_of
from tests.data.test_readable import noise, png
from tests.model.small import CONTENT, POSITION

FOUR_VIEWS = Preprocessing(height=16, width=32, views=4)


@pytest.fixture(scope="module")
def reader(trained: Path) -> Reader:
    return Reader.load(trained, device="cpu")


@pytest.fixture(scope="module")
def files(pictures: Path) -> list[Path]:
    return sorted(pictures.glob("*.png"))


def untrained(
    settings: ModelSettings,
    *,
    max_length: int = 6,
    charset: str = "abcdefgh",
    preprocessing: Preprocessing = FOUR_VIEWS,
) -> Reader:
    """Reads strips of four views; what it reads is nonsense, but depends on the pixels."""
    torch.manual_seed(3)
    recognizer = Recognizer(settings, preprocessing, 4 + len(charset))
    with torch.no_grad():
        for layer in recognizer.encoder.recurrent:
            layer.projection.weight *= 30
        recognizer.decoder.embedding.weight *= 20
        recognizer.decoder.attention.score.weight *= 10
        recognizer.decoder.output.weight[:, : settings.width] *= 8
        recognizer.decoder.output.bias[:4] = torch.tensor([-99.0, -99.0, -1.0, -99.0])  # no special ids, a late end
    return Reader(TorchBackend(recognizer.eval(), Description(charset, max_length, preprocessing, settings)))


def same(first: Reading, second: Reading) -> None:
    assert first.text == second.text
    assert first.confidence == pytest.approx(second.confidence, rel=1e-4)
    assert first.views is not None
    assert second.views is not None
    np.testing.assert_array_equal(first.views, second.views)
    assert first.attention is not None
    assert second.attention is not None
    np.testing.assert_allclose(first.attention, second.attention, atol=1e-5)


# --- loading --------------------------------------------------------------------------------------


def test_a_run_and_its_model_folder_are_the_same_reader(trained: Path, files: list[Path]) -> None:
    run, model = Reader.load(trained), Reader.load(str(find_model(trained)))
    for first, second in zip(run.read(files), model.read(files), strict=True):
        same(first, second)


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="holds no model: give a folder with"):
        Reader.load(tmp_path)
    with pytest.raises(CheckpointError, match="does not exist"):
        Reader.load(tmp_path / "absent")


@pytest.mark.parametrize("device", ["meta", "hal", "cpu:x", ""])
def test_devices_that_are_not_there(trained: Path, device: str) -> None:
    with pytest.raises(DeviceError, match=rf"the device '{device}' cannot be used here .*: take auto or cpu"):
        Reader.load(trained, device=device)


# --- what may be read -----------------------------------------------------------------------------


def test_texts_confidences_and_characters(reader: Reader, files: list[Path]) -> None:
    readings = reader.read(files)
    assert [reading.text for reading in readings] == TEXTS
    assert [reading.name for reading in readings] == [str(file) for file in files]
    for reading in readings:
        assert reading.complete
        assert reading.error is None
        assert 0 < reading.confidence <= 1
        assert "".join(each.text for each in reading.characters) == reading.text
        # The confidence is that of the characters and of the end, which is certain at most.
        assert reading.confidence <= np.prod([each.confidence for each in reading.characters]) * (1 + 1e-6)
        for each in reading.characters:
            assert 0 < each.confidence <= 1
            assert each.view == 0
            assert 0 < each.x < 1
            assert 0 < each.y < 1
        assert reading.attention is not None
        assert reading.attention.shape[:2] == (len(reading.text), 1)
        np.testing.assert_allclose(reading.attention.sum((1, 2, 3)), 1, atol=1e-4)


def test_forms_of_a_picture_are_read_alike(reader: Reader, files: list[Path]) -> None:
    pixels = picture_of(TEXTS[0])
    first, *others = reader.read([files[0], str(files[0]), png(pixels), pixels, Image.fromarray(pixels), [pixels]])
    assert first.text == TEXTS[0]
    for other in others:
        same(other, first)


@pytest.mark.parametrize("image", ["sign.png", b"\x89PNG", picture_of("a"), picture_of("a")[..., 0]])
def test_one_picture_is_no_sequence_of_pictures(reader: Reader, image: Any) -> None:
    with pytest.raises(TypeError, match=r"write read\(\[picture\]\)"):
        reader.read(image)


def test_nothing_to_read(reader: Reader) -> None:
    assert reader.read([]) == []


@pytest.mark.parametrize("sizes", [{"batch_size": 0}, {"beam": 0}])
def test_sizes_that_are_none(reader: Reader, sizes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="are 1 or more"):
        reader.read([picture_of("a")], **sizes)  # type: ignore[arg-type]


# --- what cannot be read --------------------------------------------------------------------------


def bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """A PNG file that claims more pixels than anyone has memory for."""
    whole = png(np.zeros((1, 1), np.uint8))
    header = b"IHDR" + width.to_bytes(4) + height.to_bytes(4) + whole[24:29]
    return whole[:12] + header + zlib.crc32(header).to_bytes(4) + whole[33:]


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (b"", "is empty"),
        (b"no picture", "it is of no known format"),
        (png(noise(40, 40))[:-400], "it is cut short"),
        (bomb(), "was not decoded: make it smaller"),
        (np.zeros((4, 4, 3), np.float32), "must be uint8"),
        (np.zeros((2, 4, 4, 3), np.uint8), "must have the shape"),
        (42, "picture 1 is int: give a path, bytes, RGB pixels or a Pillow image"),
        ("/no/such.png", r"/no/such\.png cannot be opened \(No such file or directory\): check the path"),
        ("a\0b", "cannot be opened"),
        ([], "it has 0 pictures"),
        ([picture_of("a"), picture_of("b")], "it has 2 pictures, the model takes 1"),
        (Image.open(io.BytesIO(png(noise(40, 40))[:-400])), "the Pillow image cannot be used"),
    ],
    ids=["empty", "text", "cut", "bomb", "float", "4 axes", "number", "absent", "NUL", "none", "too many", "pillow"],
)
def test_a_broken_picture_is_reported_and_the_rest_go_on(reader: Reader, image: Any, message: str) -> None:
    readings = reader.read([picture_of("cab"), image, picture_of("ba")], batch_size=2)
    assert [reading.text for reading in readings] == ["cab", "", "ba"]
    assert [reading.error is None for reading in readings] == [True, False, True]
    with pytest.raises(ValueError, match=message):
        raise ValueError(readings[1].error)
    assert readings[1].characters == ()
    assert readings[1].reason in {"PictureError", "DataError"}
    assert readings[1].to_dict() == {"name": readings[1].name, "error": readings[1].error}


def test_all_are_broken(reader: Reader) -> None:
    assert all(reading.error for reading in reader.read([b"", b"x", "/no/such.png"], batch_size=2))


# --- order and batches ----------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [CONTENT, POSITION], ids=["memory", "channels"])
def test_batches_and_neighbours_change_nothing(settings: ModelSettings) -> None:
    reader = untrained(settings)
    signs: list[Any] = [noise(30, 120, seed) for seed in range(4)]  # strips of four views
    signs += [noise(30, 30, 9), [noise(30, 40, 10), noise(20, 20, 11)], b"broken", noise(30, 120, 12)]
    one_by_one = [reader.read([sign])[0] if not isinstance(sign, bytes) else None for sign in signs]
    assert len({round(each.confidence, 6) for each in one_by_one if each}) > 4, "it should depend on the pixels"
    for size in (1, 3, 8):
        for found, wanted in zip(reader.read(signs, batch_size=size), one_by_one, strict=True):
            if wanted is None:
                assert found.error
            else:
                same(found, wanted)


def test_pictures_of_all_widths_are_read_as_if_alone() -> None:
    """Only those of one width share a batch, and the order stays."""
    preprocessing = Preprocessing(height=16, width=256, resize="fit", width_step=32)
    reader = untrained(CONTENT, preprocessing=preprocessing)
    words: list[Any] = [noise(16, width, width) for width in (40, 250, 33, 64, 9, 100, 41, 700, 63)] + [b"broken"]
    alone = [reader.read([word])[0] for word in words[:-1]]
    assert len({each.text for each in alone}) > 3, "it should depend on the pixels"
    for size in (1, 2, 8):
        *together, broken = reader.read(words, batch_size=size)
        assert broken.error
        for found, wanted in zip(together, alone, strict=True):
            same(found, wanted)


def test_bf16_reads_nearly_the_same(trained: Path, reader: Reader, files: list[Path]) -> None:
    half = Reader.load(trained, device="cpu", precision="bf16").read(files)
    for found, wanted in zip(half, reader.read(files), strict=True):
        assert found.text == wanted.text
        assert found.confidence == pytest.approx(wanted.confidence, abs=0.05)
    assert [each.confidence for each in half] != [each.confidence for each in reader.read(files)]


def test_samples_are_streamed(reader: Reader) -> None:
    """In bounded memory: what has been read is handed on long before the last sample is fetched."""
    fetched = []

    def samples() -> Any:
        for number in range(100):
            fetched.append(number)
            yield Sample(f"{number}", (picture_of("ab"),), "")

    stream = reader.stream(samples(), batch_size=4)
    assert next(stream).text == "ab"
    assert len(fetched) <= 8
    stream.close()  # type: ignore[attr-defined]


def test_paths_are_streamed_in_order_and_taken_as_they_are_needed(reader: Reader, files: list[Path]) -> None:
    taken = 0

    def paths() -> Any:
        nonlocal taken
        for path in itertools.chain(["/no/such.png"], itertools.cycle(files)):  # it has no end
            taken += 1
            yield path if taken % 3 else [str(path)]

    stream = reader.read_stream(paths(), batch_size=4)
    assert taken == 0
    broken, *found = itertools.islice(stream, 25)
    assert broken.error is not None
    assert [each.text for each in found] == TEXTS * 2
    assert [each.name for each in found] == [str(file) for file in files] * 2
    assert taken <= 26 + 2 * 4
    stream.close()  # type: ignore[attr-defined]


def test_the_next_pictures_are_opened_while_the_model_reads(
    reader: Reader, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first batch is not read until the second is being opened: without overlap this waits for ever."""
    second = threading.Event()
    read_bytes, network = Path.read_bytes, reader.backend.read

    def opened(path: Path) -> bytes:
        if path == files[4]:
            second.set()
        return read_bytes(path)

    def reads(*arguments: Any, **settings: Any) -> Any:
        assert second.wait(20)
        return network(*arguments, **settings)

    monkeypatch.setattr(Path, "read_bytes", opened)
    monkeypatch.setattr(reader.backend, "read", reads)
    assert [each.text for each in reader.read_stream(files[:8], batch_size=4)] == TEXTS[:8]


def test_one_path_is_no_stream_of_paths(reader: Reader) -> None:
    for path in ("sign.png", Path("sign.png")):
        with pytest.raises(TypeError, match=r"write read_stream\(\[path\]\)"):
            reader.read_stream(path)  # type: ignore[arg-type]


# --- views ----------------------------------------------------------------------------------------


def test_views_of_a_strip_and_as_pictures() -> None:
    reader = untrained(CONTENT)
    strip = noise(16, 128)
    of_strip, of_parts = reader.read([strip, list(np.split(strip, 4, axis=1))])
    same(of_strip, of_parts)
    assert of_strip.views is not None
    assert of_strip.views.shape == (4, 16, 32, 3)
    assert {each.view for each in of_strip.characters} <= {0, 1, 2, 3}
    assert all(0 < each.x < 1 and 0 < each.y < 1 for each in of_strip.characters)


def test_a_strip_601_pixels_wide() -> None:
    wide = noise(150, 601)
    reading, without_last_column = untrained(CONTENT).read([wide, wide[:, :600]])
    assert reading.views is not None
    assert reading.views.shape == (4, 16, 32, 3)
    assert without_last_column.views is not None
    difference = reading.views.astype(int) - without_last_column.views
    assert np.abs(difference).mean() < 3


def test_a_single_view_on_a_model_of_four() -> None:
    reading = untrained(CONTENT).read([noise(30, 40)])[0]
    assert reading.views is not None
    assert reading.attention is not None
    assert len(reading.views) == reading.attention.shape[1] == 1
    assert {each.view for each in reading.characters} == {0}


def test_noise_at_the_end_is_no_view() -> None:
    strip = noise(150, 600)
    strip[:, 300:] = np.random.default_rng(0).integers(0, 256, (150, 300, 3))
    reading = untrained(CONTENT).read([strip, noise(150, 600)])[0]
    assert reading.views is not None
    assert reading.attention is not None
    assert len(reading.views) == reading.attention.shape[1] == 2
    assert {each.view for each in reading.characters} <= {0, 1}


def test_a_model_that_mixes_views_cannot_say_which() -> None:
    reading = untrained(POSITION).read([noise(30, 120)])[0]
    assert {each.view for each in reading.characters} == {None}
    assert {each.y for each in reading.characters} == {0.5}
    assert reading.attention is not None
    assert reading.attention.shape[1:3] == (1, 1)
    assert reading.views is not None
    assert len(reading.views) == 4


# --- texts ----------------------------------------------------------------------------------------


def test_a_text_that_is_cut_says_so() -> None:
    reader = untrained(CONTENT, max_length=2)
    reader.recognizer.decoder.output.bias.data[2] = -99.0  # never an end
    reading = reader.read([noise(30, 40)])[0]
    assert not reading.complete
    assert len(reading.text) == 3
    assert reading.to_dict()["complete"] is False
    assert reading.attention is not None
    assert len(reading.attention) == 3


def test_an_empty_text_is_a_text() -> None:
    reader = untrained(CONTENT)
    reader.recognizer.decoder.output.bias.data[2] = 99.0
    reading = reader.read([noise(30, 40)])[0]
    assert (reading.text, reading.characters, reading.complete, reading.error) == ("", (), True, None)
    assert reading.confidence == pytest.approx(1)


def test_texts_are_nfc_whatever_the_charset(reader: Reader) -> None:
    decomposed = replace(reader.description, charset="e\N{COMBINING ACUTE ACCENT}c")
    reading = Reader(TorchBackend(reader.recognizer, decomposed)).read([picture_of("cab")])[0]
    assert reading.text == "cé"
    assert [each.text for each in reading.characters] == ["c", "e", "\N{COMBINING ACUTE ACCENT}"]


def test_json_of_a_reading(reader: Reader) -> None:
    content = json.loads(json.dumps(reader.read([picture_of("cab")])[0].to_dict()))
    assert list(content) == ["name", "text", "confidence", "complete", "characters"]
    assert [each["text"] for each in content["characters"]] == ["c", "a", "b"]
    assert set(content["characters"][0]) == {"text", "confidence", "view", "x", "y", "alternatives"}


def test_what_else_a_character_may_be(reader: Reader) -> None:
    between = ((picture_of("abc").astype(np.uint16) + picture_of("cab")) // 2).astype(np.uint8)
    (reading,) = reader.read([between])
    told = [(each, other) for each in reading.characters for other in each.alternatives]
    assert told, "two texts over each other must leave doubts"
    for each, other in told:
        assert other.text != each.text
        assert LEAST_ALTERNATIVE <= other.confidence <= each.confidence
        assert other.text in {"a", "b", "c", ""}
    for each in reading.characters:
        confidences = [other.confidence for other in each.alternatives]
        assert confidences == sorted(confidences, reverse=True)
        assert each.confidence + sum(confidences) == pytest.approx(1, abs=0.05)
    content = json.loads(json.dumps(reading.to_dict()))
    assert content["characters"][0]["alternatives"] == [
        {"text": other.text, "confidence": other.confidence} for other in reading.characters[0].alternatives
    ]


def test_within_a_lexicon(reader: Reader, files: list[Path]) -> None:
    lexicon = Lexicon(["ab", "cab", "bca"], reader.tokenizer)
    readings = reader.read(files, lexicon=lexicon, beam=4)
    assert {reading.text for reading in readings} <= {"ab", "cab", "bca"}
    assert [reading.text for reading in readings if reading.text in TEXTS][:1] == ["ab"]
    for reading, text in zip(readings, TEXTS, strict=True):
        if text in {"ab", "cab", "bca"}:
            assert reading.text == text
            assert reading.confidence > 0.5
        else:
            assert reading.confidence < 0.5


def test_a_lexicon_of_texts_that_are_all_too_long(reader: Reader) -> None:
    with pytest.raises(DataError, match=r"no text of .* has 4 characters or fewer"):
        reader.read([picture_of("a")], lexicon=Lexicon(["abcab"], reader.tokenizer))


def test_a_beam_finds_what_is_as_likely_or_more(files: list[Path]) -> None:
    reader = untrained(CONTENT)
    signs = [noise(30, 120, seed) for seed in range(6)]
    for greedy, beam in zip(reader.read(signs), reader.read(signs, beam=5), strict=True):
        if greedy.complete and beam.complete:
            assert beam.confidence >= greedy.confidence * (1 - 1e-4)


def test_a_model_saved_and_loaded_reads_the_same(tmp_path: Path) -> None:
    reader = untrained(CONTENT)
    save_model(reader.recognizer, replace(reader.description, name="untrained"), tmp_path / "model")
    loaded = Reader.load(tmp_path / "model")
    same(loaded.read([noise(30, 120)])[0], reader.read([noise(30, 120)])[0])
    assert loaded.description.name == "untrained"


def test_a_model_reads_within_what_it_says_of_itself(trained: Path, pictures: Path, tmp_path: Path) -> None:
    recognizer, description = load_model(trained)
    save_model(recognizer, replace(description, pattern="c[ab]"), tmp_path / "own")
    reader = Reader.load(tmp_path / "own")
    assert reader.within is not None
    (reading,) = reader.read([pictures / "000.png"])
    assert (reading.text in {"ca", "cb"}, reading.allowed is not None) == (True, True)
    (freely,) = reader.read([pictures / "000.png"], pattern=".*")
    assert freely.text == TEXTS[0]
    save_model(recognizer, replace(description, pattern="("), tmp_path / "wrong")
    with pytest.raises(DataError, match="cannot be used"):
        Reader.load(tmp_path / "wrong")
