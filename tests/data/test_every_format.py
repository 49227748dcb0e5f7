"""Every format is checked, converted and trained on, from files that the other tools' own packages write.

Packages that write a format and are small enough are in the extra [dev]: lmdb, datasets, webdataset and pandas (which
fast-plate-ocr reads its lists with). The others bring a framework of their own or do not run beside today's versions:
PaddleOCR and PPOCRLabel (PaddlePaddle, Qt), docTR and kraken (another PyTorch), OCR-D (its models need pkg_resources,
which setuptools has no more). Their files are written here as their documentation and their code write them; files that
kraken and OCR-D wrote themselves are in tests/fixtures/pages.
"""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import lmdb
import numpy as np
import pytest

from crnn_seq2seq_ocr.data.pictures import decode_picture
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.training.train import train
from tests.cli.conftest import Command, command
from tests.conftest import TEXTS, MakeRecipe, picture_of
from tests.data.formats.test_page_xml import ALTO

__all__ = ["command"]

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:::(datasets|webdataset|dill|multiprocess|fsspec).*")]

WORDS = TEXTS[:6]


def encoded(text: str) -> bytes:
    return cv2.imencode(".png", picture_of(text)[..., ::-1])[1].tobytes()


def files(folder: Path, inner: str = "") -> list[str]:
    """Picture files; their names from the folder."""
    (folder / inner).mkdir(parents=True, exist_ok=True)
    names = [f"{inner}{'/' * bool(inner)}{number}.png" for number in range(len(WORDS))]
    for name, word in zip(names, WORDS, strict=True):
        (folder / name).write_bytes(encoded(word))
    return names


def rows(folder: Path, inner: str = "") -> list[tuple[str, str]]:
    return list(zip(files(folder, inner), WORDS, strict=True))


def data_set() -> Any:
    import datasets

    features = datasets.Features({"image": datasets.Image(), "text": datasets.Value("string")})
    return datasets.Dataset.from_dict({"image": list(map(encoded, WORDS)), "text": WORDS}, features=features)


def table(folder: Path) -> Any:
    import datasets

    return datasets.Dataset.from_list([{"file_name": name, "text": text} for name, text in rows(folder)])


def write_lmdb(folder: Path) -> str:
    """As create_lmdb_dataset.py of deep-text-recognition-benchmark."""
    with lmdb.open(str(folder), map_size=1 << 22) as environment, environment.begin(write=True) as cache:
        for number, word in enumerate(WORDS, 1):
            cache.put(b"image-%09d" % number, encoded(word))
            cache.put(b"label-%09d" % number, word.encode())
        cache.put(b"num-samples", str(len(WORDS)).encode())
    return str(folder)


def write_parquet(folder: Path) -> str:
    data_set().to_parquet(folder / "train-00000-of-00001.parquet")
    return str(folder)


def write_arrow(folder: Path) -> str:
    data_set().save_to_disk(folder / "saved")
    return str(folder / "saved")


def write_webdataset(folder: Path) -> str:
    import webdataset

    with webdataset.ShardWriter(str(folder / "train-%06d.tar"), maxcount=4, verbose=0) as writer:
        for number, word in enumerate(WORDS):
            writer.write({"__key__": f"{number:06d}", "png": encoded(word), "txt": word})
    return f"{folder}/train-*.tar"


def write_metadata_jsonl(folder: Path) -> str:
    table(folder).to_json(folder / "metadata.jsonl")
    return str(folder)


def write_metadata_csv(folder: Path) -> str:
    table(folder).to_csv(folder / "metadata.csv", index=False)
    return str(folder)


def write_plates(folder: Path) -> str:
    """As fast-plate-ocr's documentation has it made; with the column of regions of its newer versions."""
    import pandas

    found = [{"image_path": name, "plate_text": text, "plate_region": "fr"} for name, text in rows(folder)]
    pandas.DataFrame(found).to_csv(folder / "train.csv", index=False)
    return str(folder / "train.csv")


def write_paddle(folder: Path) -> str:
    """As PPOCRLabel exports its crops."""
    lines = [f"{name}\t{text}\n" for name, text in rows(folder, "crop_img")]
    (folder / "rec_gt.txt").write_text("".join(lines), encoding="utf-8")
    return str(folder / "rec_gt.txt")


def write_paddle_several(folder: Path) -> str:
    lines = [f"{json.dumps([name])}\t{text}\n" for name, text in rows(folder)]
    (folder / "rec_gt_train.txt").write_text("".join(lines), encoding="utf-8")
    return str(folder / "rec_gt_train.txt")


def write_spaces(folder: Path) -> str:
    (folder / "gt.txt").write_text("".join(f"{name} {text}\n" for name, text in rows(folder, "images")))
    return str(folder / "gt.txt")


def write_icdar(folder: Path) -> str:
    text = "".join(f'{name}, "{text}"\n' for name, text in rows(folder))
    (folder / "gt.txt").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    return str(folder / "gt.txt")


def write_doctr(folder: Path) -> str:
    files(folder, "images")
    labels = {f"{number}.png": text for number, text in enumerate(WORDS)}
    (folder / "labels.json").write_text(json.dumps(labels), encoding="utf-8")
    return str(folder)


def write_pairs(folder: Path) -> str:
    """As tesstrain wants them."""
    for name, text in rows(folder):
        (folder / name).with_suffix(".gt.txt").write_text(f"{text}\n", encoding="utf-8")
    return str(folder)


def write_semicolons(folder: Path) -> str:
    content = io.StringIO()
    csv.writer(content, delimiter=";").writerows([("crop", "number"), *rows(folder)])
    (folder / "mine.csv").write_text(content.getvalue(), encoding="utf-16", newline="")
    return f"{folder}/mine.csv?file=crop&text=number"


def write_page(folder: Path) -> str:
    return pages(
        folder,
        '<PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"><Page imageFilename="p.png" '
        f'imageWidth="32" imageHeight="{32 * len(WORDS)}"><TextRegion id="r"><Coords points="0,0 32,0 32,9"/>{{}}'
        "</TextRegion></Page></PcGts>",
        '<TextLine id="l{top}"><Coords points="0,{top} 32,{top} 32,{bottom} 0,{bottom}"/>'
        "<TextEquiv><Unicode>{text}</Unicode></TextEquiv></TextLine>",
    )


def write_alto(folder: Path) -> str:
    head, rest = ALTO.format(picture="p.png", unit="pixel").split("<TextLine", 1)
    return pages(
        folder,
        head + "{}" + rest[rest.rindex("</TextBlock>") :],
        '<TextLine ID="l{top}" HPOS="0" VPOS="{top}" WIDTH="32" HEIGHT="32"><Shape><Polygon POINTS="0 {top} 32 {top} '
        '32 {bottom} 0 {bottom}"/></Shape><String CONTENT="{text}"/></TextLine>',
    )


def pages(folder: Path, page: str, line: str) -> str:
    """A picture with all words below each other, and its XML."""
    cv2.imwrite(str(folder / "p.png"), np.concatenate([picture_of(word) for word in WORDS])[..., ::-1])
    lines = [line.format(top=32 * number, bottom=32 * number + 31, text=word) for number, word in enumerate(WORDS)]
    (folder / "p.xml").write_text(page.format("".join(lines)), encoding="utf-8")
    return str(folder / "p.xml")


WRITERS = [
    write_lmdb, write_parquet, write_arrow, write_webdataset, write_metadata_jsonl, write_metadata_csv, write_plates,
    write_paddle, write_paddle_several, write_spaces, write_icdar, write_doctr, write_pairs, write_semicolons,
    write_page, write_alto,
]  # fmt: skip


@pytest.mark.parametrize("write", WRITERS)
def test_checked_converted_and_trained_on(
    write: Callable[[Path], str], command: Command, micro: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    (tmp_path / "set").mkdir()
    spec = write(tmp_path / "set")

    checked = command("data", "check", spec, "--charset", "abc")
    assert checked.status == 0, checked.err
    assert "6 samples, 6 usable, 0 dropped" in checked.out

    converted = command("data", "convert", spec, tmp_path / "converted", "--to", "lmdb")
    assert converted.status == 0, converted.err
    again = open_source(str(tmp_path / "converted"))
    assert [again.text(number) for number in range(6)] == WORDS
    for number, word in enumerate(WORDS):
        picture = decode_picture(again[number].images[0], name=word)
        assert (picture[:31] == picture_of(word)[:31]).all()  # the polygon of a line ends before the next line

    outcome = train(micro(data__train=spec, training__steps=2), folder=tmp_path / "run")
    assert outcome.step == 2
