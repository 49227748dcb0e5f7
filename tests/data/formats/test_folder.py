"""Own data in folders: lists and pairs as samples, several views, missing pictures, other processes."""

import multiprocessing
import pickle
import shutil
from pathlib import Path

import pytest

from crnn_seq2seq_ocr.data.formats.folder import Folder
from crnn_seq2seq_ocr.data.sources import open_source
from crnn_seq2seq_ocr.errors import DataError


def make(folder: Path, **files: str | bytes) -> Path:
    """A folder with files; ``__`` in a name is a dot."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


@pytest.fixture
def mine(tmp_path) -> Path:
    make(tmp_path / "mine" / "in", b__png=b"picture b")
    return make(
        tmp_path / "mine", a__png=b"picture a",
        labels__tsv="file\ttext\tpart\na.png\tRue  d'Été\ttest\na.png|in/b.png\tBac\ttrain\nc.png\tC\ttest\n",
    )  # fmt: skip


def test_samples_of_a_list(mine):
    source = Folder(mine)
    assert source.description == f"pictures listed in {mine / 'labels.tsv'}: 3 samples"
    first, second = source[0], source[1]
    assert (first.name, first.images, first.text, first.views) == ("a.png", (b"picture a",), "Rue  d'Été", None)
    assert (second.images, second.text, second.views) == ((b"picture a", b"picture b"), "Bac", 2)
    assert [source.text(index) for index in range(3)] == ["Rue  d'Été", "Bac", "C"]
    assert second.name == "a.png:3"  # names are unique: the line tells them apart
    for wrong in (-1, 3):
        with pytest.raises(IndexError):
            source.text(wrong)


@pytest.mark.parametrize(
    ("name", "content"),
    [("labels.csv", 'a.png,"A, B"\n'), ("labels.jsonl", '{"file": "a.png", "text": "A, B"}'),
     ("labels.tsv", "a.png\tA, B")],
)  # fmt: skip
def test_all_lists_are_found(tmp_path, name, content):
    folder = make(tmp_path, a__png=b"a")
    (folder / name).write_text(content)
    for place in (folder, folder / name):
        assert (Folder(place)[0].text, Folder(place)[0].images) == ("A, B", (b"a",))


def test_a_column_says_how_many_views_of_a_strip_are_real(tmp_path):
    folder = make(tmp_path, a__png=b"a", labels__csv="file,text,views\na.png,A,3\na.png,B,\n")
    assert [Folder(folder)[index].views for index in (0, 1)] == [3, None]


def test_a_list_by_another_name_and_absolute_paths(tmp_path, mine):
    make(tmp_path / "lists", own__tsv=f"{mine / 'a.png'}\tA\n")
    assert Folder(tmp_path / "lists" / "own.tsv")[0].images == (b"picture a",)


def test_choices(mine):
    source = Folder(mine / "labels.tsv", text_column="part", only={"part": "test"})
    assert [source.text(index) for index in range(len(source))] == ["test", "test"]
    assert source.description.endswith("labels.tsv with part 'test': 2 samples")


def test_a_missing_picture_is_an_error_only_when_it_is_read(mine):
    source = Folder(mine)
    assert source.text(2) == "C"
    with pytest.raises(DataError, match=r"cannot read the picture .*c\.png, listed in .*labels\.tsv:4: No such file"):
        source[2]


def test_pairs(tmp_path):
    folder = make(
        tmp_path, b__png=b"b", b__gt__txt="Rue B\n", a__JPG=b"a", a__gt__txt="\ufeffE\u0301te\u0301 \r\n",
        c__gt__txt="", d__x__webp=b"d", d__x__gt__txt="D", other__png=b"without text", notes__txt="no pair",
    )  # fmt: skip
    source = Folder(folder)
    assert source.description == f"pairs of picture and text in {folder}: 4 samples"
    assert [source.text(index) for index in range(4)] == ["Été ", "Rue B", "", "D"]
    assert [(source[index].name, source[index].images) for index in (0, 1, 3)] == [
        ("a.JPG", (b"a",)), ("b.png", (b"b",)), ("d.x.webp", (b"d",)),
    ]  # fmt: skip
    with pytest.raises(DataError, match=r"cannot read the picture .*c\.png"):
        source[2]
    with pytest.raises(DataError, match="pairs, which have no columns"):
        Folder(folder, only={"part": "test"})


def test_pairs_that_are_wrong_spoil_no_other(tmp_path):
    folder = make(tmp_path, a__png=b"a", a__gt__txt=b"Rue \xe9", b__png=b"b", b__gt__txt="one\ntwo\n",
                  c__png=b"c", c__gt__txt="C")  # fmt: skip
    source = Folder(folder)
    with pytest.raises(DataError, match=r"a\.gt\.txt:1: not UTF-8: byte 5"):
        source[0]
    with pytest.raises(DataError, match=r"b\.gt\.txt holds 2 lines"):
        source.text(1)
    assert source[2].text == "C"


def test_a_text_with_two_pictures(tmp_path):
    with pytest.raises(DataError, match=r"a\.gt\.txt belongs to a\.png and a\.jpg: keep one"):
        Folder(make(tmp_path, a__png=b"", a__jpg=b"", a__gt__txt="A"))


def test_folders_with_nothing_to_read(tmp_path):
    with pytest.raises(DataError, match=r"labels\.tsv, labels\.csv, .* or pairs such as x\.png"):
        Folder(make(tmp_path / "empty"))
    with pytest.raises(DataError, match="there is no folder or list"):
        Folder(tmp_path / "absent")
    with pytest.raises(DataError, match=r"several lists \(labels\.tsv, labels\.csv\): name the one"):
        Folder(make(tmp_path / "two", labels__tsv="a.png\tA", labels__csv="a.png,A"))
    with pytest.raises(DataError, match=r"must end in \.tsv, \.csv, \.jsonl, \.json, \.txt"):
        Folder(make(tmp_path / "other", notes__md="text") / "notes.md")


def test_processes_that_are_spawned_read_too(mine):
    source = Folder(mine / "labels.tsv")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(source.__getitem__, [0, 1]) == [source[0], source[1]]


def test_a_source_travels_light_and_notices_changes(mine):
    (mine / "labels.tsv").write_text("".join(f"a.png\ttext {number}\n" for number in range(1000)))
    packed = pickle.dumps(Folder(mine))
    assert len(packed) < 1000
    assert pickle.loads(packed).text(999) == "text 999"
    (mine / "labels.tsv").write_text("a.png\tA\n")
    with pytest.raises(DataError, match="has changed since it was opened"):
        pickle.loads(packed).text(0)
    shutil.rmtree(mine)
    with pytest.raises(DataError, match="cannot read"):
        pickle.loads(packed).text(0)


def test_names_that_differ_in_capitals_or_slashes_are_explained(tmp_path):
    folder = make(tmp_path, a__JPG=b"a", labels__tsv="a.jpg\tA\nin\\b.png\tB\nIN/b.PNG\tB\nno\\c.png\tC\n")
    make(tmp_path / "in", b__png=b"b")
    with pytest.raises(DataError, match=r"a\.jpg.*; there is a\.JPG, and small letters are not capitals here"):
        Folder(folder)[0]
    with pytest.raises(DataError, match=r"; it is there with / in place of \\"):
        Folder(folder)[1]
    with pytest.raises(DataError, match=r"IN/b\.PNG.*; there is in/b\.png, and small letters are not capitals here"):
        Folder(folder)[2]
    with pytest.raises(DataError, match=r"No such file or directory$"):
        Folder(folder)[3]


def test_options_of_a_spec_and_what_is_said_of_a_list(tmp_path):
    make(tmp_path, a__png=b"a", x__csv="bild;inhalt;part\na.png;A;test\nb.png;B;train\n".encode("utf-8-sig"))
    source = open_source(f"{tmp_path / 'x.csv'}?file=bild&text=inhalt&part=test")
    assert (source[0].images, source[0].text) == ((b"a",), "A")
    assert source.description.endswith("x.csv (a byte order mark, semicolons) with part 'test': 1 samples")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no device without an end")
def test_a_list_cannot_name_what_has_no_end(tmp_path: Path) -> None:
    (tmp_path / "labels.tsv").write_text("/dev/zero\ta\n")
    with pytest.raises(DataError, match=r"/dev/zero, listed in .*labels\.tsv:1: it is no ordinary file"):
        Folder(tmp_path)[0]
