"""FSNS: its records as samples, records written in its layout."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from crnn_seq2seq_ocr.data.formats.example import parse_example, serialize_example
from crnn_seq2seq_ocr.data.formats.fsns import FsnsRecords, encode_example
from crnn_seq2seq_ocr.data.formats.tfrecord import write_records
from crnn_seq2seq_ocr.data.views import split_views
from crnn_seq2seq_ocr.errors import CharsetError, DataError, RecordError
from crnn_seq2seq_ocr.text import FSNS_CHARSET


def picture(width: int = 600, height: int = 150) -> bytes:
    pixels = np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return cv2.imencode(".png", pixels)[1].tobytes()


def features(text: str | None = "Rue de Lunel", **more) -> dict:
    found = {"image/encoded": [b"png"], "image/width": [600], "image/orig_width": [600], **more}
    return found if text is None else {**found, "image/text": [text.encode()]}


def written(tmp_path: Path, *records: dict | bytes) -> FsnsRecords:
    path = tmp_path / "test-00000-of-00001"
    write_records(path, [record if isinstance(record, bytes) else serialize_example(record) for record in records])
    return FsnsRecords(path)


# --- reading --------------------------------------------------------------------------------------


def test_samples_of_a_folder_of_shards(tmp_path):
    png = picture()
    for shard, names in enumerate((["Rue Foch", "Rue de l'Été"], ["Place Émile Zola"])):
        records = [encode_example(png, name, width=600, orig_width=300, height=150) for name in names]
        write_records(tmp_path / f"train-{shard:05d}-of-00512", records)
    (tmp_path / "notes.txt").write_text("not a shard")
    source = FsnsRecords(tmp_path)
    assert [source.text(index) for index in range(len(source))] == ["Rue Foch", "Rue de l'Été", "Place Émile Zola"]
    sample = source[2]
    assert (sample.name, sample.text, sample.views) == ("train-00001-of-00512#0", "Place Émile Zola", 2)
    assert sample.images == (png,)
    assert source.description == f"TFRecords {tmp_path}: 3 samples in 2 of 512 shards"
    assert source.faults == []


@pytest.mark.parametrize(
    ("width", "original", "views"),
    [(600, 600, 4), (600, 450, 3), (600, 300, 2), (600, 150, 1), (600, 0, 1), (601, 601, 4), (601, 301, 2),
     (600, 9999, 4), (512, 384, 3), (0, 600, None), (None, 600, None), (600, None, None)],
)  # fmt: skip
def test_orig_width_says_how_many_views_are_real(tmp_path, width, original, views):
    record = features()
    for key, value in (("image/width", width), ("image/orig_width", original)):
        record[key] = [] if value is None else [value]
    assert written(tmp_path, record)[0].views == views


def test_a_picture_601_pixels_wide(tmp_path):
    record = encode_example(picture(601), "Avenue des Sapins", width=601, orig_width=601, height=150)
    sample = written(tmp_path, record)[0]
    pixels = cv2.imdecode(np.frombuffer(sample.images[0], np.uint8), cv2.IMREAD_COLOR)
    assert len(split_views(pixels, sample.views)) == 4


def test_any_records_with_a_picture_and_a_text_will_do(tmp_path):
    png = picture(width=97, height=31)
    source = written(tmp_path, serialize_example({"image/encoded": [png], "image/text": [b"word"], "other": [1.5]}))
    assert (source[0].images, source[0].text, source[0].views) == ((png,), "word", None)


@pytest.mark.parametrize(
    ("stored", "text"),
    [("Rue de l‘Aurore", "Rue de l'Aurore"), ("Rue d’Orbey", "Rue d'Orbey"), ("“A” — B", '"A" - B'),
     ("E\N{COMBINING ACUTE ACCENT}te", "Éte"), ("Œuvre  ÿ", "Œuvre  ÿ"), ("", "")],
)  # fmt: skip
def test_text_is_nfc_with_plain_punctuation(tmp_path, stored, text):
    source = written(tmp_path, features(stored))
    assert source[0].text == source.text(0) == text


def test_text_of_the_ids_where_there_is_none(tmp_path):
    ids = [FSNS_CHARSET.index(character) for character in "Rue de l'Été"]
    padded = ids + [133] * (37 - len(ids))
    records = [features(None, **{"image/unpadded_class": ids}), features(None, **{"image/class": padded})]
    source = written(tmp_path, *records)
    assert [source.text(0), source[1].text] == ["Rue de l'Été"] * 2


def test_broken_records_say_what_is_wrong_and_spoil_no_other(tmp_path):
    source = written(
        tmp_path, features(), b"\x0b", features(None), features(None, **{"image/class": [200]}),
        {"image/text": [b"no picture"]}, features(None, **{"image/text": [b"Rue \xe9"]}), features("fine"),
    )  # fmt: skip
    for index, message in enumerate(
        ["not a tf.train.Example", "no text", "ids other than 0 to 133", "no picture", "not UTF-8"], 1
    ):
        with pytest.raises(RecordError, match=rf"test-00000-of-00001#{index}: .*{message}"):
            source[index]
    assert source[6].text == "fine"
    with pytest.raises(RecordError, match="#2: the record has no text"):
        source.text(2)


def test_the_text_alone_is_had_though_the_picture_is_damaged(tmp_path):
    path = tmp_path / "test-00000-of-00001"
    write_records(path, [serialize_example({"image/encoded": [b"x" * 5000], "image/text": [b"Rue Foch"]})])
    path.write_bytes(path.read_bytes().replace(b"xxxxx", b"xxyxx", 1))
    source = FsnsRecords(path)
    assert source.text(0) == "Rue Foch"
    with pytest.raises(RecordError, match="damaged"):
        source[0]


def test_truncated_shards_may_be_kept(tmp_path):
    path = tmp_path / "train-00000-of-00001"
    write_records(path, [serialize_example(features("a")), serialize_example(features("b"))])
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(RecordError, match="truncated"):
        FsnsRecords(path)
    source = FsnsRecords(path, on_truncated="keep")
    assert [source.text(index) for index in range(len(source))] == ["a"]
    assert "#1: truncated" in source.faults[0]


def test_folders_that_do_not_say_what_to_read(tmp_path):
    with pytest.raises(DataError, match="no TFRecord shards"):
        FsnsRecords(tmp_path)
    for name in ("train-00000-of-00512", "test-00000-of-00064"):
        write_records(tmp_path / name, [serialize_example(features())])
    with pytest.raises(DataError, match=r"several sets \(test-\*-of-00064, train-\*-of-00512\): choose one, as in"):
        FsnsRecords(tmp_path)
    assert len(FsnsRecords([tmp_path / "train-00000-of-00512", tmp_path / "test-00000-of-00064"])) == 2


# --- writing --------------------------------------------------------------------------------------


def test_all_keys_of_the_layout():
    png = picture()
    record = parse_example(encode_example(png, "Été", width=600, orig_width=450, height=150))
    ids = [FSNS_CHARSET.index(character) for character in "Été"]
    assert record == {
        "image/encoded": [png], "image/format": [b"png"],
        "image/width": [600], "image/orig_width": [450], "image/height": [150],
        "image/class": ids + [133] * 34, "image/unpadded_class": ids, "image/text": ["Été".encode()],
    }  # fmt: skip


def test_writing_normalises_and_knows_variants():
    text = "l’E\N{COMBINING ACUTE ACCENT}"
    record = parse_example(encode_example(b"\xff\xd8", text, width=1, orig_width=1, height=1))
    assert record["image/text"] == ["l’É".encode()]
    assert record["image/unpadded_class"] == [FSNS_CHARSET.index(character) for character in "l'É"]
    assert record["image/format"] == [b"jpeg"]


def test_another_charset():
    record = parse_example(encode_example(b"", "ba", width=1, orig_width=1, height=1, charset="abc", max_length=4))
    assert record["image/class"] == [1, 0, 3, 3]
    record = parse_example(
        encode_example(b"", "ba", width=1, orig_width=1, height=1, charset="abc", max_length=4, null_id=99)
    )
    assert record["image/class"] == [1, 0, 99, 99]


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [("Straße", CharsetError, r"'ß' \(U\+00DF"), ("a" * 38, DataError, "38 characters"),
     ("", DataError, "0 characters")],
)  # fmt: skip
def test_texts_that_do_not_fit(text, error, message):
    with pytest.raises(error, match=message):
        encode_example(b"", text, width=1, orig_width=1, height=1)
    encode_example(b"", "a" * 37, width=1, orig_width=1, height=1)
